"""What the networks tell us later: stored raw first, then applied once; out of order and twice they change nothing.

A report is found by our own id where the network lets us give it one; else by the id the network gave, and then it may
come before we have saved that id: it waits in `inbound_event`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.settings import get_settings
from models.inbox import Authenticity
from models.messages import Channel, Message, MessageState
from providers.messaging.answers import RefusedKind, Report
from services.messages import fallback, suppressions
from services.messages.outbox import record_progress

UNSUBSCRIBE_PATH = "/desabonnement"

STATES: Mapping[str, MessageState] = {
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.READ,
    "undelivered": MessageState.UNDELIVERED,
    "expired": MessageState.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Received:
    """One call of a network as it came. `dedupe_key` is its own id where it has one."""

    source: str
    account_id: UUID
    method: str
    path: str
    body: bytes
    authenticity: Authenticity
    dedupe_key: str = ""
    references: Mapping[str, str] = field(default_factory=dict)


_STORE = """
insert into inbound_event (id, created_at, source, account_id, dedupe_key, method, path, headers, body, authenticity,
    is_accepted, "references", claimed_state, message_id, received_at, outcome, repeats)
values (%(id)s, %(now)s, %(source)s, %(account)s, %(key)s, %(method)s, %(path)s, '{}', %(body)s, %(authenticity)s,
    true, %(references)s, %(claimed)s, %(message)s, %(now)s, '', 0)
on conflict (source, dedupe_key) do update set repeats = inbound_event.repeats + 1
returning id, repeats
"""


def take_report(session: Session, received: Received, report: Report) -> str:
    """Store a report and apply it; return its outcome (`applied`, `nothing`, `repeated`, `waiting`)."""
    message_id = _find(session, received.account_id, report)
    references = {**received.references, "progress": report.progress, "code": report.code, "kind": report.kind}
    references["provider_message_id"] = report.provider_message_id
    event_id, is_new = _store(session, received, report.progress, references, message_id)
    if not is_new:
        return "repeated"
    if message_id is None:
        # Of a message of ours whose id is not saved yet, or of nobody's.
        return _conclude(session, event_id, "waiting", is_handled=not report.provider_message_id)
    return _conclude(session, event_id, _apply(session, message_id, report))


def apply_report(session: Session, account_id: UUID, report: Report) -> str:
    """Apply a report without storing it: of a message that says nothing of its reader; return its outcome."""
    message_id = _find(session, account_id, report)
    return "nothing" if message_id is None else _apply(session, message_id, report)


def take_inbound(session: Session, received: Received, channel: Channel, address: str, text: str) -> str:
    """Store a message of a person and obey a STOP or a START; return which word it was, or nothing."""
    event_id, is_new = _store(session, received, "message", {**received.references, "from": address}, None)
    if not is_new:
        return ""
    word = suppressions.obey(session, channel, address, text)
    if word:
        _conclude(session, event_id, word)
    return word


def apply_waiting(session: Session, message: Message) -> None:
    """Apply what the network reported before we had saved the id it gave."""
    if not message.provider_message_id:
        return
    found = fetch_all(
        session,
        """
        select id, "references" as said from inbound_event
        where account_id = %s and handled_at is null and "references" ->> 'provider_message_id' = %s
        order by received_at, id
        """,
        (message.account_id, message.provider_message_id),
    )
    for event in found:
        said = event["said"]
        report = Report(progress=said["progress"], code=said["code"], kind=said["kind"])
        _conclude(session, event["id"], _apply(session, message.id, report), message_id=message.id)


def learn(session: Session, channel: str, address: str, kind: RefusedKind, code: str) -> None:
    """Keep for the next messages what a network says of an address."""
    if kind == "opted_out":
        suppressions.suppress(session, channel, address, "provider", detail=code, is_absolute=True)
    elif kind == "bad_address":
        suppressions.suppress(session, channel, address, "bounce", detail=code, is_absolute=True)


def unsubscribe_url(address: str) -> str:
    """Return the address that ends the reminders of a mailbox in one click."""
    base = get_settings().public_base_url.split(",")[0].strip().rstrip("/")
    return f"{base}{UNSUBSCRIBE_PATH}/{suppressions.unsubscribe_token(address)}"


def _apply(session: Session, message_id: UUID, report: Report) -> str:
    state = STATES.get(report.progress)
    if state is None:
        return "nothing"
    detail = {"code": report.code} if report.code else {}
    if not record_progress(session, message_id, state, detail):
        return "nothing"
    message = session.get_one(Message, message_id)
    if state in {MessageState.SENT, MessageState.DELIVERED, MessageState.READ}:
        message.sent_at = message.sent_at or clock.now()
    else:
        message.error_code = report.code
        learn(session, message.channel, message.address, report.kind, report.code)
        fallback.write_next(session, message)
    session.add(message)
    session.flush()
    return "applied"


def _find(session: Session, account_id: UUID, report: Report) -> UUID | None:
    """Return the message of a report, only of the account that reports."""
    if report.message_id is not None:
        row = fetch_one(
            session, "select id from message where id = %s and account_id = %s", (report.message_id, account_id)
        )
    else:
        row = fetch_one(
            session,
            "select id from message where provider_message_id = %s and account_id = %s",
            (report.provider_message_id or None, account_id),
        )
    return row["id"] if row else None


def _store(
    session: Session, received: Received, claimed: str, references: Mapping[str, Any], message_id: UUID | None
) -> tuple[UUID, bool]:
    session.flush()
    digest = hashlib.sha256(received.path.encode() + b"\0" + received.body).hexdigest()
    stored = driver(session).execute(
        _STORE,
        {
            "id": ids.new_id(),
            "now": clock.now(),
            "source": received.source,
            "account": received.account_id,
            "key": received.dedupe_key or f"{received.account_id}:{digest}",
            "method": received.method,
            "path": received.path.partition("?")[0],
            "body": received.body,
            "authenticity": received.authenticity,
            "references": Jsonb(dict(references)),
            "claimed": claimed,
            "message": message_id,
        },
    )
    row = stored.fetchone()
    assert row is not None  # noqa: S101  # an upsert returns its row
    return row[0], row[1] == 0


def _conclude(
    session: Session, event_id: UUID, outcome: str, *, is_handled: bool = True, message_id: UUID | None = None
) -> str:
    driver(session).execute(
        """
        update inbound_event set outcome = %s, handled_at = %s, message_id = coalesce(%s, message_id) where id = %s
        """,
        (outcome, clock.now() if is_handled else None, message_id, event_id),
    )
    return outcome
