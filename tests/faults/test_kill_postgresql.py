"""kill -9 of PostgreSQL while money moves: what was acknowledged is there, once; what was not may be asked again.

Books that balance are no proof. The witness stands outside: the list of acknowledged keys.
"""

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from uuid import UUID

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from commands.migrate import upgrade
from core.database import Database, driver
from core.embedded_postgres import EmbeddedPostgres
from services import ledger
from services.ledger import Posting
from tests.builders.bank import Bank, transfer

PAYERS = 4
ENOUGH = 200  # acknowledged transfers before the blow
OPENING_MINOR = 1_000_000
LAZY = {"wal_writer_delay": "10s"}  # only what commits lazily cares: it then loses for certain


@dataclass
class Crash:
    """A server of one's own, durable as in production, and the blow it gets."""

    server: EmbeddedPostgres
    bank: Bank

    def kill(self) -> None:
        """kill -9 of the postmaster and all its children, at once."""
        pid = self.server.read_pid()
        assert pid is not None
        for victim in [pid, *children(pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)

    def restart(self) -> None:
        """Start again over what is on the disk."""
        assert self.server.start() == self.bank.database.url
        self.bank.database.engine.dispose()


def children(pid: int) -> list[int]:
    """Return the processes started by `pid`."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(status.parent.name))
    return found


@pytest.fixture
def crash() -> Iterator[Crash]:
    folder = Path(tempfile.mkdtemp(prefix="palabre-kill-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, settings=LAZY)
    url = server.start()
    try:
        upgrade(url)
        database = Database(url, pool_size=PAYERS + 1)
        yield Crash(server, Bank(database))
        database.dispose()
    finally:
        home = server.home
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


class Witness:
    """Keeps the keys that were acknowledged, and lets the killer wait for enough of them."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self._heard = Condition()

    def hear(self, key: str) -> None:
        with self._heard:
            self.acknowledged.add(key)
            self._heard.notify_all()

    def wait(self) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: len(self.acknowledged) >= ENOUGH, timeout=60)


def pay_until_it_dies(bank: Bank, wallets: tuple[UUID, UUID], name: str, witness: Witness) -> list[Posting]:
    """Post one transfer after the other; return all that were asked, acknowledged or not."""
    asked: list[Posting] = []
    with contextlib.suppress(psycopg.Error, DBAPIError):
        while True:
            posting = transfer(*wallets, 1, f"{name}:{len(asked)}")
            asked.append(posting)
            bank.post(posting)
            witness.hear(posting.key)
    return asked


def strike(crash: Crash, wallets: tuple[UUID, UUID], round_number: int) -> tuple[list[Posting], set[str], set[str]]:
    """Pay from both sides, kill, restart; return what was asked, acknowledged, and found afterwards."""
    witness = Witness()
    with ThreadPoolExecutor(PAYERS) as pool:
        payers = [
            pool.submit(
                pay_until_it_dies,
                crash.bank,
                wallets if payer % 2 else wallets[::-1],
                f"{round_number}:{payer}",
                witness,
            )
            for payer in range(PAYERS)
        ]
        witness.wait()
        crash.kill()
        asked = [posting for payer in payers for posting in payer.result()]
    crash.restart()
    with crash.bank.database.transaction() as session:
        query = "select key from ledger_transaction where key like %s"
        found = [key for (key,) in driver(session).execute(query, (f"{round_number}:%",))]
    assert len(found) == len(set(found))
    assert set(found) <= {posting.key for posting in asked}
    return asked, witness.acknowledged, set(found)


def prove(crash: Crash, rounds: int) -> None:
    wallets = crash.bank.wallet(OPENING_MINOR), crash.bank.wallet(OPENING_MINOR)
    expected = dict.fromkeys(wallets, OPENING_MINOR)
    for round_number in range(rounds):
        asked, acknowledged, found = strike(crash, wallets, round_number)
        assert acknowledged - found == set()
        assert crash.bank.broken() == set()

        again = crash.bank.post_many(*asked)
        assert sum(not posted.is_replay for posted in again) == len(asked) - len(found)
        for posting in asked:
            for leg in posting.legs:
                expected[leg.account_id] -= leg.amount.minor
        assert {wallet: crash.bank.balance(wallet) for wallet in wallets} == expected
        while crash.bank.seal():
            pass
        assert crash.bank.broken() == set()


def test_killed_under_load_it_keeps_every_acknowledged_transfer(crash: Crash) -> None:
    prove(crash, rounds=2)


@pytest.mark.slow
def test_killed_again_and_again(crash: Crash) -> None:
    prove(crash, rounds=12)


def test_killed_at_each_side_of_the_commit(crash: Crash) -> None:
    awa, moussa = crash.bank.wallet(10_000), crash.bank.wallet()
    before, after = transfer(awa, moussa, 1_000, "before commit"), transfer(awa, moussa, 300, "before the answer")

    def post_and_die() -> None:
        with crash.bank.database.transaction() as session:
            assert ledger.post(session, before).balances == {awa: 9_000, moussa: 1_000}
            crash.kill()

    with pytest.raises((psycopg.Error, DBAPIError)):
        post_and_die()
    crash.restart()
    assert (crash.bank.balance(awa), crash.bank.balance(moussa)) == (10_000, 0)
    assert not crash.bank.post(before).is_replay

    crash.bank.post(after)
    crash.kill()  # the answer never reached whoever asked, so he asks again
    crash.restart()
    assert crash.bank.post(after).is_replay
    assert (crash.bank.balance(awa), crash.bank.balance(moussa)) == (8_700, 1_300)
    assert crash.bank.broken() == set()


def test_a_lazy_commit_would_lose_acknowledged_money_while_the_books_hold(crash: Crash) -> None:
    """The tooth: the same blow with `synchronous_commit` off. Only the witness notices."""
    wallets = crash.bank.wallet(OPENING_MINOR), crash.bank.wallet(OPENING_MINOR)
    with crash.bank.owner() as owner:
        owner.execute("alter role current_user set synchronous_commit = off")
    crash.bank.database.engine.dispose()

    _, acknowledged, found = strike(crash, wallets, 0)

    assert acknowledged - found
    assert crash.bank.broken() == set()
