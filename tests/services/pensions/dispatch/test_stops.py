"""What stops a batch, and what lets it go on: an empty position, an unwell adapter, a broken seal, a person."""

from datetime import timedelta

import psycopg

from core.database import driver
from services.pensions import batches
from services.pensions.batches import CancelBatch
from services.pensions.dispatch import health, sweeping
from tests.builders.pensions import Payee, crowd, numbers, queued
from tests.builders.switch import QUICK, Switch

CONCURRENCY = QUICK["concurrency"]


def test_the_first_empty_position_stops_every_batch_until_a_person_resumes(switch: Switch) -> None:
    switch.run(position=100 * 50_000)
    batch = queued(switch.database, switch.own, [Payee(one.identifier) for one in crowd(400)])
    switch.pass_time(timedelta(hours=3))
    assert switch.batch(batch)["stage"] == "PAUSED"
    assert switch.batch(batch)["pause_reason"] == "position"
    assert len(switch.book) == 100
    assert len([call for call in switch.kernel.calls if call.path.endswith("/transfers")]) <= 101 + CONCURRENCY
    assert switch.stages(batch) == {"COMPLETED": 100, "WAITING": 300}  # the refused ones wait again
    later = queued(switch.database, switch.own, numbers("001"))
    switch.pass_time(timedelta(hours=3))
    assert switch.batch(later)["stage"] == "QUEUED"

    switch.run(position=10**9)
    switch.resume(batch)
    switch.pass_time(timedelta(hours=3))
    assert switch.stages(batch) == {"COMPLETED": 400}
    assert switch.stages(later) == {"COMPLETED": 1}
    assert switch.balances() == (1_000_000_000 - 401 * 50_000, 0)
    switch.assert_agrees(batch, later)


def test_a_payment_refused_three_times_for_the_position_ends_and_may_be_retried(switch: Switch) -> None:
    switch.run(position=0)
    batch = queued(switch.database, switch.own, numbers("001"))
    for _ in range(3):
        switch.pass_time(timedelta(minutes=1))
        if switch.batch(batch)["stage"] == "PAUSED":
            switch.resume(batch)
    (payment,) = switch.payments(batch)
    assert (payment["stage"], payment["code"], payment["tries"], payment["is_retryable"]) == ("FAILED", "4001", 3, True)
    assert switch.batch(batch)["stage"] == "FAILED"
    assert switch.balances() == (1_000_000_000, 0)
    assert switch.claims() == 0
    switch.assert_agrees(batch)


def test_an_answer_under_another_id_stops_the_account(switch: Switch) -> None:
    batch = queued(switch.database, switch.own, [*numbers("941"), *crowd(300)])
    switch.pass_time(timedelta(hours=1))
    assert switch.batch(batch)["pause_reason"] == "foreign_id"
    assert switch.batch(batch)["waiting_count"] >= 300 - 2 * CONCURRENCY
    switch.assert_agrees(batch)


def test_an_adapter_that_is_down_pauses_the_batch_and_its_return_resumes_it(switch: Switch) -> None:
    batch = queued(switch.database, switch.own, numbers(*["922"] * 60))  # paid, but nobody says so
    switch.work()
    assert (switch.batch(batch)["stage"], switch.batch(batch)["pause_reason"]) == ("PAUSED", "adapter_unwell")
    assert len(switch.book) <= CONCURRENCY + 5

    switch.pass_time(timedelta(hours=4))
    assert switch.stages(batch) == {"COMPLETED": 60}
    switch.assert_agrees(batch)


def test_an_adapter_that_nobody_reaches_is_sent_nothing_and_keeps_its_batch_waiting(switch: Switch) -> None:
    with switch.database.transaction() as session:
        driver(session).execute("update provider_account set base_url = 'http://127.0.0.1:9'")
    batch = queued(switch.database, switch.own, numbers("001"))
    switch.pass_time(timedelta(minutes=2))
    assert switch.batch(batch)["stage"] == "QUEUED"

    with switch.database.transaction() as session:
        driver(session).execute("update provider_account set base_url = %s", (switch.address,))
    switch.pass_time(timedelta(hours=1))
    assert switch.stages(batch) == {"COMPLETED": 1}
    switch.assert_agrees(batch)


def test_a_batch_whose_rows_were_changed_never_leaves(switch: Switch) -> None:
    batch = queued(switch.database, switch.own, numbers("001", "002"))
    with psycopg.connect(switch.database.url) as owner:
        owner.execute("alter table pension_payment disable trigger pension_payment_sealed")
        owner.execute("update pension_payment set amount_minor = 60000 where line = 2")
        owner.execute("alter table pension_payment enable trigger pension_payment_sealed")
    switch.pass_time()
    assert (switch.batch(batch)["stage"], switch.batch(batch)["pause_reason"]) == ("PAUSED", "seal_broken")
    assert switch.book == []


def test_an_institution_without_liquidity_waits_while_the_others_go_on(switch: Switch) -> None:
    poor = [Payee("+2290197000919", fsp_id="mtnbj"), *(Payee(f"+22901970010{n:02}", fsp_id="mtnbj") for n in range(40))]
    others = [Payee(f"+22901970020{n:02}", fsp_id="moovbj") for n in range(40)]
    switch.run(concurrency=4)
    batch = queued(switch.database, switch.own, [*poor, *others])
    switch.work()
    waiting = [row["fsp_id"] for row in switch.payments(batch) if row["stage"] == "WAITING"]
    assert len(waiting) >= 30
    assert set(waiting) == {"mtnbj"}

    switch.pass_time(timedelta(minutes=16))
    assert switch.stages(batch) == {"COMPLETED": 80, "FAILED": 1}
    switch.assert_agrees(batch)


def test_nothing_leaves_for_an_organisation_that_was_closed(switch: Switch) -> None:
    batch = queued(switch.database, switch.own, numbers("001", "002"))
    health.probe_due(switch.database, switch.rail)
    assert sweeping.begin_due(switch.database) == 1
    with switch.database.transaction() as session:
        driver(session).execute("update organisation set is_active = false")
    switch.pass_time()
    assert switch.stages(batch) == {"WAITING": 2}
    with switch.database.transaction() as session:
        driver(session).execute("update organisation set is_active = true")
    switch.pass_time()
    assert switch.stages(batch) == {"COMPLETED": 2}


def test_a_batch_paused_or_cancelled_in_the_midst_sends_no_more_and_its_sums_hold(switch: Switch) -> None:
    switch.run(concurrency=2)
    batch = queued(switch.database, switch.own, crowd(40))
    health.probe_due(switch.database, switch.rail)
    sweeping.begin_due(switch.database)
    desk = switch.desk()
    while switch.batch(batch)["completed_count"] < 10:
        desk.keep_books()
        desk.send()
    with switch.database.transaction() as session:
        cancelled = batches.cancel(session, switch.own.manager, CancelBatch(bulk_id=batch.bulk_id, reason="Doublon"))
    assert cancelled.already_sent >= 10
    out = len(switch.book)
    desk.wake()
    switch.pass_time()
    assert len(switch.book) <= out + 4
    found = switch.stages(batch)
    assert set(found) == {"COMPLETED", "CANCELLED"}
    assert found["COMPLETED"] == len(switch.book)
    assert switch.batch(batch)["stage"] == "PARTIALLY_COMPLETED"
    assert switch.balances()[1] == 0
    assert switch.claims() == found["COMPLETED"]
    switch.assert_agrees(batch)
