"""Keeping callbacks: raw, once, with what they name; a repetition is counted and changes nothing."""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg.types.json import Jsonb

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.orders import is_storable
from models.inbox import Authenticity
from models.transfers import CaseKind
from providers.answers import Hint, InboundCall
from services.inbound.doors import OK, PROVED, UNKNOWN_REFERENCE, Arrival, Reply
from services.inbound.finding import LONGEST_REFERENCE, Target, sound
from services.inbound.rate import Buckets
from services.transfers.asking import plan_read
from services.transfers.cases import open_case

# What was refused is kept so that a person can see it, not so that a stranger can fill the disk.
REFUSED_KEPT_PER_S = 1
MOST_REFUSED_AT_ONCE = 60
LARGEST_REFUSED_BYTES = 4 * 1024
PLAN_LOCK_TIMEOUT = "300ms"
LONGEST_HEADER = 1_000
# Headers that prove or tell something; one that brings a secret back as it is stays out.
OPEN_HEADERS = frozenset(
    {
        *("content-type", "user-agent", "wave-signature", "x-sonatel-signature", "x-sonatel-idempotency-key"),
        *("signature", "signature-input", "signature-date", "content-digest"),
    }
)

_INSERT = """
insert into inbound_event (id, created_at, source, account_id, dedupe_key, method, path, headers, body, authenticity,
    is_accepted, "references", claimed_state, transfer_id, received_at, handled_at, outcome, repeats)
values (%(id)s, %(now)s, %(source)s, %(account)s, %(key)s, %(method)s, %(path)s, %(headers)s, %(body)s,
    %(authenticity)s, %(is_accepted)s, %(references)s, %(state)s, %(transfer)s, %(now)s, %(handled)s, %(outcome)s, 0)
on conflict (source, dedupe_key) do update set repeats = inbound_event.repeats + 1
returning id, xmax = 0 as is_new
"""

_log = structlog.get_logger(__name__)
refused = Buckets(rate_per_s=REFUSED_KEPT_PER_S, burst=MOST_REFUSED_AT_ONCE)


def store(session: Session, arrival: Arrival, hint: Hint, target: Target | None) -> Reply:
    """Keep a callback and plan the read it asks for; a known one changes nothing and asks for nothing."""
    has_transfer = target is not None
    # What proves nothing must never stand in the place of what does: their keys do not meet.
    values = {
        "key": f"{hint.authenticity}:{hint.dedupe_key}",
        "account": target.account_id if target else hint.account_id,
        "body": arrival.call.body,
        "authenticity": hint.authenticity,
        "is_accepted": True,
        "references": Jsonb(sound(hint.references)),
        "state": hint.claimed_state[:LONGEST_REFERENCE] if is_storable(hint.claimed_state) else "",
        "transfer": target.id if target else None,
        "handled": None if has_transfer else clock.now(),
        "outcome": "asked" if has_transfer else "orphan" if hint.kind == "transfer" else hint.kind,
    }
    event_id = _insert(session, arrival, values)
    if event_id is not None and target is not None:
        _plan(session, target.id, event_id)
    elif event_id is not None and hint.kind == "unasked_money":
        _open_unasked(session, hint, event_id)
    return OK if has_transfer or hint.kind != "transfer" else UNKNOWN_REFERENCE


def keep_refused(session: Session, arrival: Arrival) -> None:
    """Keep the beginning of a callback that is not believed, for 30 days; nothing else happens."""
    if not refused.take(arrival.address):
        return
    digest = hashlib.sha256(arrival.call.path.encode("utf-8", "replace") + b"\0" + arrival.call.body).hexdigest()
    values = {
        "key": f"refused:{digest}",
        "account": None,
        "body": arrival.call.body[:LARGEST_REFUSED_BYTES],
        "authenticity": Authenticity.NONE,
        "is_accepted": False,
        "references": Jsonb({}),
        "state": "",
        "transfer": None,
        "handled": clock.now(),
        "outcome": "refused",
    }
    _insert(session, arrival, values)


def _insert(session: Session, arrival: Arrival, values: dict[str, Any]) -> UUID | None:
    """Write a callback; None when it is known: then only its repetition is counted."""
    call, key = arrival.call, values["key"]
    if len(key) > LONGEST_REFERENCE or not is_storable(key):
        key = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    row = fetch_one(
        session,
        _INSERT,
        {
            **values,
            "key": key,
            "id": ids.new_id(),
            "now": clock.now(),
            "source": arrival.door,
            "method": call.method,
            "path": _without_token(call),
            "headers": Jsonb(_shown_headers(call.headers)),
        },
    )
    assert row is not None  # noqa: S101  # an upsert returns its row
    return row["id"] if row["is_new"] else None


def _plan(session: Session, transfer_id: UUID, event_id: UUID) -> None:
    """Ask for a read now. A transfer that somebody is just changing is read by its schedule: the event stays stored."""
    connection = driver(session)
    try:
        with connection.transaction():
            connection.execute(f"set local lock_timeout = '{PLAN_LOCK_TIMEOUT}'")
            plan_read(session, transfer_id, event_id)
    except psycopg.errors.LockNotAvailable:
        _log.warning("inbound.busy", transfer_id=str(transfer_id))


def _open_unasked(session: Session, hint: Hint, event_id: UUID) -> None:
    """Have a person look at money nobody asked for; how much it is, the provider's list says, not its callback.

    The list opens a case of its own, with the money: this one must not stand in its place.
    """
    if hint.account_id is None or hint.authenticity not in PROVED:
        return
    provider_ref = sound(hint.references).get("provider_ref", "")
    open_case(
        session,
        account_id=hint.account_id,
        kind=CaseKind.UNASKED_MONEY,
        dedupe_key=f"callback:{provider_ref or event_id}",
        provider_ref=provider_ref,
        detail="callback",
    )


def _shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value[:LONGEST_HEADER] for name, value in headers.items() if name in OPEN_HEADERS and is_storable(value)
    }


def _without_token(call: InboundCall) -> str:
    path = call.path.replace(call.token, "…") if call.token else call.path
    return path[:LONGEST_HEADER] if is_storable(path) else ""
