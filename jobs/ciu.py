"""Health identifiers: what waits from Meta is answered; every 30 s and every night, what is past its time goes."""

from threading import Event

import structlog

from channels.whatsapp import doors
from core import live
from core.database import Database, get_database
from core.i18n import t
from jobs.job import Job, every, nightly
from jobs.worker import Worker
from services.ciu.store import cleaning, keeping
from services.whatsapp import inbox

MOST_AT_ONCE = 200
THREADS = 2
IDLE_S = 0.5

_log = structlog.get_logger(__name__)


def answer_waiting() -> int:
    """Answer what waits, one message a transaction; return how many."""
    return answer_due(get_database())


def answer_due(database: Database) -> int:
    """Answer what waits until nothing is due; a message that fails rests and is tried again."""
    done = 0
    while done < MOST_AT_ONCE and _answer_one(database):
        done += 1
    return done


def _answer_one(database: Database) -> bool:
    taken: list[inbox.Waiting] = []
    try:
        with database.transaction() as session:
            return doors.answer_next(session, taken) is not None
    except Exception as error:
        if not taken:
            raise
        _log.exception("ciu.failed", message=inbox.log_id(taken[0].provider_id), error=type(error).__name__)
        with database.transaction() as session:
            inbox.postpone(session, taken[0].id)
        return True


def clean_up(over: Event) -> str:
    """End conversations past their time; erase replies, stones and spent addresses."""
    ended = cleaning.clean(get_database(), is_over=over.is_set)
    if ended:
        live.ring(doors.TOPIC)
    return t("Conversations expirées : {count}.").format(count=ended) if ended else t("Rien à faire.")


def fold(over: Event) -> str:
    """Count old events by day and delete them; delete the digests of old messages."""
    counts = cleaning.run(get_database(), keeping.EVERY_NIGHT, over.is_set)
    gone = sum(counts.values())
    return t("Lignes anciennes repliées : {count}.").format(count=gone) if gone else t("Rien à faire.")


_PERIOD, _TRIGGER = every(30)
JOB = Job("ciu", "Fermer les conversations de CIU", "toutes les 30 s", _PERIOD, _TRIGGER, clean_up)
_NIGHT, _NIGHT_TRIGGER = nightly(3, 25)
NIGHT_JOB = Job(
    "ciu_night", "Replier les anciens événements de CIU", "chaque nuit à 03:25 UTC", _NIGHT, _NIGHT_TRIGGER, fold
)
WORKERS = (Worker("ciu", answer_waiting, doors.TOPIC, IDLE_S, THREADS),)
