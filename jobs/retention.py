"""Every night: what is past its time is emptied or deleted, in small batches."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Event

from core.database import Session, get_database
from core.i18n import t
from jobs.job import Job, nightly
from services import conversations, retention

TIMEOUT_MS = 30_000
SCRATCH_WITHIN = timedelta(days=3)


def work(over: Event) -> str:
    """Empty old texts, then delete by rule; stops between two batches when the leadership ends."""
    with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
        conversations.wipe_scratch(session, begun_within=SCRATCH_WITHIN)
    counts = {t("textes vidés"): _in_batches(over, retention.empty_texts)}
    for rule in retention.RULES:
        counts[t(rule.title)] = _in_batches(over, partial(retention.delete_spent, rule=rule))
    gone = ", ".join(
        t("{title} : {count}").format(title=title, count=count) for title, count in counts.items() if count
    )
    return f"{gone}." if gone else t("Rien à effacer.")


def _in_batches(over: Event, step: Callable[[Session], int]) -> int:
    total, batch = 0, retention.BATCH
    while batch == retention.BATCH and not over.is_set():
        with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
            batch = step(session)
        total += batch
    return total


_PERIOD, _TRIGGER = nightly(2, 45)
JOB = Job("retention", "Effacer ce qui a fait son temps", "chaque nuit à 02:45 UTC", _PERIOD, _TRIGGER, work)
