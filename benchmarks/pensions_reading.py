"""What a person waits for who looks at a batch of a million pensions, beside the bare query of the same page."""

import time
from collections.abc import Callable

import psycopg
from fastapi.testclient import TestClient

import main
from benchmarks.ground import prepared
from benchmarks.measure import Row, Sample, cpu_ms, cpu_s, take_turns, wait_ms
from benchmarks.pensions_reports import BULK_IDS, LARGE, fill
from core.database import Database, use_database
from models.users import User
from services.users.tokens import open_family

CALLS, PAGE, OK = 40, 1_000, 200
AT = f"/api/bulk-transfers/{BULK_IDS[LARGE]}"
# What the house promised, in milliseconds, by what is asked.
LARGEST_MS = {
    "its status, counters alone": (f"{AT}/status?items=0", 50),
    "its status and a thousand payments": (f"{AT}/status", 300),
    "the history it stands in": ("/api/bulk-transfers/history", 300),
    "its details and a thousand payments": (f"{AT}/details", 300),
    "a thousand payments from its middle": (f"{AT}/payments?after=500000", 300),
}
_PAGE = f"""
select p.*, t.handles from pension_payment p left join transfer t on t.id = p.transfer_id
where p.batch_id = (select id from pension_batch where bulk_id = '{BULK_IDS[LARGE]}') order by p.line limit {PAGE}
"""


def measure(rounds: int, _seconds: float) -> list[Row]:
    """Ask for each in turn through the door, beside the bare page."""
    with prepared() as ground:
        fill(ground.url)
        database = use_database(ground.url, 4)
        client = TestClient(main.create_doors(), headers={"Authorization": f"Bearer {_token(database)}"})

        def ask(path: str) -> Callable[[], None]:
            def call() -> None:
                assert client.get(path).status_code == OK

            return call

        variants = {"page": _timed(ground.postmaster, lambda: _page(ground.url))}
        variants |= {name: _timed(ground.postmaster, ask(path)) for name, (path, _) in LARGEST_MS.items()}
        samples = take_turns(variants, rounds)
    return [_row(name, samples[name], samples["page"], largest_ms) for name, (_, largest_ms) in LARGEST_MS.items()]


def _row(name: str, product: list[Sample], yardstick: list[Sample], largest_ms: int) -> Row:
    taken_ms, bare_ms = (wait_ms(samples, 0.9) for samples in (product, yardstick))
    return Row(
        name=f"A batch of 1 000 000 pensions: {name}, p90",
        figure=f"{taken_ms:.0f} ms",
        yardstick=f"{bare_ms:.0f} ms",
        ratio=f"{taken_ms / bare_ms:.1f}",
        target=f"≤ {largest_ms} ms",
        own_cpu=f"{cpu_ms(product, 'own'):.1f}",
        database_cpu=f"{cpu_ms(product, 'database'):.1f}",
        holds=taken_ms <= largest_ms,
    )


def _timed(postmaster: int, act: Callable[[], None]) -> Callable[[], Sample]:
    def run() -> Sample:
        cpu, own, begun = cpu_s(postmaster), time.process_time(), time.perf_counter()
        waits = tuple(_seconds_of(act) for _ in range(CALLS))
        elapsed = time.perf_counter() - begun
        return Sample(CALLS, elapsed, time.process_time() - own, cpu_s(postmaster) - cpu, waits)

    return run


def _seconds_of(act: Callable[[], None]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _page(url: str) -> None:
    with psycopg.connect(url) as connection:
        assert len(connection.execute(_PAGE.encode()).fetchall()) == PAGE


def _token(database: Database) -> str:
    with database.transaction() as session:
        row = session.connection().exec_driver_sql(
            "select created_by from pension_batch where bulk_id = %s", (BULK_IDS[LARGE],)
        )
        return open_family(session, session.get_one(User, row.scalar_one()), 60, "127.0.0.1").access
