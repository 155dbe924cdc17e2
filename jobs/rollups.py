"""Every minute: the hourly counters and figures of USSD, and the hours that were missed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event

from core import live
from core.database import Session, get_database
from core.i18n import t
from jobs.job import Job, every
from services import rollups

HOURS_AT_ONCE = 24
TIMEOUT_MS = 60_000


def work(over: Event) -> str:
    """Count every due hour, oldest first, a day in a transaction."""
    hours, rows = _count(over, rollups.list_due_hours, rollups.roll_up)
    _, cells = _count(over, rollups.list_due_figures, rollups.count_figures)
    if cells:
        live.ring("ussd-figures")
    return t("Heures comptées : {hours}, compteurs : {rows}.").format(hours=hours, rows=rows)


def _count(
    over: Event,
    list_due: Callable[[Session], list[datetime]],
    count: Callable[[Session, Sequence[datetime]], int],
) -> tuple[int, int]:
    with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
        due = list_due(session)
    written = 0
    for first in range(0, len(due), HOURS_AT_ONCE):
        if over.is_set():
            break
        with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
            written += count(session, due[first : first + HOURS_AT_ONCE])
    return len(due), written


_PERIOD, _TRIGGER = every(60)
JOB = Job("rollups", "Compter l'usage USSD par heure", "toutes les minutes", _PERIOD, _TRIGGER, work)
