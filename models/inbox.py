"""What came in once: the answers kept for an idempotency key, and every callback of the outside."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant, octets


class IdempotencyRecord(Table, table=True):
    """The stored answer of one caller's key, for 30 days."""

    __tablename__ = "idempotency_record"
    __table_args__ = (UniqueConstraint("caller", "key"),)

    caller: str
    key: str
    content: bytes = octets(nullable=False)
    status: int | None = None
    headers: str = "{}"
    body: bytes | None = octets()
    expires_at: datetime = instant(nullable=False, index=True)


class Authenticity(StrEnum):
    """What proved the sender: a signature, a shared secret, our own token in the address, or nothing."""

    SIGNED = "signed"
    SECRET = "secret"  # noqa: S105  # a word, no secret
    TOKEN = "token"  # noqa: S105  # a word, no token
    NONE = "none"


class InboundEvent(Table, table=True):
    """One callback or delivery report, raw, stored before it is answered; a hint, never a truth."""

    __tablename__ = "inbound_event"
    __table_args__ = (
        UniqueConstraint("source", "dedupe_key"),
        check("authenticity", one_of("authenticity", Authenticity)),
        Index("ix_inbound_event_waiting", "received_at", postgresql_where=text("handled_at is null")),
        Index("ix_inbound_event_received_at", "received_at"),
        Index("ix_inbound_event_source", "source", "received_at"),
        Index("ix_inbound_event_authenticity", "authenticity", "received_at"),
        Index("ix_inbound_event_outcome", "outcome", "received_at"),
    )

    source: str
    account_id: UUID | None = Field(default=None, foreign_key="provider_account.id", index=True)
    dedupe_key: str
    method: str = "POST"
    path: str = ""
    headers: dict[str, Any] = document()
    body: bytes = octets(nullable=False)
    authenticity: str
    is_accepted: bool = True
    references: dict[str, Any] = document()
    claimed_state: str = ""
    transfer_id: UUID | None = Field(default=None, foreign_key="transfer.id", index=True)
    message_id: UUID | None = Field(default=None, index=True)
    received_at: datetime = instant(nullable=False)
    handled_at: datetime | None = instant()
    outcome: str = ""
    repeats: int = 0
