"""Telling a person something: by type, with the copies and channels of its plan, his own choices and his addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from core import clock
from core.database import Session, fetch_one
from core.errors import NotFound
from core.orders import Order
from models.messages import Channel
from services.messages import preferences
from services.messages.kinds import KINDS, plan_of
from services.messages.outbox import OutgoingMessage, enqueue_many
from services.messages.texts import find_text


class Notice(Order):
    """Something to tell one person, once by its `dedupe_key`. `plan` replaces the type's own (`in_app+sms>email`)."""

    type: str
    dedupe_key: str
    recipient_id: UUID
    variables: dict[str, Any]
    data: dict[str, Any] = Field(default={})
    guard: str = ""
    plan: str = ""
    priority: int | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    transaction_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Person:
    id: UUID
    phone: str
    email: str
    language: str

    def address(self, channel: Channel) -> str:
        """Return where a channel reaches this person; empty where it cannot."""
        match channel:
            case Channel.SMS | Channel.USSD | Channel.WHATSAPP:
                return self.phone
            case Channel.EMAIL:
                return self.email
        return str(self.id)


def tell(session: Session, notice: Notice) -> list[UUID]:
    """Write every copy of a notice that this person can and wants to get; return their ids."""
    return tell_many(session, [notice])


def tell_many(session: Session, notices: Sequence[Notice]) -> list[UUID]:
    """Write the copies of many notices in one round trip."""
    written = [message for notice in notices for message in _copies(session, notice)]
    return enqueue_many(session, written) if written else []


def _copies(session: Session, notice: Notice) -> list[OutgoingMessage]:
    kind, person = KINDS[notice.type], _person(session, notice.recipient_id)
    copies = []
    for way in plan_of(notice.plan) if notice.plan else kind.plan:
        able = [channel for channel in way if _can(session, person, notice.type, channel)]
        if able:
            copies.append(
                OutgoingMessage(
                    **notice.model_dump(
                        include={"type", "variables", "data", "guard", "not_before", "transaction_id", "recipient_id"}
                    ),
                    dedupe_key=f"{notice.dedupe_key}:{able[0]}:{person.id}",
                    channel=able[0],
                    next_channels=tuple(able[1:]),
                    address=person.address(able[0]),
                    template_code=notice.type,
                    locale=person.language,
                    priority=kind.priority if notice.priority is None else notice.priority,
                    expires_at=notice.expires_at or clock.now() + kind.life,
                )
            )
    return copies


def _can(session: Session, person: _Person, kind: str, channel: Channel) -> bool:
    if not person.address(channel) or not preferences.is_wanted(session, person.id, kind, channel):
        return False
    if channel is Channel.PUSH:
        return bool(fetch_one(session, "select 1 from push_subscription where user_id = %s limit 1", (person.id,)))
    return channel is not Channel.WHATSAPP or can_whatsapp(session, person.id, person.phone, kind, person.language)


def can_whatsapp(session: Session, user_id: UUID | None, address: str, template_code: str, locale: str) -> bool:
    """Say whether WhatsApp would take it: consent, and an approved template or a conversation of the last day."""
    if not preferences.has_whatsapp_consent(session, user_id):
        return False
    has_template = bool(find_text(session, template_code, locale, Channel.WHATSAPP).provider_template)
    return has_template or preferences.is_in_conversation(session, address)


def _person(session: Session, user_id: UUID) -> _Person:
    row: Mapping[str, Any] | None = fetch_one(
        session, "select id, phone, email, language from users where id = %s", (user_id,)
    )
    if row is None:
        raise NotFound(thing="user")
    return _Person(row["id"], row["phone"] or "", row["email"] or "", row["language"])
