"""The console's figures of pensions: what was uploaded is what was paid, what failed and what is open."""

from datetime import date, timedelta

import pytest

from core import clock
from core.database import Database
from core.money import Currency
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from reports import pensions as reports
from reports.pensions import figures
from reports.pensions.figures import PensionTotals
from tests.builders import pension_batches
from tests.builders.pension_batches import STARTED, paid, some
from tests.builders.pensions import PensionWorld

ZONE = "Africa/Porto-Novo"


def parts(totals: PensionTotals) -> list[tuple[int, int]]:
    four = (totals.uploaded, totals.completed, totals.failed, totals.open)
    assert totals.uploaded.count == sum(part.count for part in four[1:])
    assert totals.uploaded.amount.minor == sum(part.amount.minor for part in four[1:])
    return [(part.count, part.amount.minor) for part in four]


def test_days_are_the_organisations_own(
    database: Database, world: PensionWorld, batch: PensionBatch, running: PensionBatch
) -> None:
    late = STARTED.replace(hour=23, minute=30)  # half past midnight of the 22nd, there
    pension_batches.put(database, world.own, paid(1), confirmed_at=late, cycle="2026-12")
    pension_batches.put(database, world.own, paid(7), BatchStage.DRAFT)
    with clock.travel(late + timedelta(hours=1)), database.transaction() as session:
        days = figures.list_days(session, world.own.manager, Currency.XOF, ZONE, days=3)
        months = figures.list_cycles(session, world.own.supervisor, Currency.XOF)
        everything = figures.get_totals(session, world.own.manager, Currency.XOF)
        dollars = figures.get_totals(session, world.own.manager, Currency.USD)
    assert [day.day for day in days] == [date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)]
    assert [day.totals.batches for day in days] == [0, 2, 1]
    assert parts(days[0].totals) == [(0, 0)] * 4
    assert days[0].totals.success.value is None
    assert parts(days[1].totals) == [(10, 500_000), (4, 200_000), (2, 100_000), (4, 200_000)]
    assert (days[1].totals.success.numerator, days[1].totals.success.denominator) == (4, 6)
    assert days[1].totals.fees.minor == 100
    assert [(one.cycle, one.totals.batches) for one in months] == [("2026-12", 1), ("2026-11", 2)]
    assert parts(everything)[0] == (11, 550_000)
    assert dollars.batches == 0
    assert {batch.currency, running.currency} == {"XOF"}


def test_nobody_counts_the_payments_of_others(database: Database, world: PensionWorld, batch: PensionBatch) -> None:
    with database.transaction() as session:
        for actor, expected in ((world.foreign.manager, 0), (world.stranger, 0), (world.administrator, 1)):
            assert figures.get_totals(session, actor, Currency.XOF).batches == expected
        own = world.own.organisation_id
        assert figures.get_totals(session, world.foreign.manager, Currency.XOF, organisation_id=own).batches == 0
        for bulk_id in (batch.bulk_id, "bulk-none"):
            with pytest.raises(reports.BatchNotFound):
                figures.list_codes(session, world.foreign.manager, bulk_id)


def test_codes_say_why_and_what_to_do(database: Database, world: PensionWorld) -> None:
    lines = [
        *paid(3),
        *some(PaymentStage.FAILED, 3, code="5200", reason="payee_limit", is_retryable=True),
        *some(PaymentStage.FAILED, 1, first=60_000, code="3204", reason="payee_not_found"),
        *some(PaymentStage.FAILED, 1, first=65_000, code="refused_by_operator"),
        *some(PaymentStage.UNKNOWN, 1, first=70_000, reason="no_answer"),
        *some(PaymentStage.WAITING, 1, first=80_000),
    ]
    made = pension_batches.put(database, world.own, lines, BatchStage.PROCESSING)
    with database.transaction() as session:
        codes = figures.list_codes(session, world.own.manager, made.bulk_id)
    assert [(one.stage.value, one.code, one.reason, one.count, one.retryable) for one in codes] == [
        ("FAILED", "5200", "Plafond du bénéficiaire", 3, 3),
        ("FAILED", "3204", "Bénéficiaire inconnu", 1, 0),
        ("FAILED", "refused_by_operator", "Refusé par un agent", 1, 0),
        ("UNKNOWN", "", "Sans réponse", 1, 0),
    ]
    assert (codes[0].share.numerator, codes[0].share.denominator) == (3, 6)
    assert codes[0].amount.minor == 150_000
    assert codes[2].act == "Un agent l'a refusé : corrigez la ligne, puis payez par un nouveau lot."
    assert codes[3].act == "Ne renvoyez pas : le paiement est peut-être déjà fait."
