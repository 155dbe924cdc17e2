"""What a fake keeps for whoever checks: the book of what really moved, and the calls it received."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

MovementKind = Literal["collect", "payout", "refund", "reversal", "unasked", "message"]


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that really happened at the provider; `payment_id` is the id the order came with."""

    adapter: str
    kind: MovementKind
    payment_id: str
    reference: str
    party: str
    amount_minor: int
    currency: str
    at: datetime
    provider_ref: str = ""
    fee_minor: int = 0

    def as_document(self) -> dict[str, Any]:
        """Return it for the control API."""
        return {**asdict(self), "at": self.at.isoformat()}


class Book:
    """Every movement, in the order it happened; nothing leaves it but by a reset."""

    def __init__(self) -> None:
        self._movements: list[Movement] = []

    def add(self, movement: Movement) -> None:
        """Write a movement."""
        self._movements.append(movement)

    def clear(self) -> None:
        """Begin a new book."""
        self._movements.clear()

    def of(self, payment_id: str) -> list[Movement]:
        """Return what moved under one id of ours."""
        return [movement for movement in self._movements if movement.payment_id == payment_id]

    def __iter__(self) -> Iterator[Movement]:
        return iter(tuple(self._movements))

    def __len__(self) -> int:
        return len(self._movements)


@dataclass(frozen=True, slots=True)
class Received:
    """One call a fake received, redacted."""

    adapter: str
    method: str
    path: str
    body: str
    at: datetime
    status: int | None

    def as_document(self) -> dict[str, Any]:
        """Return it for the control API."""
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Sent:
    """One callback a fake sent, and what came back: a status, or why there was none."""

    adapter: str
    payment_id: str
    url: str
    is_forged: bool
    at: datetime
    status: int | None
    error: str = ""

    def as_document(self) -> dict[str, Any]:
        """Return it for the control API."""
        return {**asdict(self), "at": self.at.isoformat()}
