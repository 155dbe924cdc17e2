"""The worker of second thoughts: open breakers are tried every 30 seconds, questions that waited too long end."""

from core.database import get_database
from jobs.worker import Worker
from services import approvals, provider_accounts

TOPIC = "breakers"
IDLE_S = 5.0


def step() -> int:
    """Try the accounts that are due and end old questions; return how many both were."""
    database = get_database()
    with database.transaction() as session:
        ended = approvals.expire_due(session)
    return ended + provider_accounts.probe_due(database)


WORKERS = (Worker("probe", step, TOPIC, IDLE_S, threads=2),)
