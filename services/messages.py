"""The outbox: a verb writes messages in its own transaction and never sends (`docs/architecture.md`, Messages).

Texts are data (`message_templates.yaml`): a template, a locale, variables. Codes and links are sealed before they are
stored; only the sender opens them (`open_text`), everybody else reads dots.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound
from core.gsm7 import count_segments, fold
from core.orders import Order
from core.permissions import Actor, Permission
from core.phone import mask_email, mask_phone
from core.security import open_secret, seal_secret
from core.states import transition
from models.messages import MESSAGE_STEPS, Channel, Message, MessageEvent, MessageState

TEMPLATES_FILE = Path(__file__).parent / "message_templates.yaml"
LOCALES = ("fr", "en", "ln")
DOTS = "••••••"
LARGEST_PAGE = 200
BY_PHONE = frozenset({Channel.SMS})

_SEALED = "sealed"


class Template(BaseModel):
    """One message in every locale; `variables` are the longest lengths, `secrets` the ones that are sealed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    variables: dict[str, int]
    secrets: frozenset[str] = frozenset()
    subject: dict[str, str] = {}
    fr: str
    en: str
    ln: str

    def text(self, locale: str) -> str:
        """Return the text of a locale; French where there is no such locale."""
        return {"fr": self.fr, "en": self.en, "ln": self.ln}.get(locale, self.fr)


@lru_cache(maxsize=1)
def templates() -> dict[str, Template]:
    """Return every template by its code."""
    raw = yaml.safe_load(TEMPLATES_FILE.read_text(encoding="utf-8"))
    return {code: Template.model_validate(body) for code, body in raw.items()}


class OutgoingMessage(Order):
    """One message to write, once by its `dedupe_key`. `secrets` are variables that are stored sealed."""

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
    priority: int = 1
    expires_at: datetime | None = None
    transaction_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as its reader sees it; the subject is empty where the channel has none."""

    subject: str
    body: str


_INSERT = """
insert into message (
    id, created_at, dedupe_key, type, recipient_id, channel, address, locale, template_code, template_version,
    variables, data, guard, priority, not_before, expires_at, state, tries, encoding, segments, error_code,
    transaction_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s, %s, %s, 'queued', 0, '', 0, '', %s)
on conflict (dedupe_key) do update set dedupe_key = excluded.dedupe_key
returning id
"""


def enqueue(session: Session, message: OutgoingMessage) -> UUID:
    """Write one message to send and return its id; one whose dedupe key is known is left as it is."""
    return enqueue_many(session, [message])[0]


def enqueue_many(session: Session, messages: Sequence[OutgoingMessage]) -> list[UUID]:
    """Write several messages in one round trip, as `enqueue` does."""
    session.flush()
    now = clock.now()
    with driver(session).cursor() as cursor:
        cursor.executemany(_INSERT, [_values(message, now) for message in messages], returning=True)
        return [row[0] for result in cursor.results() for row in result.fetchall()]


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


def render(template_code: str, locale: str, variables: Mapping[str, Any], channel: Channel = Channel.SMS) -> Rendered:
    """Fill a template. Values longer than declared are cut, sealed ones are dots, an SMS is folded towards GSM-7."""
    template = templates()[template_code]
    shown = {name: _shown(variables.get(name, ""), longest) for name, longest in template.variables.items()}
    body = template.text(locale).format_map(shown)
    if channel in {Channel.EMAIL, Channel.IN_APP}:
        return Rendered(template.subject.get(locale, template.subject.get("fr", "")), body)
    # A stand-in for a secret is not sent: it stays readable.
    return Rendered("", DOTS.join(fold(part) for part in body.split(DOTS)))


def _values(message: OutgoingMessage, now: datetime) -> tuple[Any, ...]:
    template = templates()[message.template_code]
    given = {**message.variables, **{name: _seal(value, message.dedupe_key) for name, value in message.secrets.items()}}
    if set(given) != set(template.variables) or set(message.secrets) != template.secrets:
        raise ValueError(
            f"{message.template_code} takes {sorted(template.variables)}, sealed {sorted(template.secrets)}"
        )
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
        message.priority,
        now,
        message.expires_at,
        message.transaction_id,
    )


def _seal(secret: str, dedupe_key: str) -> dict[str, str]:
    return {_SEALED: base64.b64encode(seal_secret(secret, _context(dedupe_key))).decode()}


def _context(dedupe_key: str) -> str:
    return f"message:{dedupe_key}"


def _shown(value: Any, longest: int) -> str:
    return DOTS if isinstance(value, dict) else str(value)[:longest]


# Reads


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message as a screen shows it: redacted, its address masked unless it is the person's own page."""

    id: UUID
    created_at: datetime
    type: str
    channel: str
    address: str
    recipient_id: UUID | None
    locale: str
    state: str
    subject: str
    body: str
    expires_at: datetime | None
    template_code: str
    segments: int
    tries: int
    error_code: str


@dataclass(frozen=True, slots=True)
class MessageStep:
    """One step of a message: when it came to which state."""

    at: datetime
    state: str


_COLUMNS = """
id, created_at, type, channel, address, recipient_id, locale, state, template_code, variables, expires_at, tries,
error_code
"""

_SEARCHED = """
(%(search)s = '' or address = %(search)s or type = %(search)s or variables ->> 'ref' = upper(%(search)s))
  and (%(state)s = '' or state = %(state)s)
  and (%(channel)s = '' or channel = %(channel)s)
  and (%(type)s = '' or type = %(type)s)
"""

_LIST = f"""
select {_COLUMNS} from message where {_SEARCHED} order by created_at desc, id desc limit %(limit)s offset %(offset)s
"""

_COUNT = f"select count(*) as messages from message where {_SEARCHED}"


def open_text(session: Session, message_id: UUID) -> Rendered:
    """Return a message with its secrets in clear: for the code that sends it, and nobody else."""
    row = fetch_one(session, "select * from message where id = %s", (message_id,))
    if row is None:
        raise NotFound(thing="message")
    opened = {
        name: open_secret(base64.b64decode(value[_SEALED]), _context(row["dedupe_key"]))
        if isinstance(value, dict)
        else value
        for name, value in row["variables"].items()
    }
    return render(row["template_code"], row["locale"], opened, Channel(row["channel"]))


def list_messages(  # each narrows the list, by name
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    state: str = "",
    channel: str = "",
    kind: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[MessageRow]:
    """Return the outbox, newest first; `search` is an exact address, type or reference."""
    actor.require(Permission.OUTBOX_READ)
    asked = {"search": search.strip(), "state": state, "channel": channel, "type": kind}
    page = {"limit": min(limit, LARGEST_PAGE), "offset": offset}
    return [_row(found, is_masked=True) for found in fetch_all(session, _LIST, asked | page)]


def count_messages(
    session: Session, actor: Actor, *, search: str = "", state: str = "", channel: str = "", kind: str = ""
) -> int:
    """Return how many messages `list_messages` would page through."""
    actor.require(Permission.OUTBOX_READ)
    asked = {"search": search.strip(), "state": state, "channel": channel, "type": kind}
    found = fetch_one(session, _COUNT, asked)
    return int(found["messages"]) if found else 0


def get_message(session: Session, actor: Actor, message_id: UUID) -> tuple[MessageRow, list[MessageStep]]:
    """Return one message of the outbox and what happened to it, oldest first."""
    actor.require(Permission.OUTBOX_READ)
    found = fetch_one(session, f"select {_COLUMNS} from message where id = %s", (message_id,))
    if found is None:
        raise NotFound(thing="message")
    steps = fetch_all(
        session,
        "select created_at, state from message_event where message_id = %s order by created_at, id",
        (message_id,),
    )
    return _row(found, is_masked=True), [MessageStep(step["created_at"], step["state"]) for step in steps]


def list_for_person(session: Session, user_id: UUID, *, limit: int = 50, offset: int = 0) -> Sequence[MessageRow]:
    """Return what a person was sent, newest first; the caller has checked who asks."""
    found = fetch_all(
        session,
        f"""
        select {_COLUMNS} from message where recipient_id = %s order by created_at desc, id desc limit %s offset %s
        """,
        (user_id, min(limit, LARGEST_PAGE), offset),
    )
    return [_row(row, is_masked=False) for row in found]


def count_for_person(session: Session, user_id: UUID) -> int:
    """Return how many messages a person was sent."""
    found = fetch_one(session, "select count(*) as messages from message where recipient_id = %s", (user_id,))
    return int(found["messages"]) if found else 0


def _row(found: dict[str, Any], *, is_masked: bool) -> MessageRow:
    channel = Channel(found["channel"])
    rendered = render(found["template_code"], found["locale"], found["variables"], channel)
    mask = mask_email if channel is Channel.EMAIL else mask_phone
    return MessageRow(
        id=found["id"],
        created_at=found["created_at"],
        type=found["type"],
        channel=channel,
        address=mask(found["address"]) if is_masked else found["address"],
        recipient_id=found["recipient_id"],
        locale=found["locale"],
        state=found["state"],
        subject=rendered.subject,
        body=rendered.body,
        expires_at=found["expires_at"],
        template_code=found["template_code"],
        # A dot stands for one character of a code, so the text weighs what will be sent.
        segments=count_segments(rendered.body.replace(DOTS[0], "0")) if channel in BY_PHONE else 0,
        tries=found["tries"],
        error_code=found["error_code"],
    )
