"""kill -9 of pension workers, at each point of a sending: nobody is paid twice, nothing is lost, every batch ends."""

import random
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from core import clock
from services.pensions.dispatch import faults, health, sweeping
from tests.builders.pensions import numbers, queued
from tests.builders.switch import Switch
from tests.services.pensions.dispatch.conftest import _fake_server, fakes, switch

__all__ = ["_fake_server", "fakes", "switch"]

ROOT = Path(__file__).parents[2]
POINTS = (faults.CLAIMED, faults.LEAVING, faults.ANSWERED, faults.SAVING, faults.SAVED)
# Paid at once; slowly; without an answer; not at all; refused; late; never received.
TALES = ("001", "900", "922", "901", "917", "926", "923", "002")
DIES_WITHIN_S = 60
LONG = timedelta(hours=6)


def kill_worker(switch: Switch, point: str, hit: int) -> None:
    """Let a worker's process send what is due and kill itself at a point."""
    command = [sys.executable, "-m", "tests.faults.pension_victim", switch.database.url, point, str(hit)]
    died = subprocess.run(  # noqa: S603
        [*command, clock.now().isoformat()], cwd=ROOT, timeout=DIES_WITHIN_S, check=False, capture_output=True
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()


def rounds(switch: Switch, points: Sequence[str], seed: int) -> None:
    """Kill a worker at each point, each amid a batch; let the next one take over, and check after each."""
    chance = random.Random(seed)  # noqa: S311  # a story, not a secret
    health.probe_due(switch.database, switch.rail)
    for n, point in enumerate(points):
        batch = queued(switch.database, switch.own, numbers(*TALES), cycle=f"{2000 + n}-01")
        assert sweeping.begin_due(switch.database) == 1
        kill_worker(switch, point, chance.randint(1, len(TALES)) if point == faults.LEAVING else 1)
        switch.pass_time(LONG)
        assert switch.batch(batch)["stage"] == "PARTIALLY_COMPLETED"
        assert switch.stages(batch) == {"COMPLETED": 6, "FAILED": 2}
        assert switch.balances()[1] == 0
        switch.assert_agrees(batch)


@pytest.mark.parametrize(("mode", "points"), [("one_step", POINTS[:3]), ("two_step", POINTS[2:])])
def test_a_worker_killed_at_each_point_pays_nobody_twice(switch: Switch, mode: str, points: tuple[str, ...]) -> None:
    switch.run(mode)
    rounds(switch, points, 1)
    assert len(switch.book) == 6 * len(points)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["one_step", "two_step"])
def test_two_hundred_workers_killed_pay_nobody_twice(switch: Switch, mode: str) -> None:
    switch.run(mode)
    rounds(switch, POINTS * 20, 2)
