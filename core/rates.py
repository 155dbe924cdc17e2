"""Shares that may be unknown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with what it was counted from; without a denominator there is no rate, and never 0 %."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The share, or None when there was nothing to count."""
        return self.numerator / self.denominator if self.denominator else None
