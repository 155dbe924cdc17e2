"""One account at one worker: payments claimed, sent by the rail behind the shared gate, and saved in groups.

Two threads share a desk. `send` speaks to the rail and touches no table but the gate's tokens; `keep_books` claims and
saves. What they hand each other stands in two queues.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from core import clock, ids
from core.database import Database, Session, fetch_all
from core.errors import Refusal
from providers.mojaloop.contract import Operation, PayoutAnswer, PayoutOrder, Withheld
from providers.mojaloop.outbox import Outbox
from providers.mojaloop.rail import MojaloopRail
from services.pensions.dispatch import answers, claiming, faults, rails
from services.pensions.dispatch.answers import Answered
from services.pensions.dispatch.claiming import Item
from services.pensions.dispatch.gate import BEAT_S, SharedGate, open_gate
from services.pensions.dispatch.rails import Rail

GROUP, GROUP_WAIT_S = 200, 0.05
STOCK = 2
RETRY_S = 0.5

_SENDING = """
select b.id from pension_batch b
join pension_account a on a.id = b.account_id
join organisation o on o.id = b.organisation_id
where a.rail_account_id = %s and b.rail = 'mojaloop' and b.stage = 'PROCESSING' and o.is_active
"""
_DATABASE_ERRORS = (psycopg.Error, DBAPIError)

_log = structlog.get_logger(__name__)


class Desk:
    """What one worker has in hand of one account. `is_closing`: nothing new is claimed, what waits goes back.

    `wait_s` is how long either thread waits for the other, and a group for its members; `beat_s` how often it looks at
    its batches and at its share of the room.
    """

    def __init__(
        self,
        database: Database,
        mojaloop: MojaloopRail,
        rail: Rail,
        *,
        wait_s: float = GROUP_WAIT_S,
        beat_s: float = BEAT_S,
    ) -> None:
        self._database = database
        self._wait_s = wait_s
        self._beat_s = beat_s
        self._rail = rail
        self._gate = SharedGate(database, rail, ids.new_id(), self._may_leave)
        self._box: Outbox[PayoutOrder, PayoutAnswer] = mojaloop.payouts(self._gate)
        self._items: dict[str, Item] = {}
        self._to_send: deque[PayoutOrder] = deque()
        self._came: SimpleQueue[Answered] = SimpleQueue()
        self._unsaved: list[Answered] = []
        self._answers_saved = 0
        self._sending: frozenset[UUID] = frozenset()
        self._beaten_at = 0.0
        self._has_work = threading.Event()
        self._share = 0
        self.is_closing = False
        with database.transaction() as session:
            open_gate(session, rail)

    @property
    def rail(self) -> Rail:
        """Return the account as it was when it was last looked at."""
        return self._rail

    @property
    def held(self) -> int:
        """Return how many payments are this worker's: waiting, out, or answered and not saved yet."""
        return len(self._items)

    @property
    def is_busy(self) -> bool:
        """Whether it may have something to do: payments in hand, or batches that are sending."""
        return bool(self._items) or bool(self._sending)

    def wake(self) -> None:
        """Look at the batches again at once: one was paused, cancelled, resumed or begun."""
        self._beaten_at = 0.0

    # Thread one: the rail

    def send(self) -> None:
        """Send what may leave and take what came back; waits a little when there is nothing."""
        while self._to_send:
            self._box.put(self._to_send.popleft())
        for order, answer in self._box.take(self._wait_s):
            self._came.put(Answered(self._items[order.transfer_id], order, answer))
        if self._box.is_idle and not self._to_send:
            self._has_work.clear()
            if not self._to_send:
                self._has_work.wait(self._wait_s)

    def _may_leave(self, order: PayoutOrder) -> bool:
        """Say whether a payment may leave now: its batch is still sending, and its lease outlives the call."""
        item = self._items[order.transfer_id]
        has_time = item.lease_until - clock.now() >= self._rail.last_departure
        is_closed = self.is_closing and order.operation is Operation.POST_TRANSFERS
        is_allowed = has_time and not is_closed and item.batch_id in self._sending and self._rail.is_ready
        if is_allowed:
            faults.at(faults.LEAVING)
        return is_allowed

    # Thread two: the books

    def keep_books(self) -> bool:
        """Beat, save what came back, claim what there is room for; return whether anything was done."""
        try:
            self._beat()
            is_saved = self._save()
            is_claimed = self._claim()
        except (*_DATABASE_ERRORS, Refusal) as error:
            # What came back is kept in hand and saved later: nothing is lost but time.
            _log.warning("pensions.books_closed", account=self._rail.code, error=type(error).__name__)
            time.sleep(RETRY_S)
            return False
        return is_saved or is_claimed

    def leave(self) -> None:
        """Give this worker's share of the room to the others."""
        with self._database.transaction() as session:
            self._gate.leave(session)

    def _beat(self, *, is_due: bool = False) -> None:
        now = time.monotonic()
        if now - self._beaten_at < self._beat_s and not is_due:
            return
        self._beaten_at = now
        with self._database.transaction() as session:
            self._rail = rails.find_rail(session, self._rail.id)
            self._sending = frozenset(row["id"] for row in fetch_all(session, _SENDING, (self._rail.id,)))
            self._share = self._gate.beat(session, self._rail)

    def _save(self) -> bool:
        """Save a group: two hundred answers, or what comes within fifty milliseconds."""
        self._gather()
        if not self._unsaved:
            return False
        faults.at(faults.ANSWERED)
        with self._database.transaction() as session:
            following = answers.keep_payouts(session, self._rail, self._unsaved)
            faults.at(faults.SAVING)
        faults.at(faults.SAVED)
        done, self._unsaved = self._unsaved, []
        for one in done:
            self._items.pop(one.order.transfer_id, None)
        self._answers_saved += sum(not isinstance(one.answer, Withheld) for one in done)
        if self._gate.is_shut and self._answers_saved == self._gate.answers_heard:
            # What shut it is written: whether the account still sends, its rows say.
            self._beat(is_due=True)
            self._gate.reopen()
        self._hand_over(following)
        return True

    def _gather(self) -> None:
        ends_at = time.monotonic() + self._wait_s
        while len(self._unsaved) < GROUP:
            try:
                wait_s = ends_at - time.monotonic()
                self._unsaved.append(self._came.get(timeout=wait_s) if wait_s > 0 else self._came.get_nowait())
            except Empty:
                return

    def _claim(self) -> bool:
        """Keep twice the room to send, so that the rail never waits for the books."""
        unanswered = len(self._items) - len(self._unsaved) - self._came.qsize()
        wanted = STOCK * self._share - unanswered
        if self.is_closing or not self._sending or not self._rail.is_ready or wanted < max(1, self._share // 2):
            return False
        with self._database.transaction() as session:
            claimed = claiming.claim(session, self._rail, wanted)
        if claimed:
            faults.at(faults.CLAIMED)
        self._hand_over(claimed)
        return bool(claimed)

    def _hand_over(self, items: Iterable[Item]) -> None:
        for item in items:
            self._items[item.order.transfer_id] = item
            self._to_send.append(item.order)
        if self._to_send:
            self._has_work.set()


def list_busy(session: Session) -> list[UUID]:
    """Return the accounts that have batches sending."""
    rows = fetch_all(
        session,
        """
        select distinct a.rail_account_id from pension_batch b join pension_account a on a.id = b.account_id
        where b.stage = 'PROCESSING' and b.rail = 'mojaloop'
        """,
    )
    return [row["rail_account_id"] for row in rows]
