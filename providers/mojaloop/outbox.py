"""Many calls at once behind one gate: put in, take out. The caller's thread decides what leaves, the loop waits."""

import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

from providers.mojaloop.contract import Gate, Unknown, Withheld
from providers.mojaloop.loop import Loop

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_LONGEST_WAIT_S = 1.0
_READ_AHEAD = 256


class Outbox(Generic[Item, Answer]):
    """Items that leave as the gate allows. `is_alone`: while such an item is out, nothing else is.

    For one thread. An item that the gate does not admit comes back as `Withheld`: nothing of it was sent.
    """

    def __init__(
        self,
        loop: Loop,
        work: Callable[[Item], Coroutine[Any, Any, Answer]],
        gate: Gate,
        is_alone: Callable[[Item], bool],
    ) -> None:
        self._loop = loop
        self._work = work
        self._gate = gate
        self._is_alone = is_alone
        self._waiting: deque[Item] = deque()
        self._answers: SimpleQueue[tuple[Item, Answer]] = SimpleQueue()
        self._came: list[tuple[Item, Answer | Withheld]] = []
        self._has_lone_one = False
        self.out = 0

    @property
    def waiting(self) -> int:
        """Return how many have not left yet."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is out."""
        return not (self._waiting or self.out or self._came)

    def put(self, *items: Item) -> None:
        """Let these leave when the gate allows; the caller's `take` is what sends."""
        self._waiting.extend(items)

    def take(self, timeout_s: float) -> list[tuple[Item, Answer | Withheld]]:
        """Send what may leave and return what has come back, waiting for a first answer at most `timeout_s`."""
        ends_at = time.monotonic() + timeout_s
        while True:
            delay_s = self._send()
            came = self._collect()
            remaining_s = ends_at - time.monotonic()
            if came or self.is_idle or remaining_s <= 0:
                return came
            try:
                self._hear(self._answers.get(timeout=min(remaining_s, delay_s)))
            except Empty:
                continue

    def _send(self) -> float:
        """Send as long as the gate allows; return in how many seconds to try again."""
        while self._waiting and self.out < self._gate.room() and not self._has_lone_one:
            item = self._waiting[0]
            is_alone = self._is_alone(item)
            if is_alone and self.out:
                break
            delay_s = self._gate.delay_s()
            if delay_s > 0:
                return delay_s
            self._waiting.popleft()
            if not self._gate.admits(item):
                self._came.append((item, Withheld()))
                continue
            self.out += 1
            self._has_lone_one = is_alone
            self._loop.submit(self._work(item)).add_done_callback(self._teller(item))
        return _LONGEST_WAIT_S

    def _teller(self, item: Item) -> Callable[["Future[Answer]"], None]:
        def tell(done: "Future[Answer]") -> None:
            error = done.exception()
            # A bug of ours while a call was out: whether it arrived, nobody knows.
            doubt = Unknown(is_sent=True, detail=type(error).__name__)
            self._answers.put((item, cast("Answer", doubt) if error else done.result()))

        return tell

    def _hear(self, pair: tuple[Item, Answer]) -> None:
        self.out -= 1
        self._has_lone_one = False
        self._gate.heard(pair[1])  # type: ignore[arg-type]
        self._came.append(pair)

    def _collect(self) -> list[tuple[Item, Answer | Withheld]]:
        while True:
            try:
                self._hear(self._answers.get_nowait())
            except Empty:
                came, self._came = self._came, []
                return came


def drain(box: Outbox[Item, Answer], items: Iterable[Item]) -> Iterator[tuple[Item, Answer | Withheld]]:
    """Send `items` and yield every answer; of a deque, also what is appended to it meanwhile."""
    feed = items if isinstance(items, deque) else _Feed(items)
    while True:
        while box.waiting < _READ_AHEAD and feed:
            box.put(feed.popleft())
        yield from box.take(_LONGEST_WAIT_S)
        if box.is_idle and not feed:
            return


class _Feed(Generic[Item]):
    """An iterable read one ahead, so that a million items never stand in memory."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)
        self._next: list[Item] = []

    def __bool__(self) -> bool:
        if not self._next:
            self._next.extend(islice(self._items, 1))
        return bool(self._next)

    def popleft(self) -> Item:
        """Return the next item; ask for its truth first."""
        return self._next.pop()
