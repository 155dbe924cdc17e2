"""The one place that reads the time.

Every instant is aware and in UTC. Tests and vector runners move the clock with `travel`; nothing else may.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(slots=True)
class _Shift:
    start: datetime | None = None
    offset: timedelta = timedelta(0)


_shift = _Shift()


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return (_shift.start or datetime.now(UTC)) + _shift.offset


def today(zone: str = "UTC") -> date:
    """Return the calendar day in `zone` (an IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def travel(start: datetime) -> Iterator["Traveller"]:
    """Freeze the clock at `start` until the block ends; move it with `advance`."""
    saved = (_shift.start, _shift.offset)
    _shift.start, _shift.offset = start, timedelta(0)
    try:
        yield Traveller()
    finally:
        _shift.start, _shift.offset = saved


class Traveller:
    """Moves a frozen clock."""

    def advance(self, seconds: float) -> None:
        """Move the clock `seconds` forward."""
        _shift.offset += timedelta(seconds=seconds)
