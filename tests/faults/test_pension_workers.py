"""Workers of pensions as processes: several at once, killed again and again, stopped in order; nobody is paid twice."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from core import clock
from core.database import Database, driver
from models.pensions import PensionBatch
from tests.builders import pensions
from tests.builders.pensions import Payee, queued
from tests.builders.switch import Switch
from tests.providers.conftest import Fakes, _fake_server, fakes

__all__ = ["_fake_server", "fakes"]

ROOT = Path(__file__).parents[2]
FUNDS_MINOR = 10_000_000_000
TICK_S = 0.1
STOPS_WITHIN_S = 60
# Of a hundred: the answer is lost, the order is repeated on its way, the payee's institution refuses.
LOST, REPEATED, REFUSED = "922", "930", "917"


def misbehaving(count: int) -> list[Payee]:
    """Return payees of whom 5 in 100 lose their answer, 5 are said to be there twice, 2 are refused."""
    tales = {3: LOST, 23: LOST, 43: LOST, 63: LOST, 83: LOST, 13: REPEATED, 33: REPEATED, 53: REPEATED, 73: REPEATED}
    tales |= {93: REPEATED, 18: REFUSED, 68: REFUSED}
    return [Payee(f"+22901{n:05}{tales.get(n % 100, '001')}", 1_000 + n % 7) for n in range(count)]


@dataclass
class Crew:
    """Worker processes at one database."""

    url: str
    hands: list[subprocess.Popen[bytes]] = field(default_factory=list)
    killed: int = 0

    def hire(self, count: int) -> None:
        """Start more workers."""
        settings = {"DATABASE_URL": self.url, "ENVIRONMENT": "test", "LOG_LEVEL": "ERROR", "PENSION_WORKERS": "1"}
        command = [sys.executable, "main.py", "pensions", "work"]
        self.hands += [
            subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=subprocess.DEVNULL)  # noqa: S603
            for _ in range(count)
        ]

    def kill(self, chance: random.Random) -> None:
        """kill -9 of one of them, and another takes its place."""
        victim = self.hands.pop(chance.randrange(len(self.hands)))
        victim.kill()
        victim.wait()
        self.killed += 1
        self.hire(1)

    def dismiss(self) -> list[int]:
        """Stop them in order; return how each one ended."""
        for hand in self.hands:
            hand.terminate()
        return [hand.wait(STOPS_WITHIN_S) for hand in self.hands]


@pytest.fixture
def crew(database: Database) -> Iterator[Crew]:
    made = Crew(database.url)
    yield made
    for hand in made.hands:
        hand.kill()
        hand.wait()


@contextlib.contextmanager
def opened(database: Database, fakes: Fakes) -> Iterator[Switch]:
    """Give a caisse behind the fake, first on everybody's own clock."""
    world = pensions.build(database, funds_minor=0)
    pensions.fund(database, world, world.own, FUNDS_MINOR)
    address = f"{fakes.url}/mojaloop"
    with database.transaction() as session:
        driver(session).execute("update provider_account set base_url = %s", (address,))
    with clock.travel(clock.now()) as traveller:
        switch = Switch(database, world, fakes.kernel, traveller, address)
    switch.run(read_timeout_s=3, inquiry_timeout_s=3, reads_per_s=100)
    yield switch


def wait_for(switch: Switch, batch: PensionBatch, done: int, timeout_s: float) -> None:
    """Wait until that many of a batch's payments are over."""
    ends_at = time.monotonic() + timeout_s
    while time.monotonic() < ends_at:
        row = switch.batch(batch)
        if row["completed_count"] + row["failed_count"] >= done:
            return
        threading.Event().wait(TICK_S)
    raise AssertionError(switch.stages(batch))


def settle(switch: Switch, batch: PensionBatch) -> Counter[str]:
    """Let what the killed ones left come to its end, on a clock that is moved; hold everything together."""
    with clock.travel(clock.now()) as switch.traveller:
        switch.pass_time(timedelta(hours=6), stride=timedelta(minutes=2))
        assert switch.balances()[1] == 0
        assert switch.batch(batch)["completed_at"] is not None
        switch.assert_agrees(batch)
    return Counter(switch.stages(batch))


def test_two_workers_send_one_batch_and_stop_in_order(database: Database, fakes: Fakes, crew: Crew) -> None:
    with opened(database, fakes) as switch:
        batch = queued(database, switch.own, misbehaving(200))
        crew.hire(2)
        wait_for(switch, batch, 200, 120)
        assert crew.dismiss() == [128 + signal.SIGTERM] * 2
        assert switch.stages(batch) == {"COMPLETED": 196, "FAILED": 4}
        assert switch.batch(batch)["stage"] == "PARTIALLY_COMPLETED"
        assert settle(switch, batch).total() == 200


def test_workers_that_are_killed_leave_nobody_paid_twice_and_nobody_out(
    database: Database, fakes: Fakes, crew: Crew
) -> None:
    chance = random.Random(1)  # noqa: S311  # a story, not a secret
    with opened(database, fakes) as switch:
        batch = queued(database, switch.own, misbehaving(600))
        crew.hire(2)
        for done in (60, 150, 300):
            wait_for(switch, batch, done, 120)
            crew.kill(chance)
        wait_for(switch, batch, 450, 120)
        crew.dismiss()
        assert settle(switch, batch) == {"COMPLETED": 588, "FAILED": 12}


@pytest.mark.slow
def test_a_hundred_thousand_payments_while_workers_are_killed(database: Database, fakes: Fakes, crew: Crew) -> None:
    chance = random.Random(2)  # noqa: S311  # idem
    with opened(database, fakes) as switch:
        started = time.monotonic()
        batch = queued(database, switch.own, misbehaving(100_000))
        crew.hire(2)
        for done in range(4_000, 88_000, 4_000):
            wait_for(switch, batch, done, 1_200)
            crew.kill(chance)
        wait_for(switch, batch, 90_000, 1_200)
        crew.dismiss()
        print(f"\n{crew.killed} killed, {90_000 / (time.monotonic() - started):.0f}/s, {switch.stages(batch)}")  # noqa: T201  # a figure
        assert settle(switch, batch) == {"COMPLETED": 98_000, "FAILED": 2_000}
