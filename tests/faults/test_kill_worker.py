"""kill -9 of the worker at each point of a submission: no second execution, nothing lost, open ones in the queue."""

import random
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from core import clock
from core.database import Database
from services.transfers import faults
from tests.api.conftest import doors
from tests.builders.country import Country, assert_books_hold, compare, opened

__all__ = ["doors"]

ROOT = Path(__file__).parents[2]
POINTS = (faults.CLAIMED, faults.ANSWERED, faults.SAVING)
EACH = 4
DIES_WITHIN_S = 120


def kill_worker(country: Country, point: str, hit: int) -> None:
    """Let a worker's process send what is due and kill itself at a point."""
    url = country.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.faults.victim", url, point, str(hit), clock.now().isoformat()]
    died = subprocess.run(command, cwd=ROOT, timeout=DIES_WITHIN_S, check=False, capture_output=True)  # noqa: S603
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()


def rounds(country: Country, count: int, seed: int) -> None:
    """Kill `count` workers, each amid a few transfers, let the next one take over, and check after each."""
    chance = random.Random(seed)  # noqa: S311  # a story, not a secret
    for n in range(count):
        country.ask(EACH)
        kill_worker(country, POINTS[n % len(POINTS)], chance.randint(1, EACH))
        country.run(timedelta(minutes=30))
        verdict = compare(country)
        assert verdict.twice == []
        assert verdict.lost == []


def settle(country: Country) -> None:
    """Let the rest of the schedules pass and compare everything."""
    country.run(timedelta(days=3))
    country.reconcile()
    verdict = compare(country)
    assert (verdict.twice, verdict.lost, verdict.unexplained, verdict.not_in_queue) == ([], [], [], [])
    assert verdict.difference_minor == {}
    assert_books_hold(country)


def test_a_worker_killed_at_each_point_executes_nothing_twice(database: Database, doors: TestClient) -> None:
    with opened(database, doors, 1, {}, people_each=2) as country:
        rounds(country, len(POINTS), 1)
        settle(country)
        assert set(country.states()) <= {"succeeded", "failed", "expired", "unknown"}
        assert country.states().count("succeeded") >= EACH


@pytest.mark.slow
def test_two_hundred_workers_killed_execute_nothing_twice(database: Database, doors: TestClient) -> None:
    with opened(database, doors, 1, people_each=30) as country:
        rounds(country, 200, 2)
        settle(country)
