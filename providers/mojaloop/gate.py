"""The gate before an account: how many calls at once and how fast, narrower as soon as the adapter slows down."""

import time
from collections.abc import Callable
from typing import Any

from providers.mojaloop.contract import Accepted, AnyAnswer, Rejected, Unknown

DEFAULT_CONCURRENCY, MOST_CONCURRENCY = 10, 200
DEFAULT_RATE_PER_S, MOST_RATE_PER_S = 20.0, 2_000.0
READS_PER_S = 5.0
WIDENS_EVERY_S = 10.0


class Throttle:
    """A `Gate` in memory: halved on a slow answer (never under 1), one wider per 10 s of clean ones, up to the setting.

    Not thread-safe: whoever sends asks it, one at a time. `admits` lets a worker close it for an order whose batch has
    stopped meanwhile.
    """

    def __init__(
        self,
        concurrency: int = DEFAULT_CONCURRENCY,
        rate_per_s: float = DEFAULT_RATE_PER_S,
        admits: Callable[[Any], bool] = lambda _: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.setting = max(1, min(concurrency, MOST_CONCURRENCY))
        self.present = self.setting
        self._interval_s = 1.0 / max(0.1, min(rate_per_s, MOST_RATE_PER_S))
        self._admits = admits
        self._clock = clock
        self._next_at = clock()
        self._clean_since = clock()

    def room(self) -> int:
        """Return how many calls may be out at once, now; the screen shows this number."""
        return self.present

    def delay_s(self) -> float:
        """Take the right to one call and return 0, or return in how many seconds to ask again."""
        now = self._clock()
        if now < self._next_at:
            return self._next_at - now
        # What was not used is lost: a pause is not followed by a burst, beyond one call that came late.
        self._next_at = max(self._next_at, now - self._interval_s) + self._interval_s
        return 0.0

    def admits(self, item: Any) -> bool:
        """Say whether this one may still leave."""
        return self._admits(item)

    def heard(self, answer: AnyAnswer) -> None:
        """Halve on a slow answer; widen by one for every 10 s without any."""
        now = self._clock()
        if isinstance(answer, Accepted | Rejected | Unknown) and answer.is_slow:
            self.present = max(1, self.present // 2)
            self._clean_since = now
        elif now - self._clean_since >= WIDENS_EVERY_S and self.present < self.setting:
            self.present += 1
            self._clean_since = now
