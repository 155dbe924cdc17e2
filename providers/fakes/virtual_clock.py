"""The clock of the fakes: ours, plus what was advanced; what is due happens at its instant, in its order."""

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core import clock

LONGEST_WAIT_S = 1.0


@dataclass(order=True)
class _Due:
    at: datetime
    n: int
    act: Callable[[], None] = field(compare=False)


class Clock:
    """Time that a test moves; `run` lets it pass by itself."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self._offset = timedelta()
        self._heap: list[_Due] = []
        self._n = itertools.count()
        self._lock = threading.RLock()
        self._due = threading.Condition(self._lock)
        self._stopped = threading.Event()
        self._advancing = threading.Lock()

    def forget(self) -> None:
        """Drop what was to happen and come back to our own time."""
        with self._lock:
            self._heap.clear()
            self._offset = timedelta()

    def now(self) -> datetime:
        """Return the fakes' present: ours, plus what was advanced."""
        return clock.now() + self._offset

    def later(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something when `delay_s` have passed on the fakes' clock."""
        with self._due:
            heapq.heappush(self._heap, _Due(self.now() + timedelta(seconds=delay_s), next(self._n), act))
            self._due.notify_all()

    def advance(self, seconds: float) -> int:
        """Move the clock, doing what falls due in its order and at its instant; return how many things were done."""
        with self._advancing:
            return self._advance(seconds)

    def _advance(self, seconds: float) -> int:
        target = self.now() + timedelta(seconds=seconds)
        done = 0
        while (due := self._pop(target)) is not None:
            with self._lock:
                self._offset += max(due.at - self.now(), timedelta())
            due.act()
            done += 1
        with self._lock:
            self._offset += max(target - self.now(), timedelta())
        return done

    def next_due(self) -> datetime | None:
        """Return when something happens next by itself; None when nothing is planned."""
        with self._lock:
            return self._heap[0].at if self._heap else None

    def catch_up(self) -> None:
        """Do what is due already, unless that is being done: what happens now may itself call a fake."""
        if self._advancing.acquire(blocking=False):
            try:
                self._advance(0)
            finally:
                self._advancing.release()

    def run(self) -> None:
        """Do what falls due, when it does, until `stop`: the loop of the server's clock thread."""
        while not self._stopped.is_set():
            due = self._pop(self.now())
            if due is not None:
                threading.Thread(target=due.act, daemon=True, name="fake-act").start()
                continue
            with self._due:
                wait_s = min((self._heap[0].at - self.now()).total_seconds(), 1.0) if self._heap else 1.0
                if wait_s > 0 and not self._stopped.is_set():
                    self._due.wait(wait_s)

    def stop(self) -> None:
        """End `run` and whoever waits."""
        self._stopped.set()
        with self._due:
            self._due.notify_all()

    def wait(self, seconds: float) -> None:
        """Let an answer be slow: `seconds` at this server's pace."""
        self._stopped.wait(seconds * self.pace)

    def _pop(self, until: datetime) -> _Due | None:
        with self._lock:
            return heapq.heappop(self._heap) if self._heap and self._heap[0].at <= until else None
