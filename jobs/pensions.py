"""The workers of pensions: any number of processes, on any machine; what one leaves, another takes up.

Each account that has something to send has a desk in each process: one thread speaks to the rail, one keeps the books.
Beside them batches are begun, the rest of cancelled ones given back, leases swept, adapters probed, transfers asked
about and payees looked up.
"""

import threading
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

import structlog

from core.database import Database, get_database
from jobs.lanes import Lanes
from jobs.worker import Worker
from providers.mojaloop.rail import MojaloopRail
from services.pensions import batches
from services.pensions.counters import TOPIC
from services.pensions.dispatch import desk as desks
from services.pensions.dispatch import health, lookups, mobile, reading, sweeping
from services.pensions.dispatch import rails as accounts
from services.pensions.dispatch.desk import Desk
from services.transfers.bell import TOPIC as TRANSFERS

STOP_TIMEOUT_S = 110.0
DESK_IDLE_S = 0.5
READ_IDLE_S = 0.25
SWEEP_IDLE_S = 5.0
BEGIN_IDLE_S = 2.0
LOOKUP_IDLE_S = 1.0
VOID_TIMEOUT_MS = 60_000
READ_WIDTH = LOOKUP_WIDTH = 2
CLOSES_AFTER_S = 30.0
TICK_S = 0.05

_log = structlog.get_logger(__name__)


class Office:
    """The desks of this process."""

    def __init__(self, database: Callable[[], Database] = get_database, rail: MojaloopRail | None = None) -> None:
        self._database = database
        self._rail = rail or MojaloopRail()
        self._desks: dict[UUID, Desk] = {}
        self._lock = threading.Lock()
        self._is_closing = threading.Event()
        self.worker = Worker("pensions", self.step, TOPIC, DESK_IDLE_S)
        self._reading = Worker("pension-reads", self.read, TRANSFERS, READ_IDLE_S)
        self._looking = Worker("pension-payees", self.look_up, TOPIC, LOOKUP_IDLE_S)
        self._reads = Lanes("pension-read", READ_WIDTH, self._reading.wake)
        self._lookups = Lanes("pension-payee", LOOKUP_WIDTH, self._looking.wake)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Return everything this process does for pensions."""
        return (
            self.worker,
            self._reading,
            self._looking,
            Worker("pension-begin", self.begin, TOPIC, BEGIN_IDLE_S),
            Worker("pension-void", self.void, TOPIC, SWEEP_IDLE_S),
            Worker("pension-sweep", self.sweep, TOPIC, SWEEP_IDLE_S),
            Worker("pension-probe", self.probe, TOPIC, SWEEP_IDLE_S),
        )

    def step(self) -> int:
        """Open a desk for every account that has batches sending, and have the open ones look again."""
        database = self._database()
        with database.transaction() as session:
            busy = [accounts.find_rail(session, account_id) for account_id in desks.list_busy(session)]
        with self._lock:
            for known in self._desks.values():
                known.wake()
            for rail in busy:
                if rail.id not in self._desks and not self._is_closing.is_set():
                    self._open(Desk(database, self._rail, rail))
        return 0

    def begin(self) -> int:
        """Let batches begin whose time has come, and ask for the payouts of mobile money."""
        return sweeping.begin_due(self._database()) + mobile.request_due(self._database())

    def void(self) -> int:
        """End one more slice of a batch that is being cancelled; whoever dies over it has done nothing."""
        with self._database().transaction(statement_timeout_ms=VOID_TIMEOUT_MS) as session:
            return int(batches.void_next(session))

    def sweep(self) -> int:
        """Recover ended leases and mark over what is over."""
        return sweeping.recover(self._database()) + sweeping.end_over(self._database())

    def probe(self) -> int:
        """Probe the adapters that are due."""
        return health.probe_due(self._database(), self._rail)

    def read(self) -> int:
        """Ask about what is due, each account in its own lanes."""
        database = self._database()
        with database.transaction() as session:
            due = [one for one in reading.list_due_accounts(session) if self._reads.free(one)]
        started = 0
        for account_id in due:
            with database.transaction() as session:
                account, questions = reading.claim(session, account_id)
            if questions:
                self._reads.run(account_id, partial(reading.read, database, self._rail, account, questions))
                started += len(questions)
        return started

    def look_up(self) -> int:
        """Look payees up, each account in its own lanes."""
        database = self._database()
        with database.transaction() as session:
            due = [one for one in lookups.list_due_accounts(session) if self._lookups.free(one)]
        for account_id in due:
            self._lookups.run(account_id, partial(lookups.work, database, self._rail, account_id))
        return 0

    def finish(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Claim nothing more, give back what waits, and wait for the calls that are out; false when some still are."""
        self._is_closing.set()
        ends_at = time.monotonic() + timeout_s
        while time.monotonic() < ends_at:
            with self._lock:
                if not self._desks:
                    return True
            time.sleep(TICK_S)
        return False

    def _open(self, desk: Desk) -> None:
        self._desks[desk.rail.id] = desk
        is_over = threading.Event()
        threading.Thread(target=self._send, args=(desk, is_over), name="pension-sender", daemon=True).start()
        threading.Thread(target=self._keep_books, args=(desk, is_over), name="pension-books", daemon=True).start()

    def _send(self, desk: Desk, is_over: threading.Event) -> None:
        while not is_over.is_set():
            try:
                desk.send()
            except Exception:  # noqa: BLE001  # the leases of what it held end, and are read: nothing is lost
                _log.exception("pensions.sender_failed", account=desk.rail.code)
                time.sleep(TICK_S)

    def _keep_books(self, desk: Desk, is_over: threading.Event) -> None:
        """Keep a desk's books until it has been idle for a while, or the process ends."""
        idle_since = time.monotonic()
        while True:
            desk.is_closing = self._is_closing.is_set()
            try:
                if desk.keep_books() or desk.held:
                    idle_since = time.monotonic()
            except Exception:  # noqa: BLE001  # idem
                _log.exception("pensions.books_failed", account=desk.rail.code)
                time.sleep(TICK_S)
            is_idle = not desk.is_busy and time.monotonic() - idle_since > CLOSES_AFTER_S
            if not desk.held and (desk.is_closing or is_idle):
                break
        is_over.set()
        with self._lock:
            self._desks.pop(desk.rail.id, None)
        desk.leave()


_offices: list[Office] = []


def open_offices(count: int) -> list[Worker]:
    """Return the workers of this process: as many offices as the settings want, none where others send."""
    _offices.extend(Office() for _ in range(count))
    return [one for office in _offices for one in office.workers]


def finish() -> None:
    """Wait for the calls that are out, up to 110 s; what is left is recovered by its lease."""
    while _offices:
        _offices.pop().finish()
