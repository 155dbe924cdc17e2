"""Notices go to the outbox, stopped ones leave it, surveys whose time is over close."""

from threading import Event

from core.database import Database, get_database
from core.i18n import t
from jobs.job import Job, every
from jobs.worker import Worker
from services import notices, surveys

TIMEOUT_MS = 15_000
IDLE_S = 5.0


def advance(database: Database) -> int:
    """Write a batch of what is due and cancel a batch of what was stopped; return how much was done."""
    with database.transaction(statement_timeout_ms=TIMEOUT_MS) as session:
        cancelled = notices.cancel_stopped(session)
    with database.transaction(statement_timeout_ms=TIMEOUT_MS) as session:
        return cancelled + notices.write_due(session)


def work(_over: Event) -> str:
    """Close the surveys whose time is over."""
    with get_database().transaction() as session:
        closed = surveys.close_due(session)
    return t("Sondages fermés : {count}.").format(count=closed) if closed else t("Rien à faire.")


_PERIOD, _TRIGGER = every(60)
JOB = Job("surveys", "Fermer les sondages finis", "toutes les minutes", _PERIOD, _TRIGGER, work)
WORKERS = (Worker("notices", lambda: advance(get_database()), notices.TOPIC, IDLE_S),)
