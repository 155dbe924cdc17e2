"""Every minute: drafts and approvals past their time end, cancelled batches give their money back, originals go.

A slice a transaction, so that workers saving what is out are never kept waiting.
"""

from collections.abc import Callable
from threading import Event

from core.database import Session, get_database
from core.i18n import t
from jobs.job import Job, every
from services.pensions import batches

EVERY_S = 60
TIMEOUT_MS = 120_000


def work(over: Event) -> str:
    """Do what time asks of pension batches, until nothing is left or the leadership ends."""
    ended = _until_nothing(over, batches.expire_next)
    voided = _until_nothing(over, batches.void_next)
    dropped = _until_nothing(over, batches.drop_originals)
    if not (ended or voided or dropped):
        return t("Rien à faire.")
    return t("{ended} lots périmés, {voided} tranches libérées, {dropped} passages sur les originaux.").format(
        ended=ended, voided=voided, dropped=dropped
    )


def _until_nothing(over: Event, step: Callable[[Session], int]) -> int:
    times = 0
    while not over.is_set():
        with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
            if not step(session):
                break
        times += 1
    return times


_PERIOD, _TRIGGER = every(EVERY_S)
JOB = Job("pension_files", "Finir les lots périmés ou annulés", "toutes les minutes", _PERIOD, _TRIGGER, work)
