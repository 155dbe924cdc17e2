"""kill -9 of PostgreSQL while pensions leave: workers find it again, nobody is paid twice, every batch ends."""

import threading
import time
from collections.abc import Callable

import pytest

from core import clock
from core.database import use_database
from jobs.pensions import Office
from services.pensions.dispatch import desk as desks
from tests.builders.pensions import numbers, queued
from tests.faults.test_kill_postgresql import Crash, crash
from tests.faults.test_pension_workers import opened, settle, wait_for
from tests.providers.conftest import Fakes, _fake_server, fakes

__all__ = ["_fake_server", "crash", "fakes"]

COUNT = 120


def at_work(office: Office) -> Callable[[], None]:
    """Let an office work; return what stops it."""
    for worker in office.workers:
        worker.start()

    def stop() -> None:
        for worker in office.workers:
            worker.stop()
        office.finish(10)

    return stop


@pytest.mark.slow
def test_a_database_that_is_killed_costs_time_and_no_money(crash: Crash, fakes: Fakes) -> None:
    database = use_database(crash.bank.database.url, 20)
    with opened(database, fakes) as switch:
        batch = queued(database, switch.own, numbers(*["001"] * COUNT))
        stop = at_work(Office(lambda: database))
        for done in (COUNT // 10, COUNT // 2):
            wait_for(switch, batch, done, 60)
            crash.kill()
            threading.Event().wait(0.2)
            crash.restart()
            database.engine.dispose()
            time.sleep(desks.RETRY_S)
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and len(switch.book) < COUNT:
            threading.Event().wait(0.1)
        stop()
        assert settle(switch, batch) == {"COMPLETED": COUNT}
        assert clock.now() > switch.batch(batch)["created_at"]
    database.dispose()
