"""A server of the benchmarks' own, durable as in production, with wallets of known ids and money in them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg

from commands.migrate import upgrade
from core.database import Database
from core.embedded_postgres import EmbeddedPostgres
from core.money import Currency, Money
from models.ledger import Source
from services import ledger
from services.ledger import Leg, Posting

WALLETS = 20_000
RICH_MINOR = 10**12
FIRST_WALLET = UUID("00000000-0000-7000-8000-000000000000").int


@dataclass(frozen=True, slots=True)
class Ground:
    """Where to measure, and whose CPU to count."""

    url: str
    postmaster: int


@contextmanager
def prepared() -> Iterator[Ground]:
    """Yield a migrated database with funded wallets, and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="palabre-bench-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder)
    try:
        url = server.start()
        upgrade(url)
        _fund(url)
        pid = server.read_pid()
        assert pid is not None
        yield Ground(url, pid)
    finally:
        home = server.home
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def wallet(number: int) -> UUID:
    """Return the id of the wallet `number`, from 0."""
    return UUID(int=FIRST_WALLET + number)


def _fund(url: str) -> None:
    """Open the wallets, and give each from the opening account more than it will ever spend here."""
    opening = wallet(WALLETS)
    series = "('00000000-0000-7000-8000-' || lpad(to_hex(number), 12, '0'))::uuid"
    with psycopg.connect(url) as connection:
        connection.execute(
            "select ledger_open_account(%s, 'opening', 'debit', 'platform', null, 'XOF', '', null, true, now())",
            (opening,),
        )
        connection.execute(
            f"select ledger_open_account({series}, 'wallet', 'credit', 'bench', {series}, 'XOF', '', 0, false, now())"
            f" from generate_series(0, {WALLETS - 1}) as number".encode()
        )
        connection.commit()
        database = Database(url, 1)
        for first in range(0, WALLETS, ledger.LARGEST_BATCH):
            with database.transaction() as session:
                ledger.post_many(session, [_gift(opening, number) for number in range(first, first + 1_000)])
        database.dispose()
        connection.autocommit = True
        connection.execute("vacuum analyze")


def _gift(opening: UUID, number: int) -> Posting:
    legs = Leg(opening, Money(RICH_MINOR, Currency.XOF)), Leg(wallet(number), Money(-RICH_MINOR, Currency.XOF))
    return Posting(Source.MANUAL, f"opening:{number}", "opening", legs)
