"""Batches that are followed: one read at each change, whoever many follow; nobody who waits holds a thread.

The process's one ear says which batch changed. A batch that is followed has one task of its own, which reads the row
at most four times a second, and every fifteen seconds in case a word was missed.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy import exc

from api.pensions import shapes
from core import listening
from core.database import get_database
from core.listening import WHATEVER_WAS_MISSED, News
from services.pensions import reading
from services.pensions.counters import batch_topic
from services.pensions.shapes import BatchRow

SHORTEST_INTERVAL_S = 0.25
NET_S = 15.0
WOKEN_AT_ONCE = 20

K = TypeVar("K")

_log = structlog.get_logger(__name__)

# A few threads for all the batches that are followed: the others are for people.
_readers = CapacityLimiter(4)


class Feed:
    """One batch as it was last read, and a way to wait until it is another version."""

    def __init__(self, batch: BatchRow) -> None:
        self.follower_count = 0
        self._for_change: list[asyncio.Future[None]] = []
        self._for_end: list[asyncio.Future[None]] = []
        self._is_stale = asyncio.Event()
        self._take(batch)
        self._reading = asyncio.create_task(self._read_on(batch.id), name=f"feed {batch.bulk_id}")

    def refresh(self) -> None:
        """Read the batch again soon."""
        self._is_stale.set()

    def join(self, batch: BatchRow) -> None:
        """Take one more follower, and the batch as he read it; it is read again in case it changed since."""
        self.follower_count += 1
        self._offer(batch)
        self.refresh()

    def close(self) -> None:
        """Stop reading."""
        self._reading.cancel()

    async def wait_for_change(self, version: str, timeout_s: float) -> bool:
        """Say whether the batch is another version than `version` within the time."""
        if self.version == version:
            await _wait_in(self._for_change, timeout_s)
        return self.version != version

    async def wait_for_end(self, timeout_s: float) -> bool:
        """Say whether the batch is over within the time; nothing else wakes who waits so."""
        if not self.batch.is_over:
            await _wait_in(self._for_end, timeout_s)
        return self.batch.is_over

    def _offer(self, batch: BatchRow) -> None:
        if batch.version > self.batch.version:
            self._take(batch)

    def _take(self, batch: BatchRow) -> None:
        """Write the event once for all who follow."""
        self.batch = batch
        self.version = str(batch.version)
        self.event = event(shapes.progress(batch), number=self.version)

    async def _read_on(self, batch_id: UUID) -> None:
        told = self.version
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(NET_S):
                    await self._is_stale.wait()
            self._is_stale.clear()
            try:
                self._offer(await to_thread.run_sync(_read, batch_id, limiter=_readers))
            except (exc.SQLAlchemyError, psycopg.Error) as error:
                _log.warning("feed.unread", error=type(error).__name__)
            if told != self.version:
                told = self.version
                await self._wake()
            await asyncio.sleep(SHORTEST_INTERVAL_S)

    async def _wake(self) -> None:
        """Wake those who wait, a few at each turn of the loop, so that the calls of others pass in between."""
        woken = [*self._for_change, *(self._for_end if self.batch.is_over else ())]
        self._for_change.clear()
        for first in range(0, len(woken), WOKEN_AT_ONCE):
            for one in woken[first : first + WOKEN_AT_ONCE]:
                if not one.done():
                    one.set_result(None)
            await asyncio.sleep(0)


async def _wait_in(line: list[asyncio.Future[None]], timeout_s: float) -> None:
    """Wait in line until woken, at most so long."""
    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    line.append(woken)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await woken
    finally:
        with suppress(ValueError):  # whoever woke the line has cleared it
            line.remove(woken)


class Feeds:
    """The batches followed on one event loop."""

    def __init__(self) -> None:
        self._by_topic: dict[str, Feed] = {}
        self._leave = listening.join(self._hear)

    @contextmanager
    def follow(self, batch: BatchRow) -> Iterator[Feed]:
        """Follow a batch that was just read; the last to leave stops the reading."""
        topic = batch_topic(batch.id)
        if topic not in self._by_topic:
            self._by_topic[topic] = Feed(batch)
        feed = self._by_topic[topic]
        feed.join(batch)
        try:
            yield feed
        finally:
            feed.follower_count -= 1
            if not feed.follower_count:
                feed.close()
                del self._by_topic[topic]

    def _hear(self, news: News) -> None:
        if news == WHATEVER_WAS_MISSED:
            for feed in self._by_topic.values():
                feed.refresh()
        elif (followed := self._by_topic.get(str(news.get("topic")))) is not None:
            followed.refresh()


class Places(Generic[K]):
    """So many at a time for each key."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: Counter[K] = Counter()

    def take(self, key: K) -> bool:
        """Take a place, if there is one."""
        if self._taken[key] >= self.most:
            return False
        self._taken[key] += 1
        return True

    def leave(self, key: K) -> None:
        """Give a place back."""
        self._taken[key] -= 1
        if not self._taken[key]:
            del self._taken[key]


def event(data: dict[str, Any], *, kind: str = "", number: str = "") -> bytes:
    """Write one server-sent event."""
    head = (f"event: {kind}\n" if kind else "") + (f"id: {number}\n" if number else "")
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Feeds] = WeakKeyDictionary()


def here() -> Feeds:
    """Return the feeds of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _by_loop:
        _by_loop[loop] = Feeds()
    return _by_loop[loop]


def _read(batch_id: UUID) -> BatchRow:
    with get_database().transaction() as session:
        return reading.find_batch(session, batch_id)
