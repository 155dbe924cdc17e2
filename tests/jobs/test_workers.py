"""Workers: woken by the bell, looking by themselves, stopped clean; and lanes in which nobody waits for another."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import UUID

from core import clock, ids, live
from core.database import Database, Session, driver
from jobs import worker
from jobs.lanes import Lanes
from jobs.transfers import Reading, Submitting
from jobs.worker import Worker
from tests.builders.transfers import BEN, METHOD, NOW, Scripted, add_account, build, speaking

SOON_S = 5.0


@contextmanager
def working(*workers: Worker) -> Iterator[None]:
    worker.start(workers)
    try:
        yield
    finally:
        worker.stop()


def test_the_bell_wakes_the_workers_of_its_topic_only(database: Database) -> None:
    called = {"transfers": threading.Semaphore(0), "messages": threading.Semaphore(0)}

    def look(topic: str) -> int:
        called[topic].release()
        return 0

    workers = [Worker(topic, partial(look, topic), topic, idle_s=600) for topic in called]
    live.start()
    try:
        with working(*workers):
            for semaphore in called.values():  # at their start, and perhaps again when the ear began to listen
                assert semaphore.acquire(timeout=SOON_S)
                while semaphore.acquire(timeout=0.3):
                    pass
            live.ring("transfers")
            assert called["transfers"].acquire(timeout=SOON_S)
            assert not called["messages"].acquire(timeout=0.2)
    finally:
        live.stop()
    assert database.url


def test_a_step_that_did_something_is_called_again_at_once_and_one_that_fails_later(database: Database) -> None:
    left = [3, 2, 1]
    is_idle = threading.Event()

    def step() -> int:
        if left:
            return left.pop()
        if is_idle.is_set():
            return 0
        is_idle.set()
        raise RuntimeError("a bug")

    busy = Worker("busy", step, "nothing", idle_s=600)
    with working(busy):
        assert is_idle.wait(SOON_S)
    assert left == []
    assert database.url


def test_a_worker_looks_by_itself(database: Database) -> None:
    looks = threading.Semaphore(0)

    def step() -> int:
        looks.release()
        return 0

    with working(Worker("idle", step, "nothing", idle_s=0.01, threads=2)):
        for _ in range(10):
            assert looks.acquire(timeout=SOON_S)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("idle-")]
    assert database.url


def test_a_lane_is_as_wide_as_it_says() -> None:
    account, other = ids.new_id(), ids.new_id()
    go, ended = threading.Event(), threading.Semaphore(0)
    lanes = Lanes("try", 2, ended.release)
    lanes.run(account, partial(_wait_for, go))
    lanes.run(account, _fail)

    assert ended.acquire(timeout=SOON_S)
    assert (lanes.free(account), lanes.free(other)) == (1, 2)
    assert not lanes.wait(0.01)
    go.set()
    assert lanes.wait(SOON_S)
    assert lanes.free(account) == 2


def test_a_provider_that_hangs_delays_nobody_else(database: Database) -> None:
    hanging, quick = Scripted("wave"), Scripted("mtn")
    release, sent = threading.Event(), threading.Semaphore(0)
    hanging.before_answer = lambda _order: _wait_for(release)
    quick.before_answer = lambda _order: sent.release()
    with clock.travel(NOW) as traveller, speaking(hanging, quick):
        house = build(database, traveller, hanging)
        stuck = [house.recharge(amount=10) for _ in range(30)]
        with database.transaction() as session:
            _move_routes(session, add_account(session, "mtn", "quick", rank=0))
        submitting, reading = Submitting(lambda: database), Reading(lambda: database)
        with working(submitting.worker, reading.worker):
            assert _wait(lambda: len(hanging.sent) == 8)
            moving = [house.recharge(phone=BEN, amount=10) for _ in range(5)]
            submitting.worker.wake()
            for _ in moving:
                assert sent.acquire(timeout=2)
            assert _wait(lambda: {house.state(one) for one in moving} == {"pending"})
            traveller.advance(7)
            reading.worker.wake()
            assert _wait(lambda: {house.state(one) for one in moving} == {"succeeded"})
            assert len(hanging.sent) == 8
            release.set()
            assert _wait(lambda: len(hanging.sent) == 30)
            assert submitting.lanes.wait(SOON_S)
        assert {house.state(one) for one in stuck} <= {"pending", "succeeded"}
        house.assert_books_hold()


def _move_routes(session: Session, account_id: UUID) -> None:
    driver(session).execute("delete from provider_route where method = %s and account_id <> %s", (METHOD, account_id))


def _wait_for(event: threading.Event) -> None:
    event.wait(30)


def _fail() -> None:
    raise RuntimeError("a bug")


def _wait(is_so: Callable[[], bool]) -> bool:
    """Look until it is so, for five seconds at most."""
    for _ in range(500):
        if is_so():
            return True
        threading.Event().wait(0.01)
    return False
