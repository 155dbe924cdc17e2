"""One gate for all: two workers do not make two rates, and share the room; a slow answer narrows it for everybody."""

import time
from uuid import uuid4

from core.database import Database
from providers.mojaloop.contract import Accepted, Progress, Unknown
from services.pensions.dispatch import rails
from services.pensions.dispatch.gate import SharedGate, open_gate
from services.pensions.dispatch.rails import Rail
from tests.builders.switch import Switch

FAST = Accepted(Progress.SUCCEEDED)
SLOW = Unknown(is_sent=True, is_slow=True)


def gates(switch: Switch, count: int) -> tuple[Rail, list[SharedGate]]:
    """Open the gate of the account for some workers, each of which was seen."""
    with switch.database.transaction() as session:
        rail = rails.find_rail(session, switch.rail_id)
        open_gate(session, rail)
        made = [SharedGate(switch.database, rail, uuid4()) for _ in range(count)]
    for _ in range(2):  # the second beat knows of all the others
        beat(switch.database, rail, made)
    return rail, made


def beat(database: Database, rail: Rail, made: list[SharedGate]) -> list[int]:
    with database.transaction() as session:
        return [gate.beat(session, rail) for gate in made]


def test_three_workers_together_send_no_faster_than_the_account_allows(switch: Switch) -> None:
    switch.run(rate=50)
    _, made = gates(switch, 3)
    started, sent = time.monotonic(), 0
    while time.monotonic() - started < 1.0:
        waits_s = [gate.delay_s() for gate in made]
        sent += waits_s.count(0.0)
        if 0.0 not in waits_s:
            time.sleep(min(*waits_s, 0.02))
    assert 30 <= sent <= 60


def test_the_room_is_divided_among_those_who_work(switch: Switch) -> None:
    switch.run(concurrency=10)
    rail, made = gates(switch, 3)
    assert sorted(beat(switch.database, rail, made)) == [3, 3, 4]
    with switch.database.transaction() as session:
        made[0].leave(session)
    assert sorted(beat(switch.database, rail, made[1:])) == [5, 5]
    assert made[0].room() == 0


def test_a_slow_answer_halves_the_room_of_all_and_clean_ones_widen_it_by_one(switch: Switch) -> None:
    switch.run(concurrency=16, widens_every_s=600)
    rail, made = gates(switch, 2)
    made[0].heard(SLOW)
    made[0].heard(SLOW)
    assert made[0].room() == 2  # at once, its own
    assert sum(beat(switch.database, rail, made)) in {4, 6, 10}  # told at its beat, learnt by the other at the next
    assert sum(beat(switch.database, rail, made)) == 4

    switch.run(concurrency=16, widens_every_s=0.01)
    with switch.database.transaction() as session:
        rail = rails.find_rail(session, switch.rail_id)
    made[1].heard(FAST)
    time.sleep(0.02)
    beat(switch.database, rail, made)
    assert sum(beat(switch.database, rail, made)) == 5
    for _ in range(8):
        made[0].heard(SLOW)
    beat(switch.database, rail, made)
    assert sum(beat(switch.database, rail, made)) == 1  # never shut


def test_what_stops_an_account_shuts_the_gate_until_it_is_written(switch: Switch) -> None:
    _, (gate,) = gates(switch, 1)
    assert gate.admits("anything")
    gate.heard(Accepted(Progress.SUCCEEDED, stop="account"))
    assert not gate.admits("anything")
    gate.reopen()
    for _ in range(4):
        gate.heard(Unknown(is_sent=True))
    assert gate.admits("anything")
    gate.heard(Unknown(is_sent=True))
    assert not gate.admits("anything")
