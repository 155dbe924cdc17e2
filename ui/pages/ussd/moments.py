"""Instants in a form: what a field of day and hour shows, and what was written in it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ui.labels import zone


def written(instant: datetime | None) -> str:
    """Return an instant as a field of day and hour holds it, on the clocks of this installation."""
    return instant.astimezone(ZoneInfo(zone())).strftime("%Y-%m-%dT%H:%M") if instant else ""


def read(text: str) -> datetime | None:
    """Return what a field of day and hour says; None when it is empty."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone())).astimezone(UTC) if text else None
