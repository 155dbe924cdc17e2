"""Every five minutes: people are told of payments without news for an hour or a day, and of batches about to expire."""

from threading import Event

from core.database import get_database
from core.i18n import t
from jobs.job import Job, every
from services.pensions import messages

PERIOD_S = 300


def work(_over: Event) -> str:
    """Write what is due to the outbox; what was told already is not told again."""
    with get_database().transaction() as session:
        told = messages.tell_due(session)
    return t("Lots de pensions à signaler : {count}.").format(count=told)


_PERIOD, _TRIGGER = every(PERIOD_S)
JOB = Job("pension_messages", "Signaler les pensions en doute", "toutes les cinq minutes", _PERIOD, _TRIGGER, work)
