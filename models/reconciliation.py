"""The provider's word against ours, day by day: runs, their lines and differences, statements and balances."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, currency_column, instant, minor, octets


class ReconciliationState(StrEnum):
    """How the comparison of one day stands."""

    RUNNING = "running"
    OPEN = "open"
    CLOSED = "closed"


class ItemKind(StrEnum):
    """How a day can differ; what matches leaves no item."""

    OURS_NOT_THEIRS = "ours_not_theirs"
    THEIRS_NOT_OURS = "theirs_not_ours"
    AMOUNT_DIFFERS = "amount_differs"
    STATE_DIFFERS = "state_differs"
    FEE_DIFFERS = "fee_differs"


RECONCILIATION_STEPS = {
    ReconciliationState.RUNNING: frozenset({ReconciliationState.OPEN, ReconciliationState.CLOSED}),
    ReconciliationState.OPEN: frozenset({ReconciliationState.RUNNING, ReconciliationState.CLOSED}),
    ReconciliationState.CLOSED: frozenset[ReconciliationState](),
}


class ReconciliationRun(Table, table=True):
    """One account's day compared both ways with what the provider says."""

    __tablename__ = "reconciliation_run"
    __table_args__ = (
        UniqueConstraint("account_id", "day", "source"),
        check("state", one_of("state", ReconciliationState)),
        check("source", "source in ('list', 'statement', 'reads')"),
        check(
            "seal", "state <> 'closed' or (closed_at is not null and seal_id is not null and seal_sha256 is not null)"
        ),
    )

    account_id: UUID = Field(foreign_key="provider_account.id")
    day: date
    source: str
    state: str = ReconciliationState.RUNNING
    cursor: str = ""
    theirs_count: int = 0
    theirs_minor: int = minor(default=0)
    ours_count: int = 0
    ours_minor: int = minor(default=0)
    matched_count: int = 0
    note: str = ""
    statement_id: UUID | None = Field(default=None, foreign_key="provider_statement.id")
    ended_at: datetime | None = instant()
    closed_at: datetime | None = instant()
    closed_by: UUID | None = Field(default=None, foreign_key="users.id")
    seal_id: int | None = minor(default=None, nullable=True)
    seal_sha256: bytes | None = octets()


class ProviderLine(Table, table=True):
    """One line of a provider's list or statement, as it was read."""

    __tablename__ = "provider_line"
    __table_args__ = (
        UniqueConstraint("run_id", "line_key"),
        Index("ix_provider_line_external_id", "account_id", "external_id"),
    )

    run_id: UUID = Field(foreign_key="reconciliation_run.id", ondelete="CASCADE")
    account_id: UUID = Field(foreign_key="provider_account.id")
    line_key: str
    external_id: str = ""
    provider_ref: str = ""
    kind: str
    state: str = "succeeded"
    provider_state: str = ""
    amount_minor: int = minor()
    fee_minor: int | None = minor(default=None, nullable=True)
    currency: str = currency_column()
    party: str = ""
    at: datetime = instant(nullable=False)
    transfer_id: UUID | None = Field(default=None, foreign_key="transfer.id", index=True)


class ReconciliationItem(Table, table=True):
    """One difference of one day; it is resolved by a person or by time, never removed."""

    __tablename__ = "reconciliation_item"
    __table_args__ = (
        UniqueConstraint("run_id", "kind", "subject"),
        check("kind", one_of("kind", ItemKind)),
        Index("ix_reconciliation_item_open", "created_at", postgresql_where=text("resolved_at is null")),
    )

    run_id: UUID = Field(foreign_key="reconciliation_run.id", index=True)
    kind: str
    subject: str
    transfer_id: UUID | None = Field(default=None, foreign_key="transfer.id")
    line_id: UUID | None = Field(default=None, foreign_key="provider_line.id")
    ours_minor: int | None = minor(default=None, nullable=True)
    theirs_minor: int | None = minor(default=None, nullable=True)
    detail: str = ""
    resolution: str = ""
    resolved_at: datetime | None = instant()
    resolved_by: UUID | None = Field(default=None, foreign_key="users.id")


class ProviderStatement(Table, table=True):
    """A statement file a person brought; the same file is never taken twice."""

    __tablename__ = "provider_statement"
    __table_args__ = (UniqueConstraint("account_id", "sha256"),)

    account_id: UUID = Field(foreign_key="provider_account.id")
    file_name: str
    sha256: bytes = octets(nullable=False)
    lines: int
    first_day: date
    last_day: date
    imported_by: UUID | None = Field(default=None, foreign_key="users.id")


class ProviderBalance(Table, table=True):
    """What the provider says our wallet holds, beside our float and what is in flight, at one moment."""

    __tablename__ = "provider_balance"
    __table_args__ = (Index("ix_provider_balance_account", "account_id", "created_at"),)

    account_id: UUID = Field(foreign_key="provider_account.id")
    currency: str = currency_column()
    theirs_minor: int = minor()
    ours_minor: int = minor()
    in_flight_minor: int = minor()
