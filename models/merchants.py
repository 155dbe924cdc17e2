"""Points of sale, and what can be paid outside the house: merchants, agents, billers, airtime."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, currency_column, document
from models.wallets import WalletLevel


class MerchantRole(StrEnum):
    """What a point of sale does: an agent gives and takes bank notes, a merchant sells things."""

    AGENT = "agent"
    MERCHANT = "merchant"


class MerchantState(StrEnum):
    """A point of sale works once a second person has approved it."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REFUSED = "refused"


MERCHANT_STEPS = {
    MerchantState.PENDING: frozenset({MerchantState.ACTIVE, MerchantState.REFUSED}),
    MerchantState.ACTIVE: frozenset({MerchantState.SUSPENDED}),
    MerchantState.SUSPENDED: frozenset({MerchantState.ACTIVE}),
    MerchantState.REFUSED: frozenset[MerchantState](),
}


class Merchant(Table, table=True):
    """A point of sale behind a code of 6 digits. Rows are never deleted, so that a code never serves twice.

    `owner_id` is who is paid, on his wallet in `currency`; `level` is what that wallet may do.
    """

    __tablename__ = "merchant"
    __table_args__ = (
        check("code", "code ~ '^[0-9]{6}$'"),
        check("role", one_of("role", MerchantRole)),
        check("level", one_of("level", WalletLevel)),
        check("state", one_of("state", MerchantState)),
        # One point of sale that works, for one wallet: its level and its day are those of the wallet.
        Index(
            "uq_merchant_owner_id_currency",
            "owner_id",
            "currency",
            unique=True,
            postgresql_where=text("state in ('pending', 'active', 'suspended')"),
        ),
    )

    code: str = Field(unique=True)
    name: str
    owner_id: UUID = Field(foreign_key="users.id")
    currency: str = currency_column()
    role: str
    level: str
    state: str = MerchantState.PENDING
    note: str = ""
    created_by: UUID | None = Field(default=None, foreign_key="users.id")


class BillerKind(StrEnum):
    """What is paid: a bill known by its reference, or airtime for a number."""

    BILL = "bill"
    AIRTIME = "airtime"


class AmountKind(StrEnum):
    """Who says how much: the person, or the biller."""

    FREE = "free"
    DUE = "due"


class BillerState(StrEnum):
    """Whether the menus offer it."""

    ACTIVE = "active"
    STOPPED = "stopped"


BILLER_STEPS = {
    BillerState.ACTIVE: frozenset({BillerState.STOPPED}),
    BillerState.STOPPED: frozenset({BillerState.ACTIVE}),
}


class Biller(Table, table=True):
    """One biller, or the airtime of one country. `connector` is the method whose routes serve it."""

    __tablename__ = "biller"
    __table_args__ = (
        check("code", "code ~ '^[A-Z][A-Z0-9-]{1,15}$'"),
        check("kind", one_of("kind", BillerKind)),
        check("amount_kind", one_of("amount_kind", AmountKind)),
        check("state", one_of("state", BillerState)),
        check("pattern", "kind = 'airtime' or pattern <> ''"),
        Index("ix_biller_country", "country", "kind", "position"),
    )

    code: str = Field(unique=True)
    kind: str = BillerKind.BILL
    country: str
    name: dict[str, str] = document()
    pattern: str = ""
    example: str = ""
    connector: str
    amount_kind: str = AmountKind.FREE
    state: str = BillerState.ACTIVE
    position: int = 0
