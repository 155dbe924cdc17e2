"""Callbacks as a person sees them, and «Rejouer»: it stores nothing, it asks for a read."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound, Refusal
from core.masking import mask, mask_text
from core.orders import Order
from core.permissions import Actor, Permission
from services import audit
from services.inbound.doors import DOORS
from services.inbound.finding import by_references
from services.transfers.asking import plan_read

LARGEST_PAGE = 200
MOST_COUNTED = 10_000  # as for transfers


class NothingToAsk(Refusal):
    """A callback that names no transfer, or was refused, leads to no read."""

    code = "rien_a_interroger"
    status = 409
    sentence = "Ce rappel ne désigne aucun transfert : il n'y a rien à interroger."


class ReplayEvent(Order):
    """Have the provider asked again about what a stored callback names."""

    event_id: UUID


class EventSearch(Order):
    """What to look for; what is empty does not filter."""

    source: str = ""
    authenticity: str = ""
    outcome: str = ""
    is_accepted: bool | None = None
    account_id: UUID | None = None
    transfer_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    skip: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class EventRow:
    """One callback; `delay_ms` is from the moment we sent the transfer to the moment it came."""

    id: UUID
    received_at: datetime
    source: str
    method: str
    path: str
    account_id: UUID | None
    account_label: str
    authenticity: str
    is_accepted: bool
    claimed_state: str
    outcome: str
    handled_at: datetime | None
    repeats: int
    size_bytes: int
    transfer_id: UUID | None
    transfer_reference: str
    delay_ms: int | None


@dataclass(frozen=True, slots=True)
class EventDetail:
    """A callback with what came in it, numbers masked."""

    row: EventRow
    headers: dict[str, str]
    references: dict[str, str]
    body: str


def replay(session: Session, actor: Actor, order: ReplayEvent) -> bool:
    """Have the provider asked again about the transfer a callback names; an orphan is looked up again first."""
    actor.require(Permission.PAYMENTS_ACT)
    event = fetch_one(session, "select * from inbound_event where id = %s for update", (order.event_id,))
    if event is None:
        raise NotFound(thing="inbound_event")
    transfer_id = event["transfer_id"] or _looked_up(session, event)
    if transfer_id is None or not event["is_accepted"]:
        raise NothingToAsk
    is_planned = plan_read(session, transfer_id, event["id"])
    audit.record(session, actor, "inbound_event.replay", "inbound_event", event["id"], event["source"])
    return is_planned


def _looked_up(session: Session, event: dict[str, Any]) -> UUID | None:
    for adapter in DOORS.get(event["source"], ()):
        target = by_references(session, adapter, event["references"])
        if target is not None:
            return target.id
    return None


# Reads

_ROW = """
select e.id, e.received_at, e.source, e.method, e.path, e.account_id, coalesce(a.label, '') as account_label,
       e.authenticity, e.is_accepted, e.claimed_state, e.outcome, e.handled_at, e.repeats,
       octet_length(e.body) as size_bytes, e.transfer_id, coalesce(t.reference, '') as transfer_reference,
       (extract(epoch from e.received_at - t.submitted_at) * 1000)::bigint as delay_ms
from inbound_event e left join provider_account a on a.id = e.account_id left join transfer t on t.id = e.transfer_id
"""
_WHERE = """
where (%(source)s = '' or e.source = %(source)s)
  and (%(authenticity)s = '' or e.authenticity = %(authenticity)s)
  and (%(outcome)s = '' or e.outcome = %(outcome)s)
  and (%(is_accepted)s::boolean is null or e.is_accepted = %(is_accepted)s)
  and (%(account_id)s::uuid is null or e.account_id = %(account_id)s)
  and (%(transfer_id)s::uuid is null or e.transfer_id = %(transfer_id)s)
  and (%(since)s::timestamptz is null or e.received_at >= %(since)s)
  and (%(until)s::timestamptz is null or e.received_at < %(until)s)
"""


def list_events(session: Session, actor: Actor, search: EventSearch) -> tuple[list[EventRow], int]:
    """Return one page of the callbacks, newest first, and how many match, up to `MOST_COUNTED`."""
    actor.require(Permission.PAYMENTS_READ)
    values = search.model_dump() | {
        "limit": min(max(search.limit, 1), LARGEST_PAGE),
        "skip": max(search.skip, 0),
    }
    rows = fetch_all(
        session,
        f"{_ROW} {_WHERE} order by e.received_at desc, e.id desc limit %(limit)s offset %(skip)s",
        values,
    )
    counted = f"select 1 from inbound_event e {_WHERE} limit {MOST_COUNTED}"
    total = fetch_one(session, f"select count(*) as total from ({counted}) c", values)
    return [EventRow(**row) for row in rows], int(total["total"]) if total else 0


def get_event(session: Session, actor: Actor, event_id: UUID) -> EventDetail:
    """Return one callback with its body, numbers masked, to who may read exchanges."""
    actor.require(Permission.PAYMENTS_EXCHANGES_READ)
    row = fetch_one(session, f"{_ROW} where e.id = %s", (event_id,))
    raw = fetch_one(session, 'select headers, "references", body from inbound_event where id = %s', (event_id,))
    if row is None or raw is None:
        raise NotFound(thing="inbound_event")
    return EventDetail(EventRow(**row), raw["headers"], mask(raw["references"]), shown_body(bytes(raw["body"])))


def shown_body(body: bytes) -> str:
    """Return a raw body fit for eyes: numbers, e-mails and secrets in their short form."""
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(mask(json.loads(text)), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return mask_text(text)
