"""Writing to the outbox: a verb does it in its own transaction, and never sends.

Codes and links are sealed before they are stored; only the sender opens them, everybody else reads dots.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import Field
from sqlalchemy import event

from core import clock, ids, live
from core.database import Session, driver, fetch_one
from core.errors import NotFound
from core.orders import Order
from core.security import open_secret, seal_secret
from core.states import transition
from models.messages import MESSAGE_STEPS, Channel, Message, MessageEvent, MessageState
from services.messages import guards
from services.messages.texts import Rendered, fill, find_text, templates

TOPIC = "messages"

_SEALED = "sealed"
_IS_RUNG = "messages.rung"


class OutgoingMessage(Order):
    """One message to write, once by its `dedupe_key`. `secrets` are variables that are stored sealed.

    `next_channels` are tried one after the other when the first cannot reach the person; `guard` names what must still
    be true when it leaves.
    """

    dedupe_key: str
    type: str
    channel: Channel
    address: str
    template_code: str
    recipient_id: UUID | None = None
    locale: str = "fr"
    variables: dict[str, Any] = Field(default={})
    secrets: dict[str, str] = Field(default={}, repr=False)
    data: dict[str, Any] = Field(default={})
    guard: str = ""
    priority: int = 1
    not_before: datetime | None = None
    expires_at: datetime | None = None
    next_channels: tuple[Channel, ...] = ()
    fallback_of_id: UUID | None = None
    transaction_id: UUID | None = None


_INSERT = """
insert into message (
    id, created_at, dedupe_key, type, recipient_id, channel, address, locale, template_code, template_version,
    variables, data, guard, priority, not_before, expires_at, state, sent_at, tries, encoding, segments, error_code,
    next_channels, fallback_of_id, transaction_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0, '', 0, '', %s, %s, %s)
on conflict (dedupe_key) do update set dedupe_key = excluded.dedupe_key
returning id
"""


def enqueue(session: Session, message: OutgoingMessage) -> UUID:
    """Write one message to send and return its id; one whose dedupe key is known is left as it is."""
    return enqueue_many(session, [message])[0]


def enqueue_many(session: Session, messages: Sequence[OutgoingMessage]) -> list[UUID]:
    """Write several messages in one round trip, as `enqueue` does; the sender is woken by the commit."""
    session.flush()
    now = clock.now()
    with driver(session).cursor() as cursor:
        cursor.executemany(_INSERT, [_values(message, now) for message in messages], returning=True)
        written = [row[0] for result in cursor.results() for row in result.fetchall()]
    if not session.info.get(_IS_RUNG):
        session.info[_IS_RUNG] = True
        event.listen(session, "after_commit", _ring, once=True)
    return written


def record_progress(
    session: Session, message_id: UUID, state: MessageState, detail: dict[str, Any] | None = None
) -> bool:
    """Move a message on and note it; a report that comes twice, late or from behind changes nothing and gives False."""
    message = session.get(Message, message_id, with_for_update=True, populate_existing=True)
    if message is None:
        raise NotFound(thing="message")
    if state not in MESSAGE_STEPS[MessageState(message.state)]:
        return False
    transition(message, MESSAGE_STEPS, state)
    session.add(MessageEvent(message_id=message_id, state=state, detail=detail or {}))
    return True


def open_text(session: Session, message_id: UUID) -> Rendered:
    """Return a message with its secrets in clear: for the code that sends it, and nobody else."""
    row = fetch_one(session, "select * from message where id = %s", (message_id,))
    if row is None:
        raise NotFound(thing="message")
    channel = Channel(row["channel"])
    return fill(find_text(session, row["template_code"], row["locale"], channel), open_variables(row), channel)


def open_variables(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a row of `message` with the sealed ones in clear."""
    return {
        name: open_secret(base64.b64decode(value[_SEALED]), _context(row["dedupe_key"])) if is_sealed(value) else value
        for name, value in row["variables"].items()
    }


def is_sealed(value: Any) -> bool:
    """Say whether a stored variable is a secret that can still be opened."""
    return isinstance(value, dict) and _SEALED in value


def _ring(_session: object) -> None:
    live.ring(TOPIC)


def _values(message: OutgoingMessage, now: datetime) -> tuple[Any, ...]:
    template = templates()[message.template_code]
    guards.find(message.guard)
    given = {**message.variables, **{name: _seal(value, message.dedupe_key) for name, value in message.secrets.items()}}
    if set(given) != set(template.variables) or set(message.secrets) != template.secrets:
        raise ValueError(
            f"{message.template_code} takes {sorted(template.variables)}, sealed {sorted(template.secrets)}"
        )
    if message.channel is Channel.USSD and template.secrets:
        raise ValueError(f"{message.template_code}: a screen anybody may read over a shoulder carries no secret")
    # What the application shows is sent by being written.
    is_shown = message.channel is Channel.IN_APP
    return (
        ids.new_id(),
        now,
        message.dedupe_key,
        message.type,
        message.recipient_id,
        message.channel,
        message.address,
        message.locale,
        message.template_code,
        template.version,
        Jsonb(given),
        Jsonb(message.data),
        message.guard,
        message.priority,
        message.not_before or now,
        message.expires_at,
        MessageState.SENT if is_shown else MessageState.QUEUED,
        now if is_shown else None,
        Jsonb([*message.next_channels]),
        message.fallback_of_id,
        message.transaction_id,
    )


def _seal(secret: str, dedupe_key: str) -> dict[str, str]:
    return {_SEALED: base64.b64encode(seal_secret(secret, _context(dedupe_key))).decode()}


def _context(dedupe_key: str) -> str:
    return f"message:{dedupe_key}"
