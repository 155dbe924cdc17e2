"""Reports of batches of a hundred thousand and a million pensions, beside the bare COPY of the same rows."""

import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uuid import UUID

import psycopg
from psycopg import Connection

from benchmarks.ground import prepared
from benchmarks.measure import Row, Sample, cpu_ms, cpu_s, take_turns
from core.database import Database
from core.permissions import SYSTEM
from reports import pensions as reports
from tests.builders import pensions

SMALL, LARGE = 100_000, 1_000_000
FAILED_EVERY = 50
LARGEST_PEAK_MB = 300
LEAST_BYTES = 100_000
# What the house promised, in seconds, by size and kind; paper of a large batch is what is not paid.
LARGEST_S = {(SMALL, "csv"): 3.0, (SMALL, "xlsx"): 10.0, (LARGE, "csv"): 20.0, (LARGE, "pdf"): 20.0}
BULK_IDS = {SMALL: "bulk-0000000000a1", LARGE: "bulk-0000000000b2"}

_BATCH = """
insert into pension_batch (id, created_at, bulk_id, organisation_id, account_id, rail, currency, cycle, stage, version,
    total_count, total_minor, waiting_count, waiting_minor, held_count, held_minor, sending_count, sending_minor,
    sent_count, sent_minor, unknown_count, unknown_minor, completed_count, completed_minor, failed_count, failed_minor,
    cancelled_count, cancelled_minor, reversed_count, reversed_minor, fees_minor, skipped_count, lookups_left, seal,
    has_same_person, has_accepted_duplicates, created_by, end_reason, pause_reason, completed_at)
values (%(id)s, now(), %(bulk)s, %(organisation)s, %(account)s, 'mojaloop', 'XOF', '2026-11', 'PARTIALLY_COMPLETED', 1,
    %(rows)s, %(rows)s::bigint * 50000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, %(paid)s, %(paid)s::bigint * 50000, %(failed)s,
    %(failed)s::bigint * 50000, 0, 0, 0, 0, 0, 0, 0, '', false, false, %(user)s, '', '', now())
"""
# Transfers with as many columns filled as the report reads; the workers' own benchmark is elsewhere.
_TRANSFERS = """
insert into transfer (id, created_at, external_id, reference, callback_token, source, key, direction, purpose,
    subject_id, method, account_id, adapter, environment, base_url, amount_minor, currency, party_phone,
    party_reference, party_code, party_name, label, language, handles, next_step, provider_fee_minor, provider_state,
    state, reason, reads, ended_at, connect_failures, is_held, actor)
select gen_random_uuid(), now(), gen_random_uuid(), %(prefix)s || n, %(prefix)s || n, 'pension', %(prefix)s || n,
    'payout', 'pension', md5(%(prefix)s || n)::uuid, 'mojaloop', %(rail)s, 'mojaloop', 'fake', '', 50000, 'XOF', '', '',
    '', '', '', 'fr', '{}', '{}', 0, '', case when n %% %(every)s = 0 then 'failed' else 'succeeded' end, '', 0, now(),
    0, false, ''
from generate_series(1, %(rows)s) n
"""
_PAYMENTS = """
insert into pension_payment (id, created_at, batch_id, organisation_id, line, id_type, identifier, identifier_raw,
    rail_identifier, fsp_id, amount_minor, purpose, occurrence, name, name_found, name_verdict, stage, transfer_id,
    tries, code, reason, is_retryable, fee_minor, completed_at)
select t.subject_id, now(), %(id)s, %(organisation)s, row_number() over () + 1, 'MSISDN',
    '+22901' || lpad((row_number() over ())::text, 8, '0'), '', '', '', 50000, 'PENSION', 1,
    'Adjoa KOSSOU ' || (row_number() over ()) %% 997, 'KOSSOU ADJOA', 'same',
    case t.state when 'failed' then 'FAILED' else 'COMPLETED' end, t.id, 1,
    case t.state when 'failed' then '5200' else '' end, case t.state when 'failed' then 'payee_limit' else '' end,
    false, 0, case t.state when 'failed' then null else now() end
from transfer t where t.key like %(prefix)s || '%%'
"""
# Nobody asks the transfers anything here: without these indexes a million of them are there in a fifth of the time.
_UNUSED = """
select indexrelid::regclass::text from pg_index
where indrelid = 'transfer'::regclass and not indisprimary and not indisunique
"""


def measure(rounds: int, _seconds: float) -> list[Row]:
    """Write every kind of report in turn, each beside the COPY of its rows; then weigh a fresh process."""
    with prepared() as ground:
        fill(ground.url)
        variants: dict[str, Callable[[], Sample]] = {}
        for rows, kind in LARGEST_S:
            variants[f"COPY {rows}"] = _timed(ground.postmaster, rows, lambda rows=rows: _copy(ground.url, rows))
            variants[f"{kind} {rows}"] = _timed(
                ground.postmaster, rows, lambda rows=rows, kind=kind: _report(ground.url, rows, kind)
            )
        samples = take_turns(variants, rounds)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            peak = fresh.submit(_report_and_weigh, ground.url, LARGE, "csv").result()
    rows_of_table = [
        _row(rows, kind, samples[f"{kind} {rows}"], samples[f"COPY {rows}"], largest_s)
        for (rows, kind), largest_s in LARGEST_S.items()
    ]
    weight = Row(
        name="Peak memory of a process that writes a million as CSV",
        figure=f"{peak} MB",
        yardstick="",
        ratio="",
        target=f"≤ {LARGEST_PEAK_MB} MB",
        own_cpu="",
        database_cpu="",
        holds=peak <= LARGEST_PEAK_MB,
    )
    return [*rows_of_table, weight]


def _row(rows: int, kind: str, product: list[Sample], yardstick: list[Sample], largest_s: float) -> Row:
    taken_s, bare_s = (min(one.elapsed_s for one in samples) for samples in (product, yardstick))
    return Row(
        name=f"A report of {f'{rows:,}'.replace(',', ' ')} pensions, {kind.upper()}",
        figure=f"{taken_s:.1f} s",
        yardstick=f"{bare_s:.1f} s",
        ratio=f"{taken_s / bare_s:.1f}",
        target=f"≤ {largest_s:.0f} s",
        own_cpu=f"{cpu_ms(product, 'own'):.4f}",
        database_cpu=f"{cpu_ms(product, 'database'):.4f}",
        holds=taken_s <= largest_s,
    )


def _timed(postmaster: int, rows: int, act: Callable[[], None]) -> Callable[[], Sample]:
    def run() -> Sample:
        cpu, own, begun = cpu_s(postmaster), time.process_time(), time.perf_counter()
        act()
        elapsed = time.perf_counter() - begun
        return Sample(rows, elapsed, time.process_time() - own, cpu_s(postmaster) - cpu)

    return run


def _copy(url: str, rows: int) -> None:
    query = (
        "copy (select p.* from pension_payment p join pension_batch b on b.id = p.batch_id"
        f" where b.bulk_id = '{BULK_IDS[rows]}' order by p.line) to stdout (format csv)"
    )
    with (
        psycopg.connect(url) as connection,
        connection.cursor().copy(query.encode()) as copy,
        tempfile.TemporaryFile() as out,
    ):
        for piece in copy:
            out.write(piece)


def _report(url: str, rows: int, kind: str) -> None:
    database = Database(url, pool_size=2)
    try:
        with database.transaction() as session:
            size = sum(map(len, reports.batch_report(session, SYSTEM, BULK_IDS[rows], kind).pieces))
        assert size > LEAST_BYTES
    finally:
        database.dispose()


def _report_and_weigh(url: str, rows: int, kind: str) -> int:
    _report(url, rows, kind)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def fill(url: str) -> None:
    """Write one batch of each size, one payment in fifty failed."""
    database = Database(url, pool_size=2)
    world = pensions.build(database)
    database.dispose()
    caisse = world.own
    with psycopg.connect(url, autocommit=True) as connection:
        for (index,) in connection.execute(_UNUSED).fetchall():
            connection.execute(f"drop index {index}".encode())
        for number, (rows, bulk_id) in enumerate(BULK_IDS.items()):
            known = {
                "id": UUID(int=number + 1),
                "bulk": bulk_id,
                "organisation": caisse.organisation_id,
                "account": caisse.account.id,
                "rail": caisse.account.rail_account_id,
                "user": caisse.manager.user_id,
                "rows": rows,
                "failed": rows // FAILED_EVERY,
                "paid": rows - rows // FAILED_EVERY,
                "every": FAILED_EVERY,
                "prefix": f"b{number}-",
            }
            _write(connection, known)
        connection.execute("vacuum analyze pension_payment, transfer, pension_batch")


def _write(connection: Connection[tuple[object, ...]], known: dict[str, object]) -> None:
    for statement in (_BATCH, _TRANSFERS, _PAYMENTS):
        connection.execute(statement.encode(), known)
