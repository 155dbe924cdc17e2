"""Every minute: the hourly counters of USSD, and the hours that were missed."""

from threading import Event

from core.database import get_database
from core.i18n import t
from jobs.job import Job, every
from services import rollups

HOURS_AT_ONCE = 24
TIMEOUT_MS = 60_000


def work(over: Event) -> str:
    """Count every due hour, oldest first, a day in a transaction."""
    with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
        due = rollups.list_due_hours(session)
    written = 0
    for first in range(0, len(due), HOURS_AT_ONCE):
        if over.is_set():
            break
        with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
            written += rollups.roll_up(session, due[first : first + HOURS_AT_ONCE])
    return t("Heures comptées : {hours}, compteurs : {rows}.").format(hours=len(due), rows=written)


_PERIOD, _TRIGGER = every(60)
JOB = Job("rollups", "Compter l'usage USSD par heure", "toutes les minutes", _PERIOD, _TRIGGER, work)
