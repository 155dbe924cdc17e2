"""Every worker of the process: started and stopped where the scheduler is."""

from core.database import get_database
from core.settings import get_settings
from jobs import breakers, ciu, ciu_dhis2, ciu_exports, messages, notices, pensions, transfers, worker
from jobs.worker import Worker
from services import hooks
from services.messages.outbox import TOPIC as MESSAGES

MESSAGE_THREADS = 4
MESSAGE_IDLE_S = 1.0
HOOKS = "offers"
HOOK_THREADS = 2
HOOK_IDLE_S = 2.0


def send_messages() -> int:
    """Send the messages that are due."""
    return messages.send_due(get_database())


def send_hooks() -> int:
    """Tell content providers what is due."""
    return hooks.send_due(get_database())


ALL = (
    *transfers.WORKERS,
    *breakers.WORKERS,
    *notices.WORKERS,
    *ciu.WORKERS,
    *ciu_exports.WORKERS,
    *ciu_dhis2.WORKERS,
    Worker("messages", send_messages, MESSAGES, MESSAGE_IDLE_S, MESSAGE_THREADS),
    Worker("hooks", send_hooks, HOOKS, HOOK_IDLE_S, HOOK_THREADS),
)


def start() -> None:
    """Let this process work off what is due."""
    worker.start((*ALL, *pensions.open_offices(get_settings().pension_workers)))


def stop() -> None:
    """End what `start` began."""
    worker.stop()
    transfers.finish()
    pensions.finish()
