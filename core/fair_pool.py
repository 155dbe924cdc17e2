"""A pool of connections that serves whoever waits in the order they came.

SQLAlchemy's own lets a thread that gives a connection back take it again before those who wait have woken: under load
some wait until their time is up while others go round and round.
"""

from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.util.queue import Empty, Full, QueueCommon

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Waiter(Generic[T]):
    bell: Lock = field(default_factory=Lock)
    items: list[T] = field(default_factory=list)


class FairQueue(QueueCommon[T]):
    """Hands what comes back straight to the first who waits."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = False) -> None:  # noqa: FBT001, FBT002  # SQLAlchemy's signature
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self._items: deque[T] = deque()
        self._waiters: deque[_Waiter[T]] = deque()
        self._mutex = Lock()

    @property
    def waiting(self) -> int:
        """Return how many wait."""
        return len(self._waiters)

    def qsize(self) -> int:
        """Return how many items lie here."""
        return len(self._items)

    def empty(self) -> bool:
        """Say whether nothing lies here."""
        return not self._items

    def full(self) -> bool:
        """Say whether no more items fit."""
        return 0 < self.maxsize <= len(self._items)

    def put_nowait(self, item: T) -> None:
        """Give an item to the first who waits, else keep it; raise `Full` when it does not fit."""
        with self._mutex:
            if self._waiters:
                waiter = self._waiters.popleft()
                waiter.items.append(item)
                waiter.bell.release()
            elif self.full():
                raise Full
            else:
                self._items.append(item)

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002, FBT001, FBT002  # idem
        """Do as `put_nowait`: a pool never waits to give back."""
        self.put_nowait(item)

    def get_nowait(self) -> T:
        """Take an item, or raise `Empty`."""
        return self.get(block=False)

    def get(self, block: bool = True, timeout: float | None = None) -> T:  # noqa: FBT001, FBT002  # idem
        """Take an item, after those who asked before; raise `Empty` when none came within `timeout` seconds."""
        with self._mutex:
            if self._items:
                return self._items.pop() if self.use_lifo else self._items.popleft()
            if not block:
                raise Empty
            waiter: _Waiter[T] = _Waiter()
            waiter.bell.acquire()
            self._waiters.append(waiter)
        if not waiter.bell.acquire(timeout=-1 if timeout is None else timeout):
            with self._mutex:
                if not waiter.items:  # else it was handed over in the last instant
                    self._waiters.remove(waiter)
                    raise Empty
        return waiter.items[0]


class FairPool(QueuePool):
    """SQLAlchemy's pool over a queue that is one."""

    _queue_class: type[QueueCommon[ConnectionPoolEntry]] = FairQueue
