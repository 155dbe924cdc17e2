"""Counts kept in buckets that grow by a constant factor, what is read off them, and how sure a share is."""

from dataclasses import dataclass
from math import sqrt

from core.rates import Rate
from models.ussd_figures import ANSWER_LEAST_US, ANSWER_STEPS, WAIT_LEAST_S, WAIT_STEPS

NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Scale:
    """Where buckets begin: `least`, then `steps` of them to each doubling."""

    least: float
    steps: int

    def at(self, place: float) -> float:
        """Return the value at a place; whole places are where buckets begin."""
        return float(self.least * 2 ** (place / self.steps))


ANSWERS = Scale(ANSWER_LEAST_US, ANSWER_STEPS)  # microseconds
WAITS = Scale(WAIT_LEAST_S, WAIT_STEPS)  # seconds


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many measures fell in each bucket."""

    scale: Scale
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many measures there are."""
        return sum(self.counts)

    def quantile(self, share: float) -> float | None:
        """Return the value `share` of the measures stay under, within a bucket by its place; None without measures."""
        wanted, before = self.total * share, 0
        for place, number in enumerate(self.counts):
            if number and before + number >= wanted:
                return self.scale.at(place + (wanted - before) / number)
            before += number
        return None


def wilson(rate: Rate) -> tuple[float, float] | None:
    """Return the 95 % interval of Wilson around a share; None without a denominator."""
    if rate.value is None:
        return None
    total, share, squared = rate.denominator, rate.value, NORMAL_95**2
    middle = (share + squared / (2 * total)) / (1 + squared / total)
    half = NORMAL_95 / (1 + squared / total) * sqrt(share * (1 - share) / total + squared / (4 * total**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)
