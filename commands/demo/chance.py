"""Seeded chance: the same seed and the same instant give the same demo, down to the identifiers."""

from datetime import datetime
from random import Random
from uuid import UUID

from core.ids import CROCKFORD
from core.security import is_weak_pin

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)


class Chance(Random):
    """A generator that also makes what rows need."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._references: set[str] = set()

    def id_at(self, moment: datetime) -> UUID:
        """Return a UUIDv7 as if made at `moment`."""
        milliseconds = int(moment.timestamp() * 1_000)
        return UUID(int=(milliseconds << 80) | _VERSION_AND_VARIANT | self.getrandbits(12) << 64 | self.getrandbits(62))

    def reference(self, prefix: str) -> str:
        """Return `XX-` and six Crockford characters, each time others."""
        while True:
            number = self.getrandbits(30)
            drawn = prefix + "-" + "".join(CROCKFORD[number >> shift & 31] for shift in (25, 20, 15, 10, 5, 0))
            if drawn not in self._references:
                self._references.add(drawn)
                return drawn

    def digits(self, count: int) -> str:
        """Return `count` digits; leading zeros count."""
        return f"{self.randrange(10**count):0{count}}"

    def pin(self, own_number: str, length: int = 5) -> str:
        """Return a PIN that the rules accept."""
        while is_weak_pin(pin := self.digits(length), own_number):
            pass
        return pin

    def is_true(self, probability: float) -> bool:
        """Say yes with this probability."""
        return self.random() < probability
