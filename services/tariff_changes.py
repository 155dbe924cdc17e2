"""Changing prices with two persons, and knowing before what a change would do: a calculator, and last month again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import Field

from core import clock
from core.database import Session, fetch_all
from core.i18n import t
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from models.wallets import OperationType
from services import approvals, tariffs
from services.approvals import ApprovalRow, AskApproval, Kind
from services.tariffs import AddTariff, Band, NoTariff
from services.wallets.kinds import name_of

SUBJECT = "tariff"
MONTH = timedelta(days=30)
OPERATIONS_MOST = 100_000  # different amounts looked at by one what-if


class RequestScale(Order):
    """A new scale, and why."""

    scale: AddTariff
    reason: str = Field(min_length=3, max_length=500)


def request_scale(session: Session, actor: Actor, order: RequestScale) -> ApprovalRow:
    """Ask a second person for a new scale; refused at once when it has a hole, an overlap or the wrong bounds."""
    actor.require(Permission.USSD_TARIFFS_WRITE)
    scale = order.scale
    tariffs.guard_scale(session, scale)
    return approvals.ask(
        session,
        actor,
        AskApproval(
            kind=SCALE.name,
            subject_type=SUBJECT,
            subject_id=scale_id(scale.type, scale.currency),
            summary=t("{type} en {currency}, tranches : {number}").format(
                type=name_of(scale.type), currency=scale.currency, number=len(scale.bands)
            ),
            payload=scale.model_dump(mode="json"),
            reason=order.reason,
        ),
    )


def scale_id(kind: str, currency: str) -> UUID:
    """Return the id under which the prices of one type are asked about and audited."""
    return uuid5(NAMESPACE_URL, f"palabre:tariff:{kind}:{currency}")


def _agreed(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    """Begin the scale when it was planned, or now when the agreement came later."""
    scale = AddTariff.model_validate(approval.payload)
    soon = clock.now() + timedelta(seconds=1)
    if scale.valid_from < soon:
        scale = scale.model_copy(update={"valid_from": soon})
    tariffs.add_tariff(session, actor, scale)


SCALE = approvals.register(
    Kind(
        name="tariff_scale",
        title="Changer un barème",
        asks=Permission.USSD_TARIFFS_WRITE,
        decides=Permission.USSD_TARIFFS_WRITE,
        on_approved=_agreed,
    )
)


# Reads


@dataclass(frozen=True, slots=True)
class Scale:
    """All bands of a type that begin together; `is_in_force` now, or planned when it begins later."""

    type: OperationType
    currency: Currency
    valid_from: datetime
    valid_to: datetime | None
    bands: tuple[Band, ...]
    is_in_force: bool
    is_planned: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """Who bears what of one operation, and what the house keeps."""

    amount: Money
    fee: Money
    payee_fee: Money
    commission: Money

    @property
    def payer_gives(self) -> Money:
        """Return what leaves the payer's wallet."""
        return self.amount + self.fee

    @property
    def payee_gets(self) -> Money:
        """Return what reaches the payee: the amount, less what he bears, and his commission."""
        return self.amount - self.payee_fee + self.commission

    @property
    def house_keeps(self) -> Money:
        """Return the income that is left."""
        return self.fee + self.payee_fee - self.commission


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Last month's operations of one type at other prices: `before` is what was charged, `after` would have been."""

    since: datetime
    operations: int
    before: Money
    after: Money
    dearer: int
    cheaper: int
    unpriced: int


def list_scales(session: Session, actor: Actor, currency: Currency) -> list[Scale]:
    """Return every scale of a currency by type, the newest first; one that never began is left out."""
    now = clock.now()
    found: dict[tuple[str, datetime], list[dict[str, Any]]] = {}
    for row in tariffs.list_tariffs(session, actor, currency):
        if row["valid_to"] is None or row["valid_to"] > row["valid_from"]:
            found.setdefault((row["type"], row["valid_from"]), []).append(row)
    return [
        Scale(
            type=OperationType(kind),
            currency=currency,
            valid_from=begin,
            valid_to=rows[0]["valid_to"],
            bands=tuple(Band.model_construct(**{name: row[name] for name in Band.model_fields}) for row in rows),
            is_in_force=begin <= now and (rows[0]["valid_to"] is None or rows[0]["valid_to"] > now),
            is_planned=begin > now,
        )
        for (kind, begin), rows in found.items()
    ]


def calculate(session: Session, actor: Actor, kind: OperationType, amount: Money) -> Cost:
    """Price an amount at the scale in force, whoever pays; `NoTariff` where there is no band."""
    scales = list_scales(session, actor, Currency(amount.currency))
    bands = next((scale.bands for scale in scales if scale.type == kind and scale.is_in_force), ())
    return cost_of(bands, amount)


def cost_of(bands: Sequence[Band], amount: Money) -> Cost:
    """Price an amount at these bands; `NoTariff` where none holds it."""
    band = _band_of(bands, amount.minor)
    if band is None:
        raise NoTariff
    figures = (band.fee(amount.minor), band.payee_fee(amount.minor), band.commission(amount.minor))
    return Cost(amount, *(Money(figure, amount.currency) for figure in figures))


def what_if(session: Session, actor: Actor, scale: AddTariff) -> WhatIf:
    """Charge the operations of the last 30 days again at another scale; nothing is written."""
    actor.require(Permission.USSD_READ)
    since = clock.now() - MONTH
    rows = fetch_all(
        session,
        """
        select amount_minor, fee_minor, count(*) as number from ussd_operation
        where type = %s and currency = %s and state = 'completed' and created_at >= %s
        group by amount_minor, fee_minor order by number desc limit %s
        """,
        (scale.type, scale.currency, since, OPERATIONS_MOST),
    )
    before = after = dearer = cheaper = unpriced = 0
    for row in rows:
        band, number = _band_of(scale.bands, row["amount_minor"]), row["number"]
        if band is None:
            unpriced += number
            continue
        fee = band.fee(row["amount_minor"])
        before += number * row["fee_minor"]
        after += number * fee
        dearer += number * (fee > row["fee_minor"])
        cheaper += number * (fee < row["fee_minor"])
    total = sum(row["number"] for row in rows)
    currency = Currency(scale.currency)
    return WhatIf(since, total, Money(before, currency), Money(after, currency), dearer, cheaper, unpriced)


def _band_of(bands: Sequence[Band], minor: int) -> Band | None:
    return next((band for band in bands if band.from_minor <= minor <= band.to_minor), None)


def list_currencies(session: Session, actor: Actor) -> list[Currency]:
    """Return the currencies that have prices, the most used first."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        "select t.currency, (select count(*) from wallet w where w.currency = t.currency) as wallets"
        " from tariff t group by t.currency order by wallets desc, t.currency",
    )
    return [Currency(row["currency"]) for row in rows]
