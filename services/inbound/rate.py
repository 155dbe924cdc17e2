"""How many callbacks a stranger may send: a bucket for each address, in this process only.

It protects this process; what is exact about callbacks is in the database.
"""

import threading
from collections import OrderedDict
from time import monotonic

MOST_ADDRESSES = 10_000


class Buckets:
    """One bucket an address, full at first, refilled at `rate_per_s`; the least recently seen are forgotten."""

    def __init__(self, *, rate_per_s: float, burst: int) -> None:
        self._rate_per_s, self._burst = rate_per_s, burst
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> bool:
        """Take one drop from the bucket of an address; false when it is empty."""
        now = monotonic()
        with self._lock:
            level, seen = self._levels.pop(address, (float(self._burst), now))
            level = min(level + (now - seen) * self._rate_per_s, self._burst)
            is_allowed = level >= 1
            self._levels[address] = (level - 1 if is_allowed else level, now)
            if len(self._levels) > MOST_ADDRESSES:
                self._levels.popitem(last=False)
        return is_allowed

    def forget(self) -> None:
        """Begin again with full buckets."""
        with self._lock:
            self._levels.clear()
