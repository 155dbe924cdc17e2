"""WhatsApp, for every flow that talks there: our numbers, messages that came, replies that were given.

Nothing here holds a text in clear: what a person wrote is sealed until it is processed, a reply until it is erased.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, instant, octets


class WhatsappChannel(StrEnum):
    """Through whom WhatsApp reaches us."""

    TWILIO = "twilio"
    META = "meta"


class WhatsappSender(Table, table=True):
    """A number of ours, and the programme that answers there. `address`: E.164, or Meta's id of the number."""

    __tablename__ = "whatsapp_sender"
    __table_args__ = (
        UniqueConstraint("channel", "address"),
        check("channel", one_of("channel", WhatsappChannel)),
    )

    channel: str
    address: str
    programme_id: UUID = Field(foreign_key="ciu_programme.id")


class WhatsappInbound(Table, table=True):
    """A message that came, by the digest of its provider's id: never processed twice, however late it is repeated.

    From Meta it waits here, sealed, until the worker takes it; `lane` is its writer's, `sent_at` what orders the lane.
    """

    __tablename__ = "whatsapp_inbound"
    __table_args__ = (
        UniqueConstraint("channel", "provider_id"),
        check("channel", one_of("channel", WhatsappChannel)),
        Index("ix_whatsapp_inbound_waiting", "next_try_at", postgresql_where=text("payload_enc is not null")),
        Index("ix_whatsapp_inbound_lane", "lane", "sent_at", "id", postgresql_where=text("payload_enc is not null")),
        Index("ix_whatsapp_inbound_created_at", "created_at"),
    )

    channel: str
    provider_id: bytes = octets(nullable=False)
    sender_id: UUID | None = Field(default=None, foreign_key="whatsapp_sender.id", ondelete="SET NULL")
    reply_id: UUID | None = Field(default=None, foreign_key="whatsapp_reply.id", ondelete="SET NULL", index=True)
    lane: bytes | None = octets()
    sent_at: datetime | None = instant()
    payload_enc: bytes | None = octets()
    tries: int = 0
    next_try_at: datetime | None = instant()


class WhatsappReply(Table, table=True):
    """What a message was answered, sealed: a repeated message gets it again. `message_id` is how Meta's leaves."""

    __tablename__ = "whatsapp_reply"
    __table_args__ = (Index("ix_whatsapp_reply_kept", "created_at", postgresql_where=text("body_enc is not null")),)

    body_enc: bytes | None = octets()
    identity_id: UUID | None = Field(default=None, foreign_key="ciu_identity.id", ondelete="SET NULL", index=True)
    conversation_id: UUID | None = Field(
        default=None, foreign_key="ciu_conversation.id", ondelete="SET NULL", index=True
    )
    account_id: UUID | None = Field(default=None, foreign_key="provider_account.id")
    message_id: UUID | None = Field(default=None, foreign_key="message.id", ondelete="SET NULL", index=True)
