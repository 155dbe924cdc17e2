"""A batch goes out: once each, to the franc, whatever the switch makes of it."""

from datetime import timedelta

from services.pensions.dispatch import health, sweeping
from tests.builders.pensions import crowd, numbers, queued
from tests.builders.switch import Switch


def test_two_pensioners_are_paid_once_each(switch: Switch) -> None:
    batch = queued(switch.database, switch.own, numbers("001", "002"))
    switch.work()
    assert switch.stages(batch) == {"COMPLETED": 2}
    assert [row.amount_minor for row in switch.book] == [50_000, 50_000]
    assert switch.batch(batch)["stage"] == "COMPLETED"
    assert switch.balances() == (999_900_000, 0)
    switch.assert_agrees(batch)


def test_two_hundred_payments_of_a_switch_that_misbehaves_come_to_their_end(switch: Switch) -> None:
    switch.kernel.reset("1", {"mix": 1})
    batch = queued(switch.database, switch.own, crowd(200))
    switch.pass_time(timedelta(days=3), workers=2)
    assert sum(switch.stages(batch).values()) == 200
    assert switch.batch(batch)["completed_at"] is not None
    assert switch.balances()[1] == 0
    switch.assert_agrees(batch)


def test_an_answer_that_is_saved_after_its_lease_still_counts(switch: Switch) -> None:
    batch = queued(switch.database, switch.own, numbers("001"))
    health.probe_due(switch.database, switch.rail)
    sweeping.begin_due(switch.database)
    slow = switch.desk()
    slow.keep_books()
    while not switch.book:
        slow.send()
    switch.clerks.clear()  # the others see a worker that says nothing
    switch.move(timedelta(hours=1))
    assert sweeping.recover(switch.database) == 1
    assert switch.stages(batch) == {"UNKNOWN": 1}
    while slow.held:
        slow.send()
        slow.keep_books()
    assert switch.stages(batch) == {"COMPLETED": 1}
    switch.pass_time()
    assert switch.batch(batch)["stage"] == "COMPLETED"
    switch.assert_agrees(batch)


def test_what_waited_longer_than_its_lease_allows_is_not_sent(switch: Switch) -> None:
    batch = queued(switch.database, switch.own, numbers("001", "002"))
    health.probe_due(switch.database, switch.rail)
    sweeping.begin_due(switch.database)
    slow = switch.desk()
    slow.keep_books()
    switch.clerks.clear()
    late = {row["external_id"] for row in switch.transfers(batch)}
    switch.traveller.advance(30)  # a lease of 40 s; a call may take 10, and 10 more
    while slow.held:
        slow.send()
        slow.keep_books()  # gives them back, and takes them anew
    assert switch.stages(batch) == {"COMPLETED": 2}
    assert [row["tries"] for row in switch.payments(batch)] == [1, 1]
    assert {row["external_id"] for row in switch.transfers(batch) if row["state"] == "cancelled"} == late
    assert {row.payment_id for row in switch.book}.isdisjoint(map(str, late))
    switch.assert_agrees(batch)


def test_several_batches_share_by_turns(switch: Switch) -> None:
    switch.run(concurrency=4)
    first = queued(switch.database, switch.own, crowd(60))
    second = queued(switch.database, switch.own, crowd(60), cycle="2026-01")
    health.probe_due(switch.database, switch.rail)
    assert sweeping.begin_due(switch.database) == 2
    desk = switch.desk()
    while switch.batch(first)["completed_count"] < 30:
        desk.keep_books()
        desk.send()
    assert switch.batch(second)["completed_count"] >= 15
    switch.pass_time()
    assert switch.batch(second)["stage"] == "COMPLETED"
    switch.assert_agrees(first, second)
