"""A caisse, the switch behind it, and workers that send: time is moved, not waited, and the book says what moved."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock
from core.clock import Traveller
from core.database import Database, driver, fetch_all, fetch_one
from models.pensions import PensionBatch
from providers.fakes.book import Movement
from providers.fakes.kernel import Kernel
from providers.mojaloop.rail import MojaloopRail
from services import books
from services.pensions.dispatch import desk as desks
from services.pensions.dispatch import health, lookups, rails, reading, sweeping
from services.pensions.dispatch.desk import Desk
from tests.builders.pensions import Caisse, PensionWorld

START = datetime.fromisoformat("2025-12-05T10:00:00+00:00")
QUICK = {
    "concurrency": 50,
    "rate": 2_000,
    "reads_per_s": 500,
    "widens_every_s": 0.05,
    "read_timeout_s": 10,
    "inquiry_timeout_s": 5,
}
SOON = timedelta(milliseconds=1)
MOST_ROUNDS = 2_000
TICK_S = 0.005
PATIENCE_MS = 120_000  # a hundred thousand payments are held against the book

_NEXT = """
select least(
    (select min(next_read_at) from transfer where next_read_at > %(now)s and state in ('pending', 'unknown')),
    (select min(lease_until) from transfer where lease_until > %(now)s and state = 'submitted'),
    (select min(next_try_at) from pension_payment where stage = 'WAITING' and next_try_at > %(now)s),
    (select min(g.next_probe_at) from rail_gate g join provider_account a on a.id = g.account_id
     where g.next_probe_at > %(now)s and (a.breaker = 'open' or g.identity = '')),
    (select min(until) from rail_rest where until > %(now)s),
    (select min(next_try_at) from payee_lookup where next_try_at > %(now)s)) as at
"""


@dataclass
class Switch:
    """The house's workers and the fake adapter, in one process, on a clock that the test moves."""

    database: Database
    world: PensionWorld
    kernel: Kernel
    traveller: Traveller
    address: str
    rail: MojaloopRail = field(default_factory=MojaloopRail)
    clerks: list[Desk] = field(default_factory=list)

    @property
    def own(self) -> Caisse:
        """The caisse that pays."""
        return self.world.own

    @property
    def rail_id(self) -> UUID:
        """The account of the adapter."""
        return self.own.account.rail_account_id

    def run(self, mode: str = "one_step", ids: str = "own_id", **more: Any) -> None:
        """Run the adapter so, and the account with it; `position` is what is prefunded at the hub."""
        position = more.pop("position", None)
        told = {"mode": mode, "ids": ids, **({} if position is None else {"position": str(position)})}
        self.kernel.configure(secrets={"mojaloop": told})
        with self.database.transaction() as session:
            driver(session).execute(
                "update provider_account set settings = %s where adapter = 'mojaloop'",
                (Jsonb({**QUICK, "mode": mode, **more}),),
            )

    def settings(self, **columns: Any) -> None:
        """Set how the caisse pays."""
        with self.database.transaction() as session:
            names = ", ".join(columns)
            driver(session).execute(
                """
                insert into pension_settings (id, created_at, organisation_id, lookup, name_policy, max_amount_minor,
                    max_rows, personal_id_length, id_types, countries, lookup_max_age_days, is_same_person_allowed,
                    rail)
                values (gen_random_uuid(), now(), %(organisation)s, 'before', 'warn', 10000000, 1000000, 10,
                    '{MSISDN}', '{BJ}', 30, false, 'mojaloop') on conflict (organisation_id) do nothing
                """,
                {"organisation": self.own.organisation_id},
            )
            driver(session).execute(
                f"update pension_settings set ({names}) = row ({', '.join(['%s'] * len(columns))})"
                " where organisation_id = %s",
                (*columns.values(), self.own.organisation_id),
            )

    def work(self, workers: int = 1) -> None:
        """Do all that is due now, and what follows from it at once."""
        for _ in range(MOST_ROUNDS):
            if not self._round(workers):
                return
        raise AssertionError("the work never ends")

    def pass_time(
        self, limit: timedelta = timedelta(hours=2), workers: int = 1, stride: timedelta = timedelta()
    ) -> None:
        """Work, and jump from one thing that is due to the next, until nothing is or `limit` has passed.

        `stride` is the least that is jumped: of a great many things, those of one stride are done together.
        """
        ends_at = clock.now() + limit
        self.work(workers)
        while (at := self._next()) is not None and at <= ends_at:
            self.move(max(at + SOON - clock.now(), stride))
            self.work(workers)

    def move(self, by: timedelta) -> None:
        """Move the clock of both sides."""
        self.traveller.advance(max(by, SOON).total_seconds())
        self.kernel.advance(0)

    def desk(self) -> Desk:
        """Open a worker's desk at the adapter."""
        with self.database.transaction() as session:
            account = rails.find_rail(session, self.rail_id)
        self.clerks.append(Desk(self.database, self.rail, account, wait_s=TICK_S, beat_s=0.05))
        return self.clerks[-1]

    def resume(self, batch: PensionBatch) -> None:
        """Let a paused batch go on, as a person does."""
        with self.database.transaction() as session:
            driver(session).execute(
                "update pension_batch set stage = 'PROCESSING', pause_reason = '' where id = %s and stage = 'PAUSED'",
                (batch.id,),
            )

    def look_at_contradictions(self) -> None:
        """Close the cases in which the switch took its word back, as a person does who has asked it: payouts go on."""
        with self.database.transaction() as session:
            driver(session).execute("update transfer_case set closed_at = now() where kind = 'contradiction'")
            driver(session).execute("update provider_account set are_payouts_paused = false")

    # What is seen

    def cases(self) -> list[dict[str, Any]]:
        """Return the open cases."""
        with self.database.transaction() as session:
            return fetch_all(session, "select * from transfer_case where closed_at is null order by created_at")

    def claims(self) -> int:
        """Return how many persons are claimed."""
        with self.database.transaction() as session:
            return len(fetch_all(session, "select payment_id from pension_claim"))

    def batch(self, batch: PensionBatch) -> dict[str, Any]:
        """Return a batch's row."""
        with self.database.transaction() as session:
            row = fetch_one(session, "select * from pension_batch where id = %s", (batch.id,))
        assert row is not None
        return row

    def payments(self, batch: PensionBatch) -> list[dict[str, Any]]:
        """Return its payments, in the order of the file."""
        with self.database.transaction() as session:
            return fetch_all(session, "select * from pension_payment where batch_id = %s order by line", (batch.id,))

    def stages(self, batch: PensionBatch) -> dict[str, int]:
        """Count its payments by stage, from the rows themselves."""
        return dict(Counter(row["stage"] for row in self.payments(batch)))

    def transfers(self, batch: PensionBatch) -> list[dict[str, Any]]:
        """Return every transfer of a batch's payments, oldest first."""
        with self.database.transaction() as session:
            return fetch_all(
                session,
                "select t.* from transfer t join pension_payment p on p.id = t.subject_id where p.batch_id = %s"
                " order by t.created_at, t.id",
                (batch.id,),
            )

    @property
    def book(self) -> list[Movement]:
        """What really moved."""
        return [row for row in self.kernel.book if row.adapter == "mojaloop"]

    def paid_twice(self) -> list[str]:
        """Return the payments that moved money more than once, by the name the adapter knows them by."""
        return [name for name, count in Counter(row.reference for row in self.book).items() if count > 1]

    def balances(self) -> tuple[int, int]:
        """Return what is available and what is reserved."""
        with self.database.transaction() as session:
            row = fetch_one(
                session,
                "select (select balance from ledger_account where id = %s) as available,"
                " (select balance from ledger_account where id = %s) as reserved",
                (self.own.account.available_account_id, self.own.account.reserved_account_id),
            )
        assert row is not None
        return row["available"], row["reserved"]

    def assert_agrees(self, *batches: PensionBatch) -> None:
        """Hold book, ledger, rows and counters together, to the franc; nobody is paid twice."""
        assert self.paid_twice() == []
        moved = {row.payment_id: row.amount_minor for row in self.book}
        for batch in batches:
            self._assert_counted(batch)
        with self.database.transaction(statement_timeout_ms=PATIENCE_MS) as session:
            believed = fetch_all(
                session,
                "select external_id, handles, amount_minor, state from transfer where purpose = 'pension'"
                " and state in ('succeeded', 'unknown', 'pending')",
            )
            books_row = fetch_one(
                session,
                """
                select coalesce(sum(e.amount), 0)::bigint as total from ledger_entry e
                join ledger_account a on a.id = e.account_id where a.kind = 'provider_float'
                """,
            )
            broken = [(one.invariant.view, one.violations) for one in books.list_findings(session) if not one.holds]
        assert broken == []
        known = {
            row["handles"].get("their_transfer_id") or str(row["external_id"]): (row["amount_minor"], row["state"])
            for row in believed
        }
        succeeded = {name: minor for name, (minor, state) in known.items() if state == "succeeded"}
        assert {name: moved.get(name) for name in succeeded} == succeeded  # nothing is called paid that was not
        assert set(moved) <= set(known)  # nothing moved that is called failed
        fees_minor = sum(row.fee_minor for row in self.book if row.payment_id in succeeded)
        assert books_row is not None
        assert -books_row["total"] == sum(succeeded.values()) + fees_minor

    def _assert_counted(self, batch: PensionBatch) -> None:
        row, payments = self.batch(batch), self.payments(batch)
        for stage in ("waiting", "held", "sending", "sent", "unknown", "completed", "failed", "cancelled", "reversed"):
            of_stage = [one["amount_minor"] for one in payments if one["stage"] == stage.upper()]
            assert (row[f"{stage}_count"], row[f"{stage}_minor"]) == (len(of_stage), sum(of_stage)), stage

    # How it works

    def _round(self, workers: int) -> int:
        database = self.database
        done = health.probe_due(database, self.rail) + sweeping.begin_due(database)
        with database.transaction() as session:
            due = lookups.list_due_accounts(session)
        for account_id in due:
            lookups.work(database, self.rail, account_id)
        done += len(due)
        done += self._send(workers)
        done += reading.read_due(database, self.rail)
        return done + sweeping.recover(database) + sweeping.end_over(database)

    def _send(self, workers: int) -> int:
        """Let some workers send what is due, by turns, until none has anything in hand."""
        with self.database.transaction() as session:
            busy = [rails.find_rail(session, one) for one in desks.list_busy(session)]
        if not busy:
            return 0
        while len(self.clerks) < workers:
            self.desk()
        done, is_busy = 0, True
        for clerk in self.clerks:
            clerk.wake()
        while is_busy:
            is_busy = False
            for clerk in self.clerks:
                is_busy |= clerk.keep_books()
                clerk.send()
                is_busy |= clerk.held > 0
            done += is_busy
        return done

    def _next(self) -> datetime | None:
        with self.database.transaction() as session:
            row = fetch_one(session, _NEXT, {"now": clock.now()})
        found = [at for at in (row["at"] if row else None, self.kernel.next_due()) if at is not None]
        return min(found, default=None)


def identify(payments: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return payments by the last three digits of their payees: the tale each one asked for."""
    return {row["identifier"][-3:]: row for row in payments}
