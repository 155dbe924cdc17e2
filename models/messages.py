"""Messages to people: the outbox, which is also what the application shows (in-app is the truth)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, currency_column, document, instant, minor


class Channel(StrEnum):
    """How a message reaches its person."""

    SMS = "sms"
    USSD = "ussd"  # a screen the network shows at once, where it can
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
        Index("ix_message_lease", "lease_until", postgresql_where=text("state = 'sending'")),
        Index("ix_message_again", "next_try_at", postgresql_where=text("state = 'unknown'")),
        Index("ix_message_recipient", "recipient_id", "created_at"),
        Index("ix_message_created_at", "created_at"),
        Index("ix_message_sent_at", "sent_at"),
        Index("ix_message_cost", "account_id", "sent_at", postgresql_where=text("cost_minor > 0")),
        Index("ix_message_notice", text("(data ->> 'notice_id'::text)"), postgresql_where=text("data ? 'notice_id'")),
        Index(
            "ix_message_inbox", "address", "created_at", postgresql_where=text("channel = 'in_app' and state = 'sent'")
        ),
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
    sent_at: datetime | None = instant()
    tries: int = 0
    next_try_at: datetime | None = instant()
    lease_until: datetime | None = instant()
    next_channels: list[str] = document(default_factory=list, sa_column_kwargs={"server_default": text("'[]'")})
    fallback_of_id: UUID | None = Field(default=None, foreign_key="message.id")
    account_id: UUID | None = Field(default=None, foreign_key="provider_account.id")
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


class TemplateState(StrEnum):
    """One version of a text is used at a time; the earlier ones can come back."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


TEMPLATE_STEPS = {
    TemplateState.DRAFT: frozenset({TemplateState.PUBLISHED, TemplateState.RETIRED}),
    TemplateState.PUBLISHED: frozenset({TemplateState.RETIRED}),
    TemplateState.RETIRED: frozenset({TemplateState.PUBLISHED}),
}


class MessageTemplate(Table, table=True):
    """One version of a text in one language on one channel (`*`: all of them)."""

    __tablename__ = "message_template"
    __table_args__ = (
        UniqueConstraint("code", "channel", "locale", "version"),
        check("state", one_of("state", TemplateState)),
        Index(
            "uq_message_template_published",
            "code",
            "channel",
            "locale",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
    )

    code: str
    channel: str = "*"
    locale: str
    version: int
    subject: str = ""
    body: str
    variables: dict[str, Any] = document()
    secrets: list[str] = document(default_factory=list)
    max_segments: int = 2
    duplicate_ok: bool = False
    provider_template: dict[str, Any] = document()
    state: str = TemplateState.DRAFT
    needs_review: bool = False
    is_shipped: bool = False
    published_at: datetime | None = instant()
    published_by: UUID | None = Field(default=None, foreign_key="users.id")


class MessagePreference(Table, table=True):
    """A channel a person switched off for a type of message; codes and security cannot be."""

    __tablename__ = "message_preference"
    __table_args__ = (UniqueConstraint("user_id", "type", "channel"),)

    user_id: UUID = Field(foreign_key="users.id")
    type: str
    channel: str
    is_on: bool = False


class Suppression(Table, table=True):
    """An address that must not be written to on a channel: STOP, a hard bounce, the provider's own list."""

    __tablename__ = "suppression"
    __table_args__ = (
        Index("uq_suppression_open", "channel", "address", unique=True, postgresql_where=text("ended_at is null")),
    )

    channel: str
    address: str
    cause: str
    is_absolute: bool = False
    detail: str = ""
    ended_at: datetime | None = instant()


class MessageCeiling(Table, table=True):
    """What an owner of accounts spends on messages in a month, at most; `owner_id` is empty for the platform."""

    __tablename__ = "message_ceiling"
    __table_args__ = (
        Index(
            "uq_message_ceiling_owner",
            "owner_type",
            "owner_id",
            "currency",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        check("amount", "month_minor > 0"),
    )

    owner_type: str = "platform"
    owner_id: UUID | None = None
    currency: str = currency_column()
    month_minor: int = minor()


class PushSubscription(Table, table=True):
    """A browser that a person let us notify."""

    __tablename__ = "push_subscription"

    user_id: UUID = Field(foreign_key="users.id", index=True)
    endpoint: str = Field(unique=True)
    keys: dict[str, Any] = document()
    label: str = ""
    failed_at: datetime | None = instant()
