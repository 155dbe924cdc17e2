"""What screens show of the outbox: redacted, masked, erased after 30 days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.gsm7 import count_segments
from core.permissions import Actor, Permission
from core.phone import mask_email, mask_phone
from models.messages import Channel
from services.messages.texts import (
    BY_PHONE,
    DOTS,
    EVERY_CHANNEL,
    NEUTRAL,
    Rendered,
    Text,
    fill,
    shipped_text,
    text_of_row,
)

LARGEST_PAGE = 200


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
    sent_at: datetime | None = None
    cost_minor: int | None = None
    cost_currency: str | None = None


@dataclass(frozen=True, slots=True)
class MessageStep:
    """One step of a message: when it came to which state."""

    at: datetime
    state: str


_COLUMNS = """
id, created_at, type, channel, address, recipient_id, locale, state, template_code, template_version, variables,
expires_at, tries, error_code, segments, body, sent_at, cost_minor, cost_currency
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
    return _rows(session, fetch_all(session, _LIST, asked | page), is_masked=True)


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
    (row,) = _rows(session, [found], is_masked=True)
    return row, [MessageStep(step["created_at"], step["state"]) for step in steps]


def list_for_person(session: Session, user_id: UUID, *, limit: int = 50, offset: int = 0) -> Sequence[MessageRow]:
    """Return what a person was sent, newest first; the caller has checked who asks."""
    found = fetch_all(
        session,
        f"""
        select {_COLUMNS} from message where recipient_id = %s order by created_at desc, id desc limit %s offset %s
        """,
        (user_id, min(limit, LARGEST_PAGE), offset),
    )
    return _rows(session, found, is_masked=False)


def count_for_person(session: Session, user_id: UUID) -> int:
    """Return how many messages a person was sent."""
    found = fetch_one(session, "select count(*) as messages from message where recipient_id = %s", (user_id,))
    return int(found["messages"]) if found else 0


_TEXTS = """
select * from message_template
where code = any(%(codes)s) and (state = 'published' or version = any(%(versions)s))
"""


class _Texts:
    """The texts a page of messages needs, read once: the version a message was sent with, else what is published."""

    def __init__(self, session: Session, messages: Sequence[Mapping[str, Any]]) -> None:
        codes = [*{row["template_code"] for row in messages}, NEUTRAL]
        versions = [*{row["template_version"] for row in messages}]
        self._kept: dict[tuple[str, str, str, int], Text] = {}
        self._published: dict[tuple[str, str, str], Text] = {}
        for row in fetch_all(session, _TEXTS, {"codes": codes, "versions": versions}) if messages else ():
            text = text_of_row(row)
            self._kept[text.code, text.locale, text.channel, text.version] = text
            if row["state"] == "published":
                self._published[text.code, text.locale, text.channel] = text

    def of(self, row: Mapping[str, Any]) -> Text:
        code = NEUTRAL if row["channel"] == Channel.PUSH else row["template_code"]
        places = [(code, locale, kind) for locale in (row["locale"], "fr") for kind in (row["channel"], EVERY_CHANNEL)]
        if row["sent_at"] is not None:
            for place in places:
                if (*place, row["template_version"]) in self._kept:
                    return self._kept[*place, row["template_version"]]
        return next(
            (self._published[place] for place in places if place in self._published), shipped_text(code, row["locale"])
        )


def _rows(session: Session, found: Sequence[Mapping[str, Any]], *, is_masked: bool) -> list[MessageRow]:
    texts = _Texts(session, found)
    return [_row(row, texts.of(row), is_masked=is_masked) for row in found]


def _row(found: Mapping[str, Any], text: Text, *, is_masked: bool) -> MessageRow:
    channel = Channel(found["channel"])
    # Emptied after 30 days: what is gone is not written again from its variables.
    rendered = Rendered("", "") if found["body"] == "" else fill(text, found["variables"], channel)
    body = found["body"] or rendered.body
    mask = mask_email if channel is Channel.EMAIL else mask_phone
    # A dot stands for one character of a code, so the text weighs what will be sent.
    weighed = count_segments(body.replace(DOTS[0], "0")) if channel in BY_PHONE and body else 0
    return MessageRow(
        **{
            name: found[name]
            for name in (
                "id", "created_at", "type", "recipient_id", "locale", "state", "expires_at", "template_code", "tries",
                "error_code", "sent_at", "cost_minor", "cost_currency",
            )
        },
        channel=channel,
        address=mask(found["address"]) if is_masked else found["address"],
        subject=rendered.subject,
        body=body,
        segments=found["segments"] or weighed,
    )  # fmt: skip  # the names read as one list
