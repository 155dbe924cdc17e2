"""How fast a batch goes, from what this page saw of it: nothing is asked of the database for it."""

from collections import deque
from datetime import datetime, timedelta

WINDOW = timedelta(seconds=60)
SHORTEST = timedelta(seconds=2)


class Pace:
    """What was done at which instant, over the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[datetime, int]] = deque()

    def see(self, at: datetime, done: int) -> None:
        """Note that `done` payments had their answer at an instant; the oldest note beyond the window goes."""
        if self._seen and self._seen[-1][1] == done and len(self._seen) > 1 and self._seen[-2][1] == done:
            self._seen.pop()  # nothing came: the pause counts, its steps do not
        self._seen.append((at, done))
        while len(self._seen) > 2 and at - self._seen[1][0] >= WINDOW:  # noqa: PLR2004  # two make a rate
            self._seen.popleft()

    @property
    def per_s(self) -> float:
        """Return how many a second; 0 while nothing is known."""
        if len(self._seen) < 2:  # noqa: PLR2004  # two make a rate
            return 0.0
        (first_at, first), (last_at, last) = self._seen[0], self._seen[-1]
        lasted = last_at - first_at
        return (last - first) / lasted.total_seconds() if lasted >= SHORTEST else 0.0

    def end(self, left: int) -> datetime | None:
        """Return when the rest will be done at this pace; None while nothing moves."""
        if self.per_s <= 0 or not left:
            return None
        return self._seen[-1][0] + timedelta(seconds=left / self.per_s)
