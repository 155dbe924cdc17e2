"""Who waits for a connection is served in turn."""

import sqlite3
from collections.abc import Callable
from threading import Thread
from typing import Any, cast

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.util.queue import Empty, Full

from core.fair_pool import FairPool, FairQueue


def make_pool(timeout_s: float = 10) -> FairPool:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(":memory:", check_same_thread=False)

    return FairPool(cast("Any", connect), pool_size=1, max_overflow=0, timeout=timeout_s)


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        pass


def test_a_connection_given_back_goes_to_the_first_who_waits() -> None:
    pool, order = make_pool(), list[str]()

    def take(name: str) -> None:
        connection = pool.connect()
        order.append(name)
        connection.close()

    held = pool.connect()
    threads = []
    for number, name in enumerate(("first", "second", "third"), start=1):
        threads.append(Thread(target=take, args=(name,)))
        threads[-1].start()
        wait_until(lambda number=number: pool._pool.waiting == number)  # type: ignore[misc,attr-defined]
    held.close()
    take("the one who had it")
    for thread in threads:
        thread.join()

    assert order == ["first", "second", "third", "the one who had it"]
    assert (pool.checkedin(), pool.checkedout()) == (1, 0)


def test_who_waited_in_vain_leaves_no_place_behind() -> None:
    pool = make_pool(timeout_s=0.01)
    held = pool.connect()

    with pytest.raises(PoolTimeoutError):
        pool.connect()
    held.close()

    pool.connect().close()
    assert (pool.checkedin(), pool.checkedout()) == (1, 0)
    pool.dispose()
    assert pool.checkedin() == 0


def test_a_queue_holds_what_it_was_made_for() -> None:
    queue: FairQueue[int] = FairQueue(2)
    queue.put(1)
    queue.put_nowait(2)

    assert (queue.qsize(), queue.full(), queue.empty()) == (2, True, False)
    with pytest.raises(Full):
        queue.put(3)
    assert [queue.get(), queue.get_nowait()] == [1, 2]
    with pytest.raises(Empty):
        queue.get_nowait()
    last: FairQueue[int] = FairQueue(2, use_lifo=True)
    last.put(1)
    last.put(2)
    assert last.get() == 2
