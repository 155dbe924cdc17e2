"""Instants as providers write them: one function in. A year that no payment is of is no instant."""

from datetime import datetime
from typing import Any

# Nearer to the ends of the calendar, a zone or ten minutes more are beyond what a row, or Python, can hold.
FIRST_YEAR, LAST_YEAR = 2000, 2099


def parse_instant(raw: Any) -> datetime | None:
    """Read an ISO 8601 instant that says its offset; None for anything else."""
    try:
        at = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
    is_sound = at is not None and at.tzinfo is not None and FIRST_YEAR <= at.year <= LAST_YEAR
    return at if is_sound else None
