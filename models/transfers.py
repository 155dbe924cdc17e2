"""Money to and from the outside: contracts with providers, transfers, their attempts and events.

Rules in `docs/payments.md`; the transitions are taken by `services/transfers` alone.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, currency_column, document, instant, minor, octets
from models.ledger import Source


class ProviderEnvironment(StrEnum):
    """Whose money is at stake: real, the provider's test platform, our fake on loopback."""

    LIVE = "live"
    SANDBOX = "sandbox"
    FAKE = "fake"


class AccountState(StrEnum):
    """Whether an account takes new work; retired is for ever."""

    ACTIVE = "active"
    PAUSED = "paused"
    RETIRED = "retired"


ACCOUNT_STEPS = {
    AccountState.ACTIVE: frozenset({AccountState.PAUSED, AccountState.RETIRED}),
    AccountState.PAUSED: frozenset({AccountState.ACTIVE, AccountState.RETIRED}),
    AccountState.RETIRED: frozenset[AccountState](),
}


class BreakerState(StrEnum):
    """Closed lets through; open waits for a harmless read to succeed; locked waits for an administrator."""

    CLOSED = "closed"
    OPEN = "open"
    LOCKED = "locked"


class ProviderAccount(Table, table=True):
    """One contract with one provider in one environment: money, messages, bills or airtime."""

    __tablename__ = "provider_account"
    __table_args__ = (
        check("environment", one_of("environment", ProviderEnvironment)),
        check("state", one_of("state", AccountState)),
        check("breaker", one_of("breaker", BreakerState)),
        check("bounds", "min_minor >= 0 and (max_minor is null or max_minor >= min_minor)"),
    )

    code: str = Field(unique=True)
    label: str
    owner_type: str = "platform"
    owner_id: UUID | None = None
    adapter: str = Field(index=True)
    environment: str
    country: str = ""
    currency: str = ""
    base_url: str
    settings: dict[str, Any] = document()
    secrets: bytes | None = octets()
    secret_hints: dict[str, Any] = document()
    offers: list[str] = document(default_factory=list)
    min_minor: int = minor(default=0)
    max_minor: int | None = minor(default=None, nullable=True)
    day_limit_minor: int | None = minor(default=None, nullable=True)
    rate_per_s: int = 10
    state: str = AccountState.PAUSED
    pause_reason: str = ""
    are_payouts_paused: bool = False
    breaker: str = BreakerState.CLOSED
    breaker_reason: str = ""
    breaker_at: datetime | None = instant()
    unknowns_in_row: int = 0
    misconfigurations_in_row: int = 0
    slowed_until: datetime | None = instant()
    reads_until: datetime | None = instant()  # what was read so far uses up the reads allowed until then
    next_send_at: datetime | None = instant()
    probed_at: datetime | None = instant()
    succeeded_at: datetime | None = instant()


# Adapters whose transfers have workers of their own: those of the house send, ask about and recover the others.
WITH_OWN_WORKERS = ("mojaloop",)


class Direction(StrEnum):
    """Collect: money comes to us. Payout: it leaves. Refund: it goes back to who paid."""

    COLLECT = "collect"
    PAYOUT = "payout"
    REFUND = "refund"


class ProviderRoute(Table, table=True):
    """Which account serves a method in a country, in order of preference; `send` is the direction of messages."""

    __tablename__ = "provider_route"
    __table_args__ = (
        UniqueConstraint("method", "country", "direction", "account_id"),
        check("direction", "direction in ('collect', 'payout', 'refund', 'send')"),
    )

    method: str
    country: str = ""
    direction: str
    account_id: UUID = Field(foreign_key="provider_account.id", index=True)
    rank: int = 1
    party_code: str = ""


class TransferState(StrEnum):
    """From our intent to what is known; `unknown` is never a failure."""

    CREATED = "created"
    SUBMITTED = "submitted"
    PENDING = "pending"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REVERSED = "reversed"


OPEN_TRANSFERS = (TransferState.CREATED, TransferState.SUBMITTED, TransferState.PENDING, TransferState.UNKNOWN)
_KNOWN = frozenset({TransferState.SUCCEEDED, TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED})

TRANSFER_STEPS: dict[TransferState, frozenset[TransferState]] = {
    TransferState.CREATED: frozenset({TransferState.SUBMITTED, TransferState.CANCELLED}),
    TransferState.SUBMITTED: frozenset({TransferState.PENDING, TransferState.UNKNOWN}) | _KNOWN,
    TransferState.PENDING: frozenset({TransferState.UNKNOWN}) | _KNOWN,
    TransferState.UNKNOWN: frozenset({TransferState.PENDING}) | _KNOWN,
    TransferState.SUCCEEDED: frozenset({TransferState.REVERSED}),
    TransferState.FAILED: frozenset[TransferState](),
    TransferState.EXPIRED: frozenset[TransferState](),
    TransferState.CANCELLED: frozenset[TransferState](),
    TransferState.REVERSED: frozenset[TransferState](),
}

_OPEN = text("state in ('created', 'submitted', 'pending', 'unknown')")


class Transfer(Table, table=True):
    """One intent to move money to or from outside; account, adapter, environment and address are copied for ever."""

    __tablename__ = "transfer"
    __table_args__ = (
        UniqueConstraint("source", "key"),
        check("source", one_of("source", Source)),
        check("direction", one_of("direction", Direction)),
        check("state", one_of("state", TransferState)),
        check("amount", "amount_minor > 0"),
        # While one is not known, a second cannot start.
        Index("uq_transfer_open", "purpose", "subject_id", "direction", unique=True, postgresql_where=_OPEN),
        # A pension is paid once for ever.
        Index(
            "uq_transfer_pension_paid",
            "subject_id",
            unique=True,
            postgresql_where=text("purpose = 'pension' and state in ('succeeded', 'reversed')"),
        ),
        Index("ix_transfer_created", "created_at", postgresql_where=text("state = 'created'")),
        Index(
            "ix_transfer_next_read",
            "next_read_at",
            postgresql_where=text("next_read_at is not null"),
        ),
        # Pensions that were paid are looked at once more.
        Index(
            "ix_transfer_second_look",
            "account_id",
            "late_read_at",
            postgresql_where=text("late_read_at is not null and state = 'succeeded'"),
        ),
        Index("ix_transfer_lease", "lease_until", postgresql_where=text("state = 'submitted'")),
        Index("ix_transfer_unknown", "created_at", postgresql_where=text("state = 'unknown'")),
        Index("ix_transfer_created_at", "created_at"),
        Index("ix_transfer_state", "state", "created_at"),
        Index("ix_transfer_direction", "direction", "created_at"),
        Index("ix_transfer_submitted_at", "submitted_at"),
        Index("ix_transfer_account", "account_id", "created_at"),
        Index("ix_transfer_party", "party_phone", "created_at"),
        Index("ix_transfer_provider_ref", "account_id", "provider_ref"),
        # A callback names a transfer by what the provider gave us.
        Index("ix_transfer_handles", "handles", postgresql_using="gin", postgresql_ops={"handles": "jsonb_path_ops"}),
    )

    external_id: UUID = Field(default_factory=uuid4, unique=True)
    reference: str = Field(unique=True)
    callback_token: str = Field(unique=True)
    source: str
    key: str
    direction: str
    purpose: str
    subject_id: UUID
    parent_id: UUID | None = Field(default=None, foreign_key="transfer.id", index=True)
    method: str
    account_id: UUID = Field(foreign_key="provider_account.id")
    adapter: str
    environment: str
    base_url: str
    amount_minor: int = minor()
    currency: str = currency_column()
    party_phone: str = ""
    party_reference: str = ""
    party_code: str = ""
    party_name: str = ""
    label: str = ""
    language: str = "fr"
    handles: dict[str, Any] = document()
    next_step: dict[str, Any] = document()
    provider_ref: str | None = None
    provider_fee_minor: int = minor(default=0)
    provider_state: str = ""
    state: str = TransferState.CREATED
    reason: str = ""
    next_read_at: datetime | None = instant()
    reads: int = 0
    late_read_at: datetime | None = instant()
    submitted_at: datetime | None = instant()
    ended_at: datetime | None = instant()
    unknown_at: datetime | None = instant()
    doubt_told_at: datetime | None = instant()
    lease_until: datetime | None = instant()
    deadline_at: datetime | None = instant()
    hint_id: UUID | None = None  # the callback that asked for the next read
    connect_failures: int = 0
    is_held: bool = False
    approval_id: UUID | None = Field(default=None, foreign_key="approval.id")
    requested_by: UUID | None = Field(default=None, foreign_key="users.id")
    actor: str = ""
    hold_transaction_id: UUID | None = Field(default=None, foreign_key="ledger_transaction.id")
    transaction_id: UUID | None = Field(default=None, foreign_key="ledger_transaction.id")
    reversal_id: UUID | None = Field(default=None, foreign_key="ledger_transaction.id")


class TransferAttempt(Table, table=True):
    """One call to the provider, redacted; only added to. `created_at` is when it was saved."""

    __tablename__ = "transfer_attempt"
    __table_args__ = (Index("ix_transfer_attempt_account", "account_id", "created_at"),)

    transfer_id: UUID | None = Field(default=None, foreign_key="transfer.id", index=True)
    account_id: UUID = Field(foreign_key="provider_account.id")
    n: int
    operation: str
    method: str
    url: str
    request: str = ""
    response: str = ""
    http_status: int | None = None
    sent_at: datetime = instant(nullable=False)
    answered_at: datetime | None = instant()
    answer: str = ""
    error_kind: str = ""


class TransferEvent(Table, table=True):
    """One transition, for ever, and what proved it, as long as that is kept; only added to."""

    __tablename__ = "transfer_event"

    transfer_id: UUID = Field(foreign_key="transfer.id", index=True)
    from_state: str
    to_state: str
    cause: str
    reason: str = ""
    detail: str = ""
    attempt_id: UUID | None = Field(default=None, foreign_key="transfer_attempt.id", ondelete="SET NULL", index=True)
    inbound_event_id: UUID | None = Field(default=None, foreign_key="inbound_event.id", ondelete="SET NULL", index=True)
    actor: str = ""


class CaseKind(StrEnum):
    """Why a person must look: beside the unknowns, which are transfers in that state."""

    MISMATCH = "mismatch"
    LATE_MONEY = "late_money"
    CONTRADICTION = "contradiction"
    UNASKED_MONEY = "unasked_money"
    UNKNOWN_WORD = "unknown_word"


class TransferCase(Table, table=True):
    """Something about money that only a person can close; nothing here can be dismissed without a word."""

    __tablename__ = "transfer_case"
    __table_args__ = (
        check("kind", one_of("kind", CaseKind)),
        UniqueConstraint("account_id", "kind", "dedupe_key"),
        Index("ix_transfer_case_open", "created_at", postgresql_where=text("closed_at is null")),
    )

    account_id: UUID = Field(foreign_key="provider_account.id")
    transfer_id: UUID | None = Field(default=None, foreign_key="transfer.id", index=True)
    kind: str
    dedupe_key: str
    provider_ref: str = ""
    amount_minor: int | None = minor(default=None, nullable=True)
    currency: str = ""
    detail: str = ""
    transaction_id: UUID | None = Field(default=None, foreign_key="ledger_transaction.id")
    closed_at: datetime | None = instant()
    closed_by: UUID | None = Field(default=None, foreign_key="users.id")
    resolution: str = ""


class TransferProof(Table, table=True):
    """What an operator attached to settle an unknown: the provider's statement line or written answer."""

    __tablename__ = "transfer_proof"

    transfer_id: UUID = Field(foreign_key="transfer.id", index=True)
    file_name: str
    content_type: str
    size_bytes: int
    sha256: bytes = octets(nullable=False)
    content: bytes = octets(nullable=False)
    added_by: UUID | None = Field(default=None, foreign_key="users.id")
