"""Health identifiers: what waits from Meta is answered, what is past its time goes, past days are counted."""

from threading import Event

import structlog

from channels.whatsapp import apology, doors
from core import live
from core.database import Database, get_database
from core.i18n import t
from jobs.job import Job, every, nightly
from jobs.worker import Worker
from services.ciu.store import cleaning, counting, keeping
from services.whatsapp import inbox

MOST_AT_ONCE = 200
THREADS = 2
IDLE_S = 0.5
COUNTING_S = 600
COUNTING_TIMEOUT_MS = 60_000

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
            has_time = inbox.postpone(session, taken[0].id)
        if not has_time:
            with database.transaction() as session:
                apology.give_up(session, taken[0])
        return True


def clean_up(over: Event) -> str:
    """End conversations past their time; erase replies, stones and spent addresses."""
    ended = cleaning.clean(get_database(), is_over=over.is_set)
    if ended:
        live.ring(doors.TOPIC)
    return t("Conversations expirées : {count}.").format(count=ended) if ended else t("Rien à faire.")


def count_days(over: Event) -> str:
    """Count the figures of past days that are not final yet, oldest first, one in a transaction."""
    counted = 0
    with get_database().transaction() as session:
        due = counting.list_due(session)
    for one in due:
        if over.is_set():
            break
        with get_database().transaction(statement_timeout_ms=COUNTING_TIMEOUT_MS) as session:
            counting.count_day(session, one)
        counted += 1
    return t("Journées comptées : {count}.").format(count=counted) if counted else t("Rien à faire.")


def fold(over: Event) -> str:
    """Delete old events, whose days are counted, and the digests of old messages."""
    counts = cleaning.run(get_database(), keeping.EVERY_NIGHT, over.is_set)
    gone = sum(counts.values())
    return t("Lignes anciennes effacées : {count}.").format(count=gone) if gone else t("Rien à faire.")


_PERIOD, _TRIGGER = every(30)
JOB = Job("ciu", "Fermer les conversations de CIU", "toutes les 30 s", _PERIOD, _TRIGGER, clean_up)
_COUNT, _COUNT_TRIGGER = every(COUNTING_S)
FIGURES_JOB = Job("ciu_figures", "Compter les journées de CIU", "toutes les 10 min", _COUNT, _COUNT_TRIGGER, count_days)
_NIGHT, _NIGHT_TRIGGER = nightly(3, 25)
NIGHT_JOB = Job(
    "ciu_night", "Effacer les anciens événements de CIU", "chaque nuit à 03:25 UTC", _NIGHT, _NIGHT_TRIGGER, fold
)
WORKERS = (Worker("ciu", answer_waiting, doors.TOPIC, IDLE_S, THREADS),)
