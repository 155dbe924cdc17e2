"""Prices: what an operation costs, by the tariff rows in force, within the bounds of a level.

A price is never edited: a scale (all bands of a type in a currency) begins at an instant and ends the one before.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import Refusal, Unavailable
from core.i18n import t
from core.money import Currency, Money, round_half_away
from core.orders import Order
from core.permissions import Actor, Permission
from models.wallets import OperationType
from services import audit

TEN_THOUSAND = 10_000


class BelowMinimum(Refusal):
    """The amount is under the smallest of its type; `min` is that amount."""

    code = "montant_minimum"
    sentence = "Minimum {shown}."

    def __init__(self, bound: Money) -> None:
        super().__init__(min=bound, shown=bound.on_phone())


class AboveMaximum(Refusal):
    """The amount is over the largest of its type; `max` is that amount."""

    code = "montant_maximum"
    sentence = "Maximum {shown}."

    def __init__(self, bound: Money) -> None:
        super().__init__(max=bound, shown=bound.on_phone())


class NoTariff(Unavailable):
    """No price or no limit is set for this type, level and currency: the operation is closed."""

    code = "tarif_absent"


class ScaleRefused(Refusal):
    """The bands overlap, leave a hole, or would change what was already charged."""

    code = "tarif_refuse"
    status = 422
    sentence = "Ce barème ne convient pas : {reason}"


class Band(Order):
    """The price of the amounts from `from_minor` to `to_minor`, both included."""

    from_minor: int = Field(gt=0)
    to_minor: int = Field(gt=0)
    fixed_minor: int = Field(default=0, ge=0)
    bps: int = Field(default=0, ge=0, le=TEN_THOUSAND)
    min_minor: int = Field(default=0, ge=0)
    max_minor: int | None = Field(default=None, ge=0)
    payee_bps: int = Field(default=0, ge=0, le=TEN_THOUSAND)
    commission_bps: int = Field(default=0, ge=0, le=TEN_THOUSAND)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.to_minor < self.from_minor or (self.max_minor is not None and self.max_minor < self.min_minor):
            raise ValueError("bornes inversées")
        return self

    def fee(self, amount_minor: int) -> int:
        """Return `clamp(fixed + round(amount × bps / 10 000), min, max)`, half away from zero."""
        share = round_half_away(Fraction(amount_minor * self.bps, TEN_THOUSAND))
        fee = max(self.fixed_minor + share, self.min_minor)
        return fee if self.max_minor is None else min(fee, self.max_minor)

    def payee_fee(self, amount_minor: int) -> int:
        """Return what the payee bears: `round(amount × payee_bps / 10 000)`."""
        return round_half_away(Fraction(amount_minor * self.payee_bps, TEN_THOUSAND))

    def commission(self, amount_minor: int) -> int:
        """Return the agent's share of the fee: `floor(fee × commission_bps / 10 000)`."""
        return self.fee(amount_minor) * self.commission_bps // TEN_THOUSAND


@dataclass(frozen=True, slots=True)
class Quote:
    """What one operation costs; `tariff_id` is the row that says so."""

    tariff_id: UUID
    type: OperationType
    amount: Money
    fee: Money
    payee_fee: Money
    commission: Money

    @property
    def total(self) -> Money:
        """Return what the payer gives: amount and fee."""
        return self.amount + self.fee


class AddTariff(Order):
    """A new scale of prices for a type, from an instant on."""

    type: OperationType
    currency: Currency
    valid_from: datetime
    bands: tuple[Band, ...] = Field(min_length=1)


class RetireTariff(Order):
    """Close a type from an instant on: no price, so no operation, until a new scale begins."""

    type: OperationType
    currency: Currency
    valid_to: datetime


def add_tariff(session: Session, actor: Actor, order: AddTariff) -> tuple[UUID, ...]:
    """Begin a new scale at `valid_from` and end the one before; returns the ids of the new rows.

    The bands follow each other without hole or overlap and cover every amount the limits allow. The first scale of a
    type may begin in the past; a later one begins in the future, after any scale already planned.
    """
    actor.require(Permission.USSD_TARIFFS_WRITE)
    _lock_scale(session, order.type, order.currency)
    bands = guard_scale(session, order)
    _end_scale(session, order.type, order.currency, order.valid_from)
    tariff_ids = tuple(_insert(session, order, band) for band in bands)
    _record(session, actor, "tariff.add", order.type, order.currency, order.valid_from)
    return tariff_ids


def guard_scale(session: Session, order: AddTariff) -> list[Band]:
    """Return the bands in order, or refuse a scale that could not begin as `add_tariff` says."""
    bands = sorted(order.bands, key=lambda band: band.from_minor)
    _guard_bands(bands)
    _guard_bounds(session, order, bands)
    last = _last_begin(session, order.type, order.currency)
    if last is not None and order.valid_from <= max(last, clock.now()):
        raise ScaleRefused(reason=t("il commence avant maintenant ou avant un barème déjà prévu."))
    return bands


def retire_tariff(session: Session, actor: Actor, order: RetireTariff) -> None:
    """End the scale in force at `valid_to`, now or later; what was charged before stays as it was."""
    actor.require(Permission.USSD_TARIFFS_WRITE)
    _lock_scale(session, order.type, order.currency)
    if order.valid_to < clock.now():
        raise ScaleRefused(reason=t("la fin est passée."))
    _end_scale(session, order.type, order.currency, order.valid_to)
    _record(session, actor, "tariff.retire", order.type, order.currency, order.valid_to)


def _lock_scale(session: Session, kind: OperationType, currency: Currency) -> None:
    driver(session).execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"tariff:{kind}:{currency}",))


def _guard_bands(bands: list[Band]) -> None:
    for lower, upper in pairwise(bands):
        if upper.from_minor <= lower.to_minor:
            raise ScaleRefused(reason=t("deux tranches se chevauchent."))
        if upper.from_minor > lower.to_minor + 1:
            raise ScaleRefused(reason=t("il manque une tranche."))


def _guard_bounds(session: Session, order: AddTariff, bands: list[Band]) -> None:
    """Refuse a scale that leaves an amount without price which some level may ask for."""
    bounds = fetch_one(
        session,
        """
        select min(min_minor) as lowest, max(max_minor) as highest from (
            select distinct on (level) min_minor, max_minor from wallet_limit
            where currency = %s and (type = %s or type is null) order by level, type nulls last) l
        """,
        (order.currency, order.type),
    )
    if bounds is None or bounds["lowest"] is None:
        return
    if bands[0].from_minor > bounds["lowest"] or bands[-1].to_minor < bounds["highest"]:
        raise ScaleRefused(reason=t("il ne couvre pas tous les montants permis par les plafonds."))


def _last_begin(session: Session, kind: OperationType, currency: Currency) -> datetime | None:
    row = fetch_one(
        session,
        "select max(valid_from) as last from tariff"
        " where type = %s and currency = %s and valid_to is distinct from valid_from",
        (kind, currency),
    )
    last: datetime | None = row["last"] if row else None
    return last


def _end_scale(session: Session, kind: OperationType, currency: Currency, moment: datetime) -> None:
    """End at `moment` what would last longer; a scale that had not begun by then never does."""
    driver(session).execute(
        "update tariff set valid_to = greatest(valid_from, %(moment)s)"
        " where type = %(type)s and currency = %(currency)s and (valid_to is null or valid_to > %(moment)s)",
        {"moment": moment, "type": kind, "currency": currency},
    )


def _insert(session: Session, order: AddTariff, band: Band) -> UUID:
    tariff_id = ids.new_id()
    columns = {"id": tariff_id, "created_at": clock.now(), "type": order.type, "currency": order.currency}
    values = {**columns, **band.model_dump(), "valid_from": order.valid_from}
    names = ", ".join(values)
    marks = ", ".join(f"%({name})s" for name in values)
    driver(session).execute(f"insert into tariff ({names}) values ({marks})", values)
    return tariff_id


def _record(
    session: Session, actor: Actor, action: str, kind: OperationType, currency: Currency, moment: datetime
) -> None:
    audit.record(session, actor, action, "tariff", f"{kind}:{currency}", summary=moment.isoformat())


# Reads

_IN_FORCE = """
with bounds as (
    select l.min_minor, l.max_minor
    from wallet w join wallet_limit l on l.level = w.level and l.currency = w.currency
    where w.user_id = %(user)s and w.currency = %(currency)s and (l.type = %(type)s or l.type is null)
    order by l.type nulls last limit 1
), band as (
    select * from tariff where type = %(type)s and currency = %(currency)s
      and valid_from <= %(at)s and (valid_to is null or valid_to > %(at)s)
)
select greatest(bounds.min_minor, (select min(from_minor) from band)) as lowest,
       least(bounds.max_minor, (select max(to_minor) from band)) as highest, band.*
from bounds left join band on %(amount)s between band.from_minor and band.to_minor
"""


def quote(session: Session, kind: OperationType, amount: Money, user_id: UUID, at: datetime | None = None) -> Quote:
    """Price an operation of this payer; refuses with `BelowMinimum`, `AboveMaximum` or `NoTariff`."""
    asked = {
        "user": user_id,
        "type": kind,
        "currency": amount.currency,
        "amount": amount.minor,
        "at": at or clock.now(),
    }
    row = fetch_one(session, _IN_FORCE, asked)
    if row is None or row["lowest"] is None:
        raise NoTariff
    if amount.minor < row["lowest"]:
        raise BelowMinimum(Money(row["lowest"], amount.currency))
    if amount.minor > row["highest"]:
        raise AboveMaximum(Money(row["highest"], amount.currency))
    if row["id"] is None:
        raise NoTariff
    return price(row, kind, amount)


def price(tariff: dict[str, Any], kind: OperationType, amount: Money) -> Quote:
    """Apply one tariff row (its columns) to an amount."""
    band = Band.model_construct(**{name: tariff[name] for name in Band.model_fields})
    return Quote(
        tariff_id=tariff["id"],
        type=kind,
        amount=amount,
        fee=Money(band.fee(amount.minor), amount.currency),
        payee_fee=Money(band.payee_fee(amount.minor), amount.currency),
        commission=Money(band.commission(amount.minor), amount.currency),
    )


def list_tariffs(session: Session, actor: Actor, currency: Currency) -> list[dict[str, Any]]:
    """Return every tariff row of a currency, past, in force and planned, by type, begin and band."""
    actor.require(Permission.USSD_READ)
    return fetch_all(
        session, "select * from tariff where currency = %s order by type, valid_from desc, from_minor", (currency,)
    )


_PRICED = """
select t.type
from (
    select type, min(from_minor) as lowest, max(to_minor) as highest, sum(to_minor - from_minor + 1) as covered
    from tariff where currency = %(currency)s and valid_from <= %(now)s and (valid_to is null or valid_to > %(now)s)
    group by type
) t
cross join lateral (
    select min(l.min_minor) as lowest, max(l.max_minor) as highest from (
        select distinct on (level) min_minor, max_minor from wallet_limit
        where currency = %(currency)s and (type = t.type or type is null) order by level, type nulls last) l
) bound
where t.lowest <= bound.lowest and t.highest >= bound.highest and t.covered = t.highest - t.lowest + 1
"""


def get_priced_types(session: Session, currency: str) -> frozenset[str]:
    """Return the types of operation whose tariff in force covers every amount the limits allow."""
    rows = fetch_all(session, _PRICED, {"currency": currency, "now": clock.now()})
    return frozenset(row["type"] for row in rows)
