"""Figures of pensions for the console: by day, by month paid, by code; each counted from the batches' own counters.

The population is said with every figure: batches that were confirmed, on the day of their confirmation where the
organisation is; uploaded = completed + failed + open, in count and amount, on every line.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.rates import Rate
from models.pension_stages import OPEN_PAYMENTS, PaymentStage
from reports.figures import midnight
from reports.pensions import words
from reports.pensions.source import BatchNotFound

ENDED_BADLY = (PaymentStage.FAILED, PaymentStage.CANCELLED, PaymentStage.REVERSED)


@dataclass(frozen=True, slots=True)
class Part:
    """How many payments, and how much."""

    count: int
    amount: Money


@dataclass(frozen=True, slots=True)
class PensionTotals:
    """What became of the payments of some batches; `uploaded` is the sum of the three others."""

    batches: int
    uploaded: Part
    completed: Part
    failed: Part
    open: Part
    fees: Money

    @property
    def success(self) -> Rate:
        """Those that were paid, out of those whose end is known."""
        return Rate(self.completed.count, self.completed.count + self.failed.count)


@dataclass(frozen=True, slots=True)
class DayTotals:
    """The batches confirmed on one day."""

    day: date
    totals: PensionTotals


@dataclass(frozen=True, slots=True)
class CycleTotals:
    """The batches that pay one month."""

    cycle: str
    totals: PensionTotals


@dataclass(frozen=True, slots=True)
class CodeTotals:
    """The payments of a batch that ended or stand for one reason; `share` is of all that is not paid."""

    stage: PaymentStage
    code: str
    reason: str
    act: str
    count: int
    amount: Money
    retryable: int
    share: Rate


def list_days(
    session: Session,
    actor: Actor,
    currency: Currency,
    zone: str,
    *,
    days: int = 30,
    organisation_id: UUID | None = None,
) -> list[DayTotals]:
    """Return the last `days` days in `zone`, oldest first, today included and no day left out."""
    today = clock.today(zone)
    first = today - timedelta(days=days - 1)
    asked = _asked(session, actor, currency, organisation_id)
    rows = fetch_all(
        session,
        f"""select (b.confirmed_at at time zone %(zone)s)::date as day, {_SUMS} from pension_batch b
        where {_CONFIRMED} and b.confirmed_at >= %(start)s and b.confirmed_at < %(end)s group by 1""",
        {**asked, "zone": zone, "start": midnight(first, zone), "end": midnight(today + timedelta(days=1), zone)},
    )
    found = {row["day"]: row for row in rows}
    return [
        DayTotals(day, _totals(found.get(day, _NOTHING), currency))
        for day in (first + timedelta(days=number) for number in range(days))
    ]


def list_cycles(
    session: Session, actor: Actor, currency: Currency, *, months: int = 12, organisation_id: UUID | None = None
) -> list[CycleTotals]:
    """Return the last months that batches paid, newest first."""
    rows = fetch_all(
        session,
        f"""select b.cycle, {_SUMS} from pension_batch b where {_CONFIRMED}
        group by 1 order by 1 desc limit %(months)s""",
        {**_asked(session, actor, currency, organisation_id), "months": months},
    )
    return [CycleTotals(row["cycle"], _totals(row, currency)) for row in rows]


def get_totals(
    session: Session, actor: Actor, currency: Currency, *, organisation_id: UUID | None = None
) -> PensionTotals:
    """Return the totals of every confirmed batch one may read."""
    row = fetch_one(
        session,
        f"select {_SUMS} from pension_batch b where {_CONFIRMED}",
        _asked(session, actor, currency, organisation_id),
    )
    return _totals(row or _NOTHING, currency)


def list_codes(session: Session, actor: Actor, bulk_id: str) -> list[CodeTotals]:
    """Return why payments of a batch are not paid, the most frequent first; refuses with `BatchNotFound`."""
    batch = fetch_one(session, "select id, organisation_id, currency from pension_batch where bulk_id = %s", (bulk_id,))
    if batch is None or not actor.may(Permission.PENSIONS_READ, batch["organisation_id"]):
        raise BatchNotFound
    rows = fetch_all(
        session,
        """select stage, code, reason, count(*) as payments, sum(amount_minor)::bigint as minor,
            count(*) filter (where is_retryable) as retryable, (sum(count(*)) over ())::bigint as all_payments
        from pension_payment where batch_id = %s and stage <> 'COMPLETED' and (code <> '' or reason <> '')
        group by 1, 2, 3 order by payments desc, stage, code, reason""",
        (batch["id"],),
    )
    return [_code(row, Currency(batch["currency"])) for row in rows]


_CONFIRMED = """
b.confirmed_at is not null and b.currency = %(currency)s and b.organisation_id = any(%(organisations)s)
"""


def _sum_of(stages: tuple[PaymentStage, ...], what: str) -> str:
    return f"coalesce(sum({' + '.join(f'b.{stage.lower()}_{what}' for stage in stages)}), 0)::bigint"


_SUMS = ", ".join(
    (
        "count(*) as batches",
        "coalesce(sum(b.total_count), 0)::bigint as uploaded_count",
        "coalesce(sum(b.total_minor), 0)::bigint as uploaded_minor",
        *(
            f"{_sum_of(stages, what)} as {name}_{what}"
            for name, stages in (
                ("completed", (PaymentStage.COMPLETED,)),
                ("failed", ENDED_BADLY),
                ("open", OPEN_PAYMENTS),
            )
            for what in ("count", "minor")
        ),
        "coalesce(sum(b.fees_minor), 0)::bigint as fees_minor",
    )
)
_PARTS = ("uploaded", "completed", "failed", "open")
_NOTHING: dict[str, Any] = {
    "batches": 0,
    "fees_minor": 0,
    **{f"{name}_{what}": 0 for name in _PARTS for what in ("count", "minor")},
}


def _asked(session: Session, actor: Actor, currency: Currency, organisation_id: UUID | None) -> dict[str, Any]:
    """Return what narrows a query: the currency, and the organisations that one may read."""
    rows = fetch_all(
        session, "select id from organisation where %(id)s::uuid is null or id = %(id)s", {"id": organisation_id}
    )
    mine = [row["id"] for row in rows if actor.may(Permission.PENSIONS_READ, row["id"])]
    return {"currency": currency, "organisations": mine}


def _totals(row: dict[str, Any], currency: Currency) -> PensionTotals:
    parts = {name: Part(int(row[f"{name}_count"]), Money(int(row[f"{name}_minor"]), currency)) for name in _PARTS}
    return PensionTotals(batches=row["batches"], fees=Money(int(row["fees_minor"]), currency), **parts)


def _code(row: dict[str, Any], currency: Currency) -> CodeTotals:
    stage = PaymentStage(row["stage"])
    return CodeTotals(
        stage=stage,
        code=row["code"],
        reason=words.reason_of(row["code"], row["reason"]),
        act=words.act_of(stage, row["code"], row["reason"]),
        count=row["payments"],
        amount=Money(int(row["minor"]), currency),
        retryable=row["retryable"],
        share=Rate(row["payments"], row["all_payments"]),
    )
