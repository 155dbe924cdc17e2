"""Every minute: trials of menus whose date has come are ended; their callers left them at that very instant."""

from threading import Event

from core.database import get_database
from core.i18n import t
from jobs.job import Job, every
from services import trials


def work(_over: Event) -> str:
    """End what is due."""
    with get_database().transaction() as session:
        ended = trials.end_due(session)
    return t("Essais finis : {count}.").format(count=ended) if ended else t("Aucun essai à finir.")


_PERIOD, _TRIGGER = every(60)
JOB = Job("trials", "Finir les essais de menus", "toutes les minutes", _PERIOD, _TRIGGER, work)
