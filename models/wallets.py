"""Wallets, the operations made on them, and what they cost."""

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, currency_column, instant, minor


class WalletState(StrEnum):
    """Whether a wallet may send and receive."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


WALLET_STEPS = {
    WalletState.ACTIVE: frozenset({WalletState.SUSPENDED, WalletState.CLOSED}),
    WalletState.SUSPENDED: frozenset({WalletState.ACTIVE, WalletState.CLOSED}),
    WalletState.CLOSED: frozenset[WalletState](),
}


class WalletLevel(StrEnum):
    """What a wallet's owner has shown of himself, and what he may do."""

    SELF_REGISTERED = "0"
    IDENTIFIED = "1"
    AGENT = "agent"
    MERCHANT = "merchant"


class Wallet(Table, table=True):
    """One person's money in one currency; the figure is the ledger account's balance."""

    __tablename__ = "wallet"
    __table_args__ = (
        UniqueConstraint("user_id", "currency"),
        Index("ix_wallet_created_at", "created_at"),
        check("level", one_of("level", WalletLevel)),
        check("state", one_of("state", WalletState)),
    )

    user_id: UUID = Field(foreign_key="users.id")
    currency: str = currency_column()
    level: str = WalletLevel.SELF_REGISTERED
    state: str = WalletState.ACTIVE
    account_id: UUID = Field(foreign_key="ledger_account.id", unique=True)


class OperationType(StrEnum):
    """What a tariff, a limit and an operation are about."""

    TRANSFER = "transfer"
    CASH_OUT = "cash_out"
    BILL = "bill"
    SELL = "sell"
    AIRTIME = "airtime"
    PAYMENT = "payment"
    RECHARGE = "recharge"
    SUBSCRIPTION = "subscription"


class OperationState(StrEnum):
    """An inside operation is completed at once; an outside one is reserved, sent, then known."""

    COMPLETED = "completed"
    RESERVED = "reserved"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REVERSED = "reversed"


OPERATION_STEPS = {
    OperationState.RESERVED: frozenset({OperationState.SENT, OperationState.COMPLETED, OperationState.FAILED}),
    OperationState.SENT: frozenset({OperationState.COMPLETED, OperationState.FAILED, OperationState.UNKNOWN}),
    OperationState.UNKNOWN: frozenset({OperationState.COMPLETED, OperationState.FAILED}),
    OperationState.COMPLETED: frozenset({OperationState.REVERSED}),
    OperationState.FAILED: frozenset[OperationState](),
    OperationState.REVERSED: frozenset[OperationState](),
}


_OPEN_OUTSIDE = text("party <> '' and state in ('reserved', 'sent', 'unknown') and not repeat_confirmed")


class UssdOperation(Table, table=True):
    """One money intent made by a session, once: its key is the session and the screen visit.

    `party` is who is paid outside the house: biller and reference (`TV 30012345678`), or a number for airtime.
    """

    __tablename__ = "ussd_operation"
    __table_args__ = (
        check("type", one_of("type", OperationType)),
        check("state", one_of("state", OperationState)),
        check("amount", "amount_minor > 0 and fee_minor >= 0"),
        Index("ix_ussd_operation_payer", "payer_id", "type", "created_at"),
        Index("ix_ussd_operation_payee", "payee_id", "created_at"),
        Index("ix_ussd_operation_created_at", "created_at"),
        Index("ix_ussd_operation_unknown", "created_at", postgresql_where=text("state = 'unknown'")),
        # The same bill or credit twice while nobody knows of the first: only when the payer said so.
        Index(
            "uq_ussd_operation_open_party",
            "payer_id",
            "type",
            "party",
            "amount_minor",
            unique=True,
            postgresql_where=_OPEN_OUTSIDE,
        ),
    )

    reference: str = Field(unique=True)
    type: str
    payer_id: UUID = Field(foreign_key="wallet.id")
    payee_id: UUID | None = Field(default=None, foreign_key="wallet.id")
    currency: str = currency_column()
    amount_minor: int = minor()
    fee_minor: int = minor(default=0)
    tariff_id: UUID | None = Field(default=None, foreign_key="tariff.id")
    key: str = Field(unique=True)
    state: str = OperationState.COMPLETED
    session_id: UUID | None = Field(default=None, index=True)
    transaction_id: UUID | None = Field(default=None, foreign_key="ledger_transaction.id")
    repeat_confirmed: bool = False
    refusal: str = ""
    party: str = Field(default="", sa_column_kwargs={"server_default": ""})
    party_name: str = Field(default="", sa_column_kwargs={"server_default": ""})
    seen_at: datetime | None = instant()


class WalletCaseKind(StrEnum):
    """What somebody should look at."""

    MANY_RECEIVED = "many_received"


class WalletCase(Table, table=True):
    """A wallet that somebody should look at; one open case of a kind each, closed with a word."""

    __tablename__ = "wallet_case"
    __table_args__ = (
        check("kind", one_of("kind", WalletCaseKind)),
        Index("uq_wallet_case_open", "wallet_id", "kind", unique=True, postgresql_where=text("closed_at is null")),
        Index("ix_wallet_case_created_at", "created_at"),
    )

    kind: str
    wallet_id: UUID = Field(foreign_key="wallet.id")
    times: int = 1
    last_at: datetime = instant(nullable=False)
    closed_at: datetime | None = instant()
    closed_by: UUID | None = Field(default=None, foreign_key="users.id")
    resolution: str = ""


class Tariff(Table, table=True):
    """The fee of one type in one band of amounts; a new price is a new row, never an edit."""

    __tablename__ = "tariff"
    __table_args__ = (
        check("type", one_of("type", OperationType)),
        check("band", "from_minor > 0 and to_minor >= from_minor"),
        check(
            "fee",
            "fixed_minor >= 0 and bps between 0 and 10000 and min_minor >= 0 "
            "and (max_minor is null or max_minor >= min_minor) "
            "and payee_bps between 0 and 10000 and commission_bps between 0 and 10000",
        ),
        Index("ix_tariff_type", "type", "currency", "from_minor"),
    )

    type: str
    currency: str = currency_column()
    from_minor: int = minor()
    to_minor: int = minor()
    fixed_minor: int = minor(default=0)
    bps: int = 0
    min_minor: int = minor(default=0)
    max_minor: int | None = minor(default=None, nullable=True)
    payee_bps: int = 0
    commission_bps: int = 0
    valid_from: datetime = instant(nullable=False)
    valid_to: datetime | None = instant()


LIMITS_SINCE = datetime(2020, 1, 1, tzinfo=UTC)  # the first bounds of a level hold since ever


class WalletLimit(Table, table=True):
    """Floors and ceilings of a level, for one type (or all, when null) in one currency; a change is a new row.

    The view `wallet_limit` shows those in force: what prices and ceilings are read from.
    """

    __tablename__ = "wallet_limit_version"
    __table_args__ = (
        Index(
            "uq_wallet_limit_version_valid_from",
            "level",
            "type",
            "currency",
            "valid_from",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        check("level", one_of("level", WalletLevel)),
        check("bounds", "min_minor > 0 and max_minor >= min_minor and (valid_to is null or valid_to >= valid_from)"),
    )

    level: str
    type: str | None = None
    currency: str = currency_column()
    min_minor: int = minor(default=1)
    max_minor: int = minor()
    day_minor: int | None = minor(default=None, nullable=True)
    month_minor: int | None = minor(default=None, nullable=True)
    balance_max_minor: int | None = minor(default=None, nullable=True)
    valid_from: datetime = instant(nullable=False, default=LIMITS_SINCE)
    valid_to: datetime | None = instant()
