"""Every minute: the closed window of ledger entries is hashed into the chain of seals."""

from threading import Event

from psycopg.errors import LockNotAvailable

from core.database import get_database
from core.i18n import t
from jobs.job import Job, every
from services import ledger

BATCH = 50_000
TRIES = 5
PAUSE_S = 0.5
TIMEOUT_MS = 60_000


def work(over: Event) -> str:
    """Seal window after window until nothing is left; a busy ledger is tried again, then left to the next minute."""
    sealed, refused = 0, 0
    while not over.is_set():
        try:
            with get_database().transaction(statement_timeout_ms=TIMEOUT_MS) as session:
                batch = ledger.seal_next(session, most=BATCH)
        except LockNotAvailable:
            refused += 1
            if refused == TRIES:
                return t(
                    "Écritures scellées : {count}. Le grand livre est occupé, la suite à la prochaine minute."
                ).format(count=sealed)
            over.wait(PAUSE_S)
            continue
        sealed += batch
        if batch < BATCH:
            break
    return t("Écritures scellées : {count}.").format(count=sealed) if sealed else t("Rien à sceller.")


_PERIOD, _TRIGGER = every(60)
JOB = Job("seals", "Sceller les écritures du grand livre", "toutes les minutes", _PERIOD, _TRIGGER, work)
