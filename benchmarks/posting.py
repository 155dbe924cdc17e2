"""Money through the ledger: the database's own limit, the service, batches."""

import multiprocessing
import os
import random
import re
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from benchmarks.ground import WALLETS, Ground, prepared, wallet
from benchmarks.measure import Row, Sample, cpu_ms, cpu_s, rate, ratio, take_turns
from core import ids
from core.database import LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS, Database
from core.embedded_postgres import find_binaries
from core.money import Currency, Money
from core.settings import Settings
from models.ledger import Source
from services import ledger
from services.ledger import Leg, Posting

CLIENTS = 16
BATCH = 100
BATCHERS = 8
PATIENCE_S = 60
POOL = int(Settings.model_fields["database_pool_size"].default)

# The same call the service makes, with nothing between: random accounts, a fresh key, one commit each.
IN_DATABASE = f"""
\\set payer random(0, {WALLETS - 1})
\\set payee (:payer + random(1, {WALLETS - 1})) % {WALLETS}
\\set amount random(1, 500)
select ledger_post(uuidv7(), 'manual', uuidv7()::text, 'transfer', '', '', now(), now(),
    array[('00000000-0000-7000-8000-' || lpad(to_hex(:payer::int), 12, '0'))::uuid,
          ('00000000-0000-7000-8000-' || lpad(to_hex(:payee::int), 12, '0'))::uuid],
    array[:amount::bigint, -(:amount::bigint)], array['XOF', 'XOF']);
"""

Work = Callable[[Database, float], int]


def measure(rounds: int, seconds: float) -> list[Row]:
    """Measure all in turn and return the rows."""
    with prepared() as ground:
        variants = {
            "in the database": partial(in_database, ground, seconds),
            "service, one process": partial(in_service, ground, seconds, 1, post_singly),
            "service, two processes": partial(in_service, ground, seconds, 2, post_singly),
            "batches of 100": partial(in_service, ground, seconds, 1, post_batches),
        }
        samples = take_turns(variants, rounds)
    limit = samples["in the database"]
    targets = {"service, one process": 0.5, "service, two processes": None, "batches of 100": 3.0}
    rows = [_row("Posting, in the database, 16 clients", limit, limit, None)]
    names = {
        "service, one process": "Posting, `services.ledger.post`, 16 threads, one process",
        "service, two processes": "Posting, `services.ledger.post`, 16 threads, two processes",
        "batches of 100": "Posting, `services.ledger.post_many`, 100 a commit, one process",
    }
    return rows + [_row(names[name], samples[name], limit, target) for name, target in targets.items()]


def _row(name: str, samples: list[Sample], limit: list[Sample], target: float | None) -> Row:
    share = ratio(samples, limit)
    return Row(
        name=name,
        figure=f"{rate(samples):.0f}/s",
        yardstick=f"{rate(limit):.0f}/s",
        ratio=f"{share:.2f}",
        target=f"≥ {target}" if target else "",
        own_cpu=f"{cpu_ms(samples, 'own'):.2f}",
        database_cpu=f"{cpu_ms(samples, 'database'):.2f}",
        holds=target is None or share >= target,
    )


def in_database(ground: Ground, seconds: float) -> Sample:
    """Post with pgbench: no Python, one prepared statement, 16 connections."""
    place = conninfo_to_dict(ground.url)
    environment = {
        **os.environ,
        "PGHOST": str(place["host"]),
        "PGPORT": str(place["port"]),
        "PGUSER": str(place["user"]),
        "PGPASSWORD": str(place["password"]),
        "PGOPTIONS": f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}",
    }
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(IN_DATABASE)
        script.flush()
        command: list[str | Path] = [find_binaries().folder / "pgbench", "-n", "-M", "prepared", "-j", "2"]
        command += ["-c", str(CLIENTS), "-T", str(round(seconds)), "-f", script.name, str(place["dbname"])]
        before, own_before = cpu_s(ground.postmaster), _children_cpu_s()
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    done = re.search(r"actually processed: (\d+)", answer.stdout)
    per_second = re.search(r"tps = ([\d.]+)", answer.stdout)
    assert done is not None
    assert per_second is not None
    operations = int(done[1])
    return Sample(
        operations,
        operations / float(per_second[1]),
        _children_cpu_s() - own_before,
        cpu_s(ground.postmaster) - before,
    )


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def in_service(ground: Ground, seconds: float, processes: int, work: Work) -> Sample:
    """Post through the service, from processes of their own with the pool an installation has."""
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(processes + 1), context.Queue()
    members = [
        context.Process(target=_member, args=(ground.url, seconds, work, start, answers)) for _ in range(processes)
    ]
    for member in members:
        member.start()
    start.wait(PATIENCE_S)
    before = cpu_s(ground.postmaster)
    told = [answers.get(timeout=seconds + PATIENCE_S) for _ in members]
    database_cpu_s = cpu_s(ground.postmaster) - before
    for member in members:
        member.join()
    return Sample(
        sum(operations for operations, _, _ in told),
        max(elapsed_s for _, elapsed_s, _ in told),
        sum(own_cpu_s for _, _, own_cpu_s in told),
        database_cpu_s,
    )


def _member(url: str, seconds: float, work: Work, start: Barrier, answers: Any) -> None:
    database = Database(url, POOL)
    work(database, 0.2)  # connections opened, statements prepared
    start.wait()
    begun, cpu = time.perf_counter(), time.process_time()
    operations = work(database, seconds)
    answers.put((operations, time.perf_counter() - begun, time.process_time() - cpu))
    database.dispose()


def post_singly(database: Database, seconds: float) -> int:
    """Post from 16 threads, one transfer a transaction; return how many."""

    def post_until(end: float) -> int:
        chance, count = random.Random(), 0
        while time.perf_counter() < end:
            with database.transaction() as session:
                ledger.post(session, _posting(chance))
            count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(post_until, [time.perf_counter() + seconds] * CLIENTS))


def post_batches(database: Database, seconds: float) -> int:
    """Post from 8 threads, a hundred transfers a transaction; return how many transfers."""

    def post_until(end: float) -> int:
        chance, count = random.Random(), 0
        while time.perf_counter() < end:
            with database.transaction() as session:
                count += len(ledger.post_many(session, [_posting(chance) for _ in range(BATCH)]))
        return count

    with ThreadPoolExecutor(BATCHERS) as pool:
        return sum(pool.map(post_until, [time.perf_counter() + seconds] * BATCHERS))


def _posting(chance: random.Random) -> Posting:
    payer = chance.randrange(WALLETS)
    payee = (payer + chance.randrange(1, WALLETS)) % WALLETS
    amount, transaction_id = chance.randint(1, 500), ids.new_id()
    legs = (Leg(wallet(payer), Money(amount, Currency.XOF)), Leg(wallet(payee), Money(-amount, Currency.XOF)))
    return Posting(Source.MANUAL, str(transaction_id), "transfer", legs, id=transaction_id)
