"""The double-entry ledger (`docs/architecture.md`): accounts, transactions, entries, snapshots, seals.

Rows are written by the SQL functions of the ledger migration only; `services/ledger.py` calls them.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Identity, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from core.states import one_of
from models.base import Table, check, currency_column, instant, minor, octets


class Side(StrEnum):
    """Where an account's balance is counted positive."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountKind(StrEnum):
    """One purpose each."""

    WALLET = "wallet"
    WALLET_RESERVED = "wallet_reserved"
    FEE_INCOME = "fee_income"
    SERVICE_INCOME = "service_income"
    COMMISSION_EXPENSE = "commission_expense"
    FEE_EXPENSE = "fee_expense"
    PROVIDER_FLOAT = "provider_float"
    PAYABLE = "payable"
    OPENING = "opening"
    SUSPENSE = "suspense"
    PENSION_AVAILABLE = "pension_available"
    PENSION_RESERVED = "pension_reserved"
    PENSION_FEES_DUE = "pension_fees_due"
    BANK_FUNDING = "bank_funding"


# Where each kind's balance is counted positive.
SIDES: dict[AccountKind, Side] = {
    AccountKind.WALLET: Side.CREDIT,
    AccountKind.WALLET_RESERVED: Side.CREDIT,
    AccountKind.FEE_INCOME: Side.CREDIT,
    AccountKind.SERVICE_INCOME: Side.CREDIT,
    AccountKind.COMMISSION_EXPENSE: Side.DEBIT,
    AccountKind.FEE_EXPENSE: Side.DEBIT,
    AccountKind.PROVIDER_FLOAT: Side.DEBIT,
    AccountKind.PAYABLE: Side.CREDIT,
    AccountKind.OPENING: Side.DEBIT,
    AccountKind.SUSPENSE: Side.CREDIT,
    AccountKind.PENSION_AVAILABLE: Side.CREDIT,
    AccountKind.PENSION_RESERVED: Side.CREDIT,
    AccountKind.PENSION_FEES_DUE: Side.DEBIT,
    AccountKind.BANK_FUNDING: Side.DEBIT,
}

# Those that authorise a spend keep a balance under a floor; every other one is appended to.
FLOORED_KINDS = frozenset(
    {AccountKind.WALLET, AccountKind.WALLET_RESERVED, AccountKind.PENSION_AVAILABLE, AccountKind.PENSION_RESERVED}
)
HOUSE_KINDS = frozenset(SIDES) - FLOORED_KINDS


class Source(StrEnum):
    """Which service asked for a transaction."""

    USSD = "ussd"
    TONTINE = "tontine"
    PENSION = "pension"
    TRANSFER = "transfer"
    MANUAL = "manual"


class LedgerAccount(Table, table=True):
    """An account. `is_house` ones never authorise a spend: appended to, summed from a snapshot and entries since."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        Index(
            "uq_ledger_account_kind_owner_type_owner_id_currency",
            "kind",
            "owner_type",
            "owner_id",
            "currency",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        UniqueConstraint("id", "currency"),
        check("side", one_of("side", Side)),
        check("floor", "balance >= min_balance"),
        check("house", "not is_house or (balance = 0 and version = 0 and min_balance is null)"),
    )

    kind: str
    side: str
    owner_type: str
    owner_id: UUID | None = None
    label: str = ""
    currency: str = currency_column()
    min_balance: int | None = minor(default=0, nullable=True)
    balance: int = minor(default=0)
    version: int = minor(default=0)
    is_house: bool = False


class LedgerTransaction(SQLModel, table=True):
    """One movement of money. `UNIQUE (source, key)` is the claim that makes it happen once."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (UniqueConstraint("source", "key"), check("source", one_of("source", Source)))

    id: UUID = Field(primary_key=True)
    source: str
    key: str
    kind: str
    reference: str = Field(default="", index=True)
    actor: str = ""
    occurred_at: datetime = instant(nullable=False, index=True)
    posted_at: datetime = instant(nullable=False)
    reverses_id: UUID | None = Field(default=None, foreign_key="ledger_transaction.id", unique=True)
    content: bytes = octets(nullable=False)


class LedgerEntry(SQLModel, table=True):
    """One line of a transaction: debit positive, credit negative. Never changed, never removed."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("account_id", "account_version"),
        ForeignKeyConstraint(["account_id", "currency"], ["ledger_account.id", "ledger_account.currency"]),
        Index("ix_ledger_entry_house", "account_id", "id", postgresql_where=text("account_version is null")),
        # Wider than any payment, and a thousand of the widest still sum within a bigint: no seal can overflow.
        check("amount", "amount <> 0 and amount between -1000000000000000 and 1000000000000000"),
        check("version", "(account_version is null) = (balance_after is null)"),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    transaction_id: UUID = Field(foreign_key="ledger_transaction.id", index=True)
    account_id: UUID
    currency: str = currency_column()
    amount: int = minor()
    balance_after: int | None = minor(default=None, nullable=True)
    account_version: int | None = minor(default=None, nullable=True)


class LedgerSnapshot(SQLModel, table=True):
    """The balance of a house account up to and including one entry."""

    __tablename__ = "ledger_snapshot"

    account_id: UUID = Field(primary_key=True, foreign_key="ledger_account.id")
    entry_id: int = minor()
    balance: int = minor()
    taken_at: datetime = instant(nullable=False)


class LedgerSeal(SQLModel, table=True):
    """The hash of a closed window of entries, chained to the one before."""

    __tablename__ = "ledger_seal"

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    from_id: int = minor(unique=True)
    to_id: int = minor(unique=True)
    count: int = minor()
    sum_abs: int = minor()
    sha256: bytes = octets(nullable=False)
    previous: bytes | None = octets()
    sealed_at: datetime = instant(nullable=False)
