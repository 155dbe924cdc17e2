"""The workers of transfers: what is due is sent and asked about, each account in its own lanes; what died is recovered.

A dispatcher claims no more than an account has free lanes, so that no lease runs out in a queue.
"""

from collections.abc import Callable
from functools import partial

from core.database import Database, get_database
from jobs.lanes import Lanes
from jobs.worker import STOP_TIMEOUT_S, Worker
from services import transfers
from services.transfers import reading, submission
from services.transfers.bell import TOPIC

SUBMIT_WIDTH = 8
READ_WIDTH = 5
SUBMIT_IDLE_S = 1.0
READ_IDLE_S = 0.25
SWEEP_IDLE_S = 5.0


class Submitting:
    """Sends what is due, account by account."""

    def __init__(self, database: Callable[[], Database] = get_database, width: int = SUBMIT_WIDTH) -> None:
        self._database = database
        self.worker = Worker("submit", self.step, TOPIC, SUBMIT_IDLE_S)
        self.lanes = Lanes("submit", width, self.worker.wake)

    def step(self) -> int:
        """Claim what the free lanes can carry and let it go; return how many transfers that was."""
        database = self._database()
        with database.transaction() as session:
            accounts = submission.list_due_accounts(session)
        started = 0
        for account_id in accounts:
            free = self.lanes.free(account_id)
            if free < 1:
                continue
            with database.transaction() as session:
                claimed = submission.claim(session, account_id=account_id, most=free)
            for one in claimed:
                self.lanes.run(account_id, partial(submission.submit, database, one))
            started += len(claimed)
        return started


class Reading:
    """Asks about what is due, account by account, at the rate of each."""

    def __init__(self, database: Callable[[], Database] = get_database, width: int = READ_WIDTH) -> None:
        self._database = database
        self.worker = Worker("read", self.step, TOPIC, READ_IDLE_S)
        self.lanes = Lanes("read", width, self.worker.wake)

    def step(self) -> int:
        """Claim what the free lanes and the account's rate allow and ask; return how many questions that was."""
        database = self._database()
        with database.transaction() as session:
            accounts = reading.list_due_accounts(session)
        started = 0
        for account_id in accounts:
            free = self.lanes.free(account_id)
            if free < 1:
                continue
            with database.transaction() as session:
                questions = reading.claim(session, account_id, most=free)
            for question in questions:
                self.lanes.run(account_id, partial(reading.read, database, question))
            started += len(questions)
        return started


def sweep() -> int:
    """Recover ended leases, tell doubts, cancel collects that come too late."""
    database = get_database()
    return transfers.recover_leases(database) + transfers.tell_doubts(database) + transfers.cancel_stale(database)


def finish() -> None:
    """Wait a little for the calls under way; what is left is recovered by its lease."""
    for lanes in (_submitting.lanes, _reading.lanes):
        lanes.wait(STOP_TIMEOUT_S)


_submitting, _reading = Submitting(), Reading()
WORKERS = (
    _submitting.worker,
    _reading.worker,
    Worker("sweep", sweep, TOPIC, SWEEP_IDLE_S),
)
