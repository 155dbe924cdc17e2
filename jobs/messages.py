"""Messages leave: the worker's step, and every minute what nobody else would end."""

from collections.abc import Callable
from threading import Event

from core import live
from core.database import Database, Session, get_database
from core.i18n import t
from jobs.job import Job, every
from providers import messaging
from providers.wire import Wire
from services.messages import accounts, keeping, sending
from services.messages.outbox import TOPIC

MOST_AT_ONCE = 200
TIMEOUT_MS = 15_000


def send_due(database: Database) -> int:
    """Send what is due, the most urgent first; return how many messages were looked at."""
    with database.transaction() as session:
        channels = accounts.list_open_channels(session)
    done = 0
    while channels and done < MOST_AT_ONCE:
        with database.transaction() as session:
            taken = sending.take_next(session, channels)
        if taken is None:
            break
        done += 1
        if isinstance(taken, sending.Ready):
            # No transaction is open here: a slow network holds no lock.
            answer = messaging.adapter(taken.adapter).send(taken.outgoing, Wire(keeps_texts=False))
            with database.transaction() as session:
                sending.save(session, taken, answer)
    if done:
        live.ring(f"{TOPIC}.moved")
    return done


def work(over: Event) -> str:
    """End what is too old, call unknown what a dead process was sending, empty old texts."""
    counts = {
        t("expirés"): _in_batches(over, sending.expire),
        t("sans réponse"): _in_batches(over, sending.recover),
        t("textes vidés"): _in_batches(over, keeping.erase_bodies),
    }
    told = ", ".join(
        t("{title} : {count}").format(title=title, count=count) for title, count in counts.items() if count
    )
    return f"{told}." if told else t("Rien à faire.")


def _in_batches(over: Event, step: Callable[[Session], int]) -> int:
    total, batch = 0, 1
    while batch and not over.is_set():
        with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
            batch = step(session)
        total += batch
    return total


_PERIOD, _TRIGGER = every(60)
JOB = Job("messages", "Ranger les messages", "toutes les minutes", _PERIOD, _TRIGGER, work)
