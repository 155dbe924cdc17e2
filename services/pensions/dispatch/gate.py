"""The gate before an account, shared by every worker on every machine: one rate, one room, kept in PostgreSQL.

Tokens are taken in lumps of a tenth of a second, so that N workers do not make N rates; the room is divided among the
workers seen lately. The database's own clock paces them: it is the one they all have.
"""

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from core.database import Database, Session, driver
from providers.mojaloop.contract import Accepted, AnyAnswer, Rejected, Unknown
from services.breaker import MOST_UNKNOWNS
from services.pensions.dispatch.rails import Rail

LUMP_S = 0.1
AHEAD_S = 0.05
SHORTEST_WAIT_S = 0.01
BEAT_S = 1.0
SEEN_FOR_S = 5.0

_OPEN = """
insert into rail_gate (account_id, identity, detail, failed_probes, room, recent, misconfigurations_in_row,
    refusals_in_row)
values (%s, '', '', 0, %s, '', 0, 0) on conflict do nothing
"""
_TAKE = """
update rail_gate set next_send_at = greatest(next_send_at, clock_timestamp()) + make_interval(secs => %(taken_s)s)
where account_id = %(account)s
  and (next_send_at is null or next_send_at <= clock_timestamp() + make_interval(secs => %(ahead_s)s))
returning extract(epoch from next_send_at - clock_timestamp()) - %(taken_s)s
"""
_BEAT = """
insert into rail_worker (account_id, worker_id, seen_at) values (%(account)s, %(worker)s, clock_timestamp())
on conflict (account_id, worker_id) do update set seen_at = excluded.seen_at
"""
_PRESENT = """
select worker_id from rail_worker
where account_id = %(account)s and seen_at > clock_timestamp() - make_interval(secs => %(seen)s) order by worker_id
"""
_LEAVE = """
delete from rail_worker
where account_id = %(account)s and (worker_id = %(worker)s or seen_at < clock_timestamp() - interval '1 minute')
"""
_ROOM = """
update rail_gate set
    room = case
        when %(slow)s > 0 then greatest(1, least(room, %(most)s) >> %(slow)s)
        when %(clean)s and (widened_at is null or widened_at <= clock_timestamp() - make_interval(secs => %(every)s))
            then least(room + 1, %(most)s)
        else least(room, %(most)s) end,
    widened_at = case
        when %(slow)s > 0 or %(clean)s and (widened_at is null
            or widened_at <= clock_timestamp() - make_interval(secs => %(every)s)) then clock_timestamp()
        else widened_at end
where account_id = %(account)s returning room
"""


def open_gate(session: Session, rail: Rail) -> None:
    """Make the gate of an account at its first use, as wide as its setting."""
    driver(session).execute(_OPEN, (rail.id, rail.concurrency))


def take_tokens(session: Session, rail: Rail) -> tuple[int, float]:
    """Take a lump of the right to call, or none; return how many calls, and in how many seconds the first may leave."""
    lump = max(1, round(rail.rate_per_s * LUMP_S))
    values = {"taken_s": lump / rail.rate_per_s, "account": rail.id, "ahead_s": AHEAD_S}
    row = driver(session).execute(_TAKE, values).fetchone()
    return (0, LUMP_S) if row is None else (lump, max(float(row[0]), 0.0))


class SharedGate:
    """A `Gate` for one worker of one account. `beat` is called every second, or the gate `beats_itself`."""

    def __init__(
        self,
        database: Database,
        rail: Rail,
        worker_id: UUID,
        admits: Callable[[Any], bool] = lambda _: True,
        *,
        beats_itself: bool = False,
    ) -> None:
        self._database = database
        self._rail = rail
        self._worker_id = worker_id
        self._admits = admits
        self._beats_itself = beats_itself
        self._beaten_at = 0.0
        self._share = 0
        self._left = 0
        self._next_at = 0.0
        self._slow = 0
        self._is_clean = False
        self._lock = threading.Lock()
        self._unknowns_in_row = 0
        self.answers_heard = 0
        self.is_shut = False  # what was heard may stop the account: nothing leaves until that is written

    def beat(self, session: Session, rail: Rail) -> int:
        """Be seen, tell what was slow, and learn this worker's share of the room; return it."""
        self._rail = rail
        with self._lock:
            slow, is_clean = self._slow, self._is_clean
            self._slow, self._is_clean = 0, False
        here = {"account": rail.id, "worker": self._worker_id}
        database = driver(session)
        database.execute(_BEAT, here)
        told = {"slow": min(slow, 16), "clean": is_clean, "most": rail.concurrency, "every": rail.widens_every_s}
        row = database.execute(_ROOM, {**told, **here}).fetchone()
        workers = [one for (one,) in database.execute(_PRESENT, {**here, "seen": SEEN_FOR_S}).fetchall()]
        room, rank, count = int(row[0]) if row else 1, workers.index(self._worker_id), len(workers)
        self._share = room // count + (rank < room % count)
        return self._share

    def reopen(self) -> None:
        """Let calls leave again: all that was heard is written, and the account was looked at since."""
        self._unknowns_in_row = 0
        self.is_shut = False

    def leave(self, session: Session) -> None:
        """Give this worker's share to the others."""
        driver(session).execute(_LEAVE, {"account": self._rail.id, "worker": self._worker_id})
        self._share = 0

    def room(self) -> int:
        """Return how many calls of this worker may be out at once, now; none while others have all the room."""
        if self._beats_itself and time.monotonic() - self._beaten_at > BEAT_S:
            self._beaten_at = time.monotonic()
            with self._database.transaction() as session:
                self.beat(session, self._rail)
        return self._share

    def delay_s(self) -> float:
        """Take the right to one call and return 0, or return in how many seconds to ask again."""
        now = time.monotonic()
        if self._left == 0:
            with self._database.transaction() as session:
                self._left, wait_s = take_tokens(session, self._rail)
            self._next_at = max(self._next_at, now + wait_s)
            if self._left == 0:
                return max(wait_s / 2, SHORTEST_WAIT_S)
        if now < self._next_at:
            return self._next_at - now
        interval_s = 1.0 / self._rail.rate_per_s
        self._next_at = max(self._next_at, now - LUMP_S) + interval_s
        self._left -= 1
        return 0.0

    def admits(self, item: Any) -> bool:
        """Say, just before it leaves, whether it may."""
        return not self.is_shut and self._admits(item)

    def heard(self, answer: AnyAnswer) -> None:
        """Shut at once on what stops the account, halve this worker's share on a slow answer; others learn it soon."""
        self.answers_heard += 1
        is_slow = False
        if isinstance(answer, Accepted | Rejected | Unknown):
            is_slow = answer.is_slow
            self._unknowns_in_row = self._unknowns_in_row + 1 if isinstance(answer, Unknown) else 0
            is_stopped = answer.stop == "account" or self._unknowns_in_row >= MOST_UNKNOWNS
            self.is_shut = self.is_shut or (is_stopped and not self._beats_itself)
        with self._lock:
            self._slow += is_slow
            self._is_clean = self._slow == 0
        if is_slow:
            self._share = max(1, self._share // 2)
