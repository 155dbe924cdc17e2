"""A batch goes out: once each, to the franc, whatever the switch makes of it."""

from datetime import timedelta

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
