"""Every 30 s: dialogues that nobody goes on with are closed, so that none is open a minute after its time."""

from datetime import timedelta
from threading import Event

from core import live
from core.database import get_database
from core.i18n import t
from jobs.job import Job, every
from services import conversations

BATCH = 500
TIMEOUT_MS = 15_000
SCRATCH_WITHIN = timedelta(hours=1)


def work(over: Event) -> str:
    """Expire idle sessions batch by batch, then empty what they kept for themselves."""
    closed, batch = 0, BATCH
    while batch == BATCH and not over.is_set():
        with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
            batch = conversations.expire_idle(session, most=BATCH)
        closed += batch
    with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
        conversations.wipe_scratch(session, begun_within=SCRATCH_WITHIN)
    if closed:
        live.ring("ussd")
    return t("Dialogues fermés : {count}.").format(count=closed) if closed else t("Aucun dialogue à fermer.")


_PERIOD, _TRIGGER = every(30)
JOB = Job("conversations", "Fermer les dialogues abandonnés", "toutes les 30 s", _PERIOD, _TRIGGER, work)
