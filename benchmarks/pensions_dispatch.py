"""How fast pensions leave, through the whole house, against a bare client that sends as many to the same fake."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import aiohttp

from benchmarks.measure import Row, Sample, cpu_ms, cpu_s, rate, ratio, take_turns
from commands.migrate import upgrade
from core.database import Database, driver, use_database
from core.embedded_postgres import EmbeddedPostgres
from jobs.pensions import Office
from jobs.worker import Ear
from models.pensions import PensionBatch
from services.pensions.dispatch.rails import ADAPTER
from tests.builders import pensions
from tests.builders.pensions import PensionWorld

AT_ONCE = 50
PAYMENTS = 2_000
LONGEST_S = 120.0
TARGET_RATIO, TARGET_CPU_MS = 0.3, 3.0
ROOT = Path(__file__).parents[1]
FUNDS_MINOR = 10**12
_SETTINGS = {"concurrency": AT_ONCE, "rate": 2_000, "mode": "one_step"}


def measure(rounds: int, _seconds: float) -> list[Row]:
    """Send some thousand payments by a worker and by a bare client, in turn, to the same fake."""
    with _house() as (database, server), _fake() as address:
        world = pensions.build(database, funds_minor=0)
        pensions.fund(database, world, world.own, FUNDS_MINOR)
        _settle(database, address)
        office = Office(lambda: database)
        workers = office.workers
        for worker in workers:
            worker.start()
        ear = Ear(database, workers)
        ear.start()
        try:
            samples = take_turns(
                {
                    "bare client": lambda: _bare(address),
                    "pensions": lambda: _pensions(database, world, server),
                },
                rounds,
            )
        finally:
            ear.stop()
            for worker in workers:
                worker.stop()
            office.finish()
    return [_row(samples["pensions"], samples["bare client"])]


def _row(ours: Sequence[Sample], bare: Sequence[Sample]) -> Row:
    share = ratio(ours, bare)
    own_ms, database_ms = cpu_ms(ours, "own"), cpu_ms(ours, "database")
    return Row(
        f"pensions sent, {AT_ONCE} at once",
        f"{rate(ours):.0f}/s",
        f"{rate(bare):.0f}/s",
        f"{share:.2f}",
        f"≥ {TARGET_RATIO}, CPU ≤ {TARGET_CPU_MS:g} ms",
        f"{own_ms:.2f}",
        f"{database_ms:.2f}",
        share >= TARGET_RATIO and own_ms + database_ms <= TARGET_CPU_MS,
    )


def _pensions(database: Database, world: PensionWorld, server: EmbeddedPostgres) -> Sample:
    payees = pensions.crowd(PAYMENTS)
    batch = pensions.queued(database, world.own, payees, cycle=f"{uuid4().hex[:8]}")
    postmaster = server.read_pid() or 0
    before, own, since = cpu_s(postmaster), time.process_time(), None
    started = time.monotonic()
    while time.monotonic() - started < LONGEST_S:
        done = _progress(database, batch)
        since = since or (time.monotonic() if done is not None else None)
        if done == PAYMENTS:
            break
        time.sleep(0.05)
    assert done == PAYMENTS
    assert since is not None
    elapsed_s = time.monotonic() - since
    return Sample(PAYMENTS, elapsed_s, time.process_time() - own, cpu_s(postmaster) - before)


def _progress(database: Database, batch: PensionBatch) -> int | None:
    """Return how many are paid; None until the batch has begun."""
    with database.transaction() as session:
        row = (
            driver(session)
            .execute("select completed_count, started_at from pension_batch where id = %s", (batch.id,))
            .fetchone()
        )
    assert row is not None
    return None if row[1] is None else int(row[0])


def _bare(address: str) -> Sample:
    started, own = time.monotonic(), time.process_time()
    asyncio.run(_send_all(address))
    return Sample(PAYMENTS, time.monotonic() - started, time.process_time() - own)


async def _send_all(address: str) -> None:
    """Send as many orders as a client can that keeps nothing, checks nothing and forgets everything."""
    left = iter(pensions.crowd(PAYMENTS))
    bulk_id = uuid4().hex[:12]

    async def send(session: aiohttp.ClientSession) -> None:
        for payee in left:
            document = {
                "homeTransactionId": f"{bulk_id}/{payee.identifier}",
                "transferId": str(uuid4()),
                "from": {"type": "BUSINESS", "idType": "BUSINESS", "idValue": "CNSS-BJ", "displayName": "CNSS Benin"},
                "to": {"idType": "MSISDN", "idValue": payee.identifier.removeprefix("+")},
                "amountType": "RECEIVE",
                "currency": "XOF",
                "amount": str(payee.amount_minor),
                "transactionType": "TRANSFER",
                "note": "PENSION 2025-12",
            }
            async with session.post(f"{address}/transfers", data=json.dumps(document), headers=_JSON) as answer:
                assert answer.ok
                await answer.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        await asyncio.gather(*(send(session) for _ in range(AT_ONCE)))


_JSON = {"Content-Type": "application/json"}


@contextlib.contextmanager
def _house() -> Iterator[tuple[Database, EmbeddedPostgres]]:
    folder = Path(tempfile.mkdtemp(prefix="palabre-bench-pensions-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder)
    try:
        url = server.start()
        upgrade(url)
        database = use_database(url, 20)
        yield database, server
        database.dispose()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _fake() -> Iterator[str]:
    """Run the fake adapter in a process of its own, as the real one is."""
    command = [sys.executable, "-m", "benchmarks.pensions_dispatch"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def _settle(database: Database, address: str) -> None:
    with database.transaction() as session:
        driver(session).execute(
            "update provider_account set base_url = %s, settings = %s where adapter = %s",
            (address, json.dumps(_SETTINGS), ADAPTER),
        )


def _serve_fake() -> None:
    from providers.fakes.kernel import Kernel
    from providers.fakes.mojaloop import MojaloopFake
    from providers.fakes.server import FakeServer

    server = FakeServer(Kernel(is_manual=False), made=[MojaloopFake()])
    server.start()
    print(f"{server.url}/mojaloop", flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        threading.Event().wait(1)


if __name__ == "__main__":
    _serve_fake()
