"""Pensions and the books side by side: what agrees, what is found out, and a day that is closed."""

from datetime import UTC, date, datetime, timedelta
from threading import Event
from uuid import UUID

import pytest

from core import clock
from core.database import Database, fetch_all, fetch_one
from core.errors import Forbidden
from core.money import Currency
from jobs import pension_reconciliation
from jobs import reconciliation as nightly
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from services import books, ledger
from services import reconciliation as operators
from services.pensions import reconciliation
from services.pensions.reconciliation import Checked, Difference, RecordPosition
from services.reconciliation import ImportStatement, ResolveItem
from tests.builders import pension_batches, pensions
from tests.builders.pension_batches import Pay, paid, some
from tests.builders.pensions import PensionWorld

DAY = date(2026, 11, 21)
MORNING_AFTER = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@pytest.fixture
def world(database: Database) -> PensionWorld:
    return pensions.build(database, funds_minor=1_000_000)


@pytest.fixture
def ended(database: Database, world: PensionWorld) -> PensionBatch:
    lines = [*paid(2), Pay(fee_minor=100), *some(PaymentStage.FAILED), *some(PaymentStage.CANCELLED, first=7)]
    return pension_batches.put(database, world.own, lines, BatchStage.PARTIALLY_COMPLETED)


@pytest.fixture
def running(database: Database, world: PensionWorld) -> PensionBatch:
    lines = [*paid(1), *some(PaymentStage.UNKNOWN), *some(PaymentStage.WAITING, first=7)]
    return pension_batches.put(database, world.own, lines, BatchStage.PROCESSING)


def rail_of(world: PensionWorld) -> UUID:
    return world.own.account.rail_account_id


def check(database: Database, world: PensionWorld) -> Checked:
    return reconciliation.check_now(database, world.administrator, rail_of(world), DAY)


def change(database: Database, statement: str, *values: object) -> None:
    """Do to a table what no code of ours does."""
    with database.transaction() as session:
        session.connection().exec_driver_sql(statement, values)


def run_of(database: Database, world: PensionWorld, run_id: UUID) -> operators.DayRow:
    with database.transaction() as session:
        return operators.get_day(session, world.administrator, run_id)


def test_honest_books_agree(
    database: Database, world: PensionWorld, ended: PensionBatch, running: PensionBatch
) -> None:
    found = check(database, world)
    assert (found.batches, found.differences) == (2, ())
    day = run_of(database, world, found.run_id)
    assert (day.state, day.source, day.ours_count, day.ours.minor, day.open_items) == ("open", "reads", 4, 200_000, 0)
    assert ended.completed_at
    assert running.completed_at is None


def test_what_is_open_is_asked_about_now(database: Database, world: PensionWorld, running: PensionBatch) -> None:
    assert check(database, world).asked == 1
    with database.transaction() as session:
        rows = fetch_all(session, "select next_read_at from transfer where state = 'unknown'")
    assert [row["next_read_at"] <= clock.now() for row in rows] == [True]
    assert check(database, world).asked == 0
    assert running.unknown_count == 1


def test_a_payment_moved_behind_the_counters_is_found(
    database: Database, world: PensionWorld, ended: PensionBatch
) -> None:
    change(database, "update pension_payment set stage = 'COMPLETED' where stage = 'CANCELLED'")
    assert set(check(database, world).differences) == {
        Difference(f"{ended.bulk_id} CANCELLED", "compteurs", 50_000, 0),
        Difference(f"{ended.bulk_id} COMPLETED", "compteurs", 150_000, 200_000),
    }


def test_counters_that_lie_are_found_in_the_mirror_and_the_reserve(
    database: Database, world: PensionWorld, running: PensionBatch
) -> None:
    change(
        database,
        "update pension_batch set waiting_count = 0, waiting_minor = 0, completed_count = 2, completed_minor = 100000",
    )
    details = {(one.detail, one.ours_minor, one.theirs_minor) for one in check(database, world).differences}
    assert details == {
        ("compteurs", 0, 50_000),
        ("compteurs", 100_000, 50_000),
        ("miroir", 100_000, 50_000),
        ("réserve", 50_000, 100_000),
    }
    assert running.bulk_id


def test_the_books_examine_pensions_too(database: Database, ended: PensionBatch, running: PensionBatch) -> None:
    def violations() -> tuple[tuple[str, str], ...]:
        with database.transaction() as session:
            (found,) = [one for one in books.list_findings(session) if one.invariant.number == 8]
        return found.violations

    assert violations() == ()
    change(database, "update pension_payment set stage = 'FAILED' where stage = 'CANCELLED'")
    change(
        database,
        "update pension_batch set waiting_count = 0, waiting_minor = 0, failed_count = 1, failed_minor = 50000"
        " where waiting_count = 1",
    )
    assert sorted(violations()) == sorted(
        [
            (ended.bulk_id, "counter of CANCELLED is not its payments"),
            (ended.bulk_id, "counter of FAILED is not its payments"),
            (running.bulk_id, "counter of FAILED is not its payments"),
            (running.bulk_id, "counter of WAITING is not its payments"),
            ("ACC-CNSS-BJ-001", "reserve is not what is open"),
        ]
    )


def test_a_difference_is_an_alert_once_and_goes_when_it_is_no_more(
    database: Database, world: PensionWorld, running: PensionBatch
) -> None:
    change(database, "update pension_payment set stage = 'HELD' where stage = 'WAITING'")
    first, second = check(database, world), check(database, world)
    assert first.differences == second.differences
    assert len(first.differences) == 2
    with database.transaction() as session:
        alerts = fetch_all(session, "select summary from audit_entry where action = 'pensions.books_differ'")
        items = operators.list_items(session, world.administrator, first.run_id)
    assert len(alerts) == len(items) == 2
    change(database, "update pension_payment set stage = 'WAITING' where stage = 'HELD'")
    assert check(database, world).differences == ()
    with database.transaction() as session:
        items = operators.list_items(session, world.administrator, first.run_id)
    assert {item.resolution for item in items} == {"later"}
    assert running.held_count == 0


def test_a_day_is_closed_by_a_person_when_nothing_is_open(
    database: Database, world: PensionWorld, ended: PensionBatch, running: PensionBatch
) -> None:
    run_id = check(database, world).run_id

    def close() -> None:
        with database.transaction() as session:
            operators.close_day(session, world.administrator, run_id)

    with database.transaction() as session, pytest.raises(Forbidden):
        operators.close_day(session, world.own.manager, run_id)
    with clock.travel(MORNING_AFTER):
        with pytest.raises(operators.PensionsStillOpen) as refused:
            close()
        assert refused.value.data["count"] == 1
        change(database, "update transfer set state = 'failed', ended_at = submitted_at where state = 'unknown'")
        with pytest.raises(operators.NotSealedYet):
            close()
        with database.transaction() as session:
            ledger.seal_next(session, most=10_000)
        close()
        assert run_of(database, world, run_id).state == "closed"
        with pytest.raises(operators.DayClosed):
            check(database, world)
    assert {ended.bulk_id, running.bulk_id}


def test_a_day_with_a_difference_waits_for_a_word(database: Database, world: PensionWorld, ended: PensionBatch) -> None:
    change(database, "update pension_payment set stage = 'FAILED' where stage = 'CANCELLED'")
    run_id = check(database, world).run_id
    with clock.travel(MORNING_AFTER), database.transaction() as session:
        ledger.seal_next(session, most=10_000)
        with pytest.raises(operators.DayStillOpen):
            operators.close_day(session, world.administrator, run_id)
        for item in operators.list_items(session, world.administrator, run_id):
            operators.resolve(session, world.administrator, ResolveItem(item_id=item.id, resolution="Vu avec la CNSS"))
        operators.close_day(session, world.administrator, run_id)
    assert run_of(database, world, run_id).state == "closed"
    assert ended.bulk_id


def test_the_position_of_a_statement_stands_beside_our_mirror(
    database: Database, world: PensionWorld, ended: PensionBatch, running: PensionBatch
) -> None:
    def record(minor: int) -> reconciliation.Position:
        order = RecordPosition(
            rail_account_id=rail_of(world), position_minor=minor, currency=Currency.XOF, reason="Relevé du 21"
        )
        with database.transaction() as session:
            return reconciliation.record_position(session, world.administrator, order)

    # Two caisses funded with a million each; four payments and a fee left.
    right = record(2_000_000 - 200_000 - 100)
    assert (right.ours.minor, right.in_flight.minor, right.agrees) == (1_799_900, 50_000, True)
    assert record(1_749_900).agrees
    assert not record(1_700_000).agrees
    with database.transaction() as session:
        alerts = fetch_all(session, "select 1 from audit_entry where action = 'provider.balance_differs'")
        kept = fetch_one(session, "select count(*) as rows from provider_balance")
    assert len(alerts) == 1
    assert kept == {"rows": 3}
    assert {ended.bulk_id, running.bulk_id}


def test_the_statement_of_the_scheme_is_compared_like_any_other(
    database: Database, world: PensionWorld, ended: PensionBatch
) -> None:
    with database.transaction() as session:
        rows = fetch_all(session, "select external_id from transfer where state = 'succeeded' order by submitted_at")
    lines = [
        f"2026-11-21 10:00:0{number};{row['external_id']};{50_000 + number // 2};payout"
        for number, row in enumerate(rows)
    ]
    lines.append("2026-11-21 11:00:00;0b51ec53-4ee4-4857-8b6a-9ead2955b807;7000;payout")
    content = ("Date;transferId;Montant;Sens\n" + "\n".join(lines) + "\n").encode()
    order = ImportStatement(
        account_id=rail_of(world),
        file_name="switch.csv",
        content=content,
        columns={"date": "Date", "our_reference": "transferId", "amount": "Montant", "direction": "Sens"},
    )
    with database.transaction() as session:
        imported = operators.import_statement(session, world.administrator, order)
        kinds = fetch_all(session, "select kind from reconciliation_item where resolved_at is null order by kind")
    assert imported.days == (DAY,)
    assert len(rows) == 3
    assert [row["kind"] for row in kinds] == ["amount_differs", "theirs_not_ours"]
    assert ended.bulk_id


def test_each_night_checks_three_days_once_and_the_operators_job_leaves_the_switch_alone(
    database: Database, ended: PensionBatch
) -> None:
    change(database, "update transfer set created_at = %s", MORNING_AFTER - timedelta(hours=20))
    with clock.travel(MORNING_AFTER):
        said = nightly.work(Event())
        assert said.startswith("Jours comparés : 0.")
        assert pension_reconciliation.work(Event()) == "Jours de pensions comparés : 3. Écarts : 0."
        assert pension_reconciliation.work(Event()) == "Jours de pensions comparés : 0. Écarts : 0."
    assert ended.bulk_id
