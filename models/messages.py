"""Messages to people: the outbox, which is also what the application shows (in-app is the truth)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant, minor


class Channel(StrEnum):
    """How a message reaches its person."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"
    PUSH = "push"
    IN_APP = "in_app"


class MessageState(StrEnum):
    """States only climb: queued, sent, delivered, read; or fall out."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


_ENDED = frozenset(
    {
        MessageState.FAILED,
        MessageState.UNDELIVERED,
        MessageState.EXPIRED,
        MessageState.SUPPRESSED,
        MessageState.CANCELLED,
    }
)

# Reports come twice and out of order, so a later state may be reached from any earlier one; nothing goes back.
MESSAGE_STEPS: dict[MessageState, frozenset[MessageState]] = {
    MessageState.QUEUED: frozenset(MessageState) - {MessageState.QUEUED},
    MessageState.SENDING: frozenset(
        {MessageState.QUEUED, MessageState.UNKNOWN, MessageState.SENT, MessageState.DELIVERED, MessageState.READ}
    )
    | _ENDED,
    MessageState.UNKNOWN: frozenset(
        {MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED, MessageState.READ} | _ENDED
    ),
    MessageState.SENT: frozenset(
        {MessageState.DELIVERED, MessageState.READ, MessageState.UNDELIVERED, MessageState.EXPIRED}
    ),
    MessageState.DELIVERED: frozenset({MessageState.READ}),
    **dict.fromkeys((MessageState.READ, *_ENDED), frozenset()),
}


class Message(Table, table=True):
    """One message to one person on one channel; the verb that wants it writes this row in its own transaction."""

    __tablename__ = "message"
    __table_args__ = (
        check("channel", one_of("channel", Channel)),
        check("state", one_of("state", MessageState)),
        check("priority", "priority between 0 and 3"),
        Index("ix_message_due", "priority", "not_before", postgresql_where=text("state = 'queued'")),
        Index("ix_message_recipient", "recipient_id", "created_at"),
        Index("ix_message_created_at", "created_at"),
        Index("ix_message_failed", "created_at", postgresql_where=text("state in ('failed', 'undelivered')")),
    )

    dedupe_key: str = Field(unique=True)
    type: str
    recipient_id: UUID | None = Field(default=None, foreign_key="users.id")
    channel: str
    address: str
    locale: str = "fr"
    template_code: str
    template_version: int = 1
    variables: dict[str, Any] = document()
    data: dict[str, Any] = document()
    guard: str = ""
    priority: int = 1
    not_before: datetime = instant(nullable=False)
    expires_at: datetime | None = instant()
    state: str = MessageState.QUEUED
    tries: int = 0
    next_try_at: datetime | None = instant()
    account_id: UUID | None = None
    provider_message_id: str | None = Field(default=None, index=True)
    encoding: str = ""
    segments: int = 0
    cost_minor: int | None = minor(default=None, nullable=True)
    cost_currency: str | None = None
    error_code: str = ""
    body: str | None = None
    transaction_id: UUID | None = Field(default=None, foreign_key="ledger_transaction.id")


class MessageEvent(Table, table=True):
    """What happened to a message; only added to."""

    __tablename__ = "message_event"

    message_id: UUID = Field(foreign_key="message.id", index=True, ondelete="CASCADE")
    state: str
    detail: dict[str, Any] = document()
