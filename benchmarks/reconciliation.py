"""A day of a hundred thousand lines compared both ways, beside the bare COPY of the same lines."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg

from benchmarks.ground import prepared
from benchmarks.measure import Row, Sample, cpu_ms, cpu_s, ratio, take_turns
from core import clock
from core.database import Database
from core.money import Currency, Money
from models.reconciliation import ReconciliationRun
from models.transfers import ProviderAccount
from providers.answers import Line
from services.reconciliation.comparing import compare
from services.reconciliation.days import end_run, open_run
from services.reconciliation.fetching import save_lines

LINES = 100_000
ODD = 500  # of ours and of theirs, that the other side does not know
PAGE = 1_000
SLOWEST_S = 60.0

_TRANSFERS = """
insert into transfer (
    id, created_at, external_id, reference, callback_token, source, key, direction, purpose, subject_id, method,
    account_id, adapter, environment, base_url, amount_minor, currency, party_phone, party_reference, party_code,
    party_name, label, language, handles, next_step, provider_ref, provider_fee_minor, provider_state, state, reason,
    reads, connect_failures, is_held, actor, submitted_at, ended_at)
select gen_random_uuid(), %(at)s, gen_random_uuid(), 'R' || n, 'T' || n, 'transfer', 'K' || n, 'collect', 'bench',
    gen_random_uuid(), 'wave', %(account)s, 'wave', 'fake', 'http://127.0.0.1:9', 5000, 'XOF', '+221771234567', '',
    '', '', '', 'fr', '{}', '{}', 'P' || n, 0, '', 'succeeded', '', 1, 0, false, '', %(at)s, %(at)s
from generate_series(1, %(lines)s) n
"""


def measure(rounds: int, _seconds: float) -> list[Row]:
    """Compare a fresh day each round, beside the bare COPY of its lines."""
    with prepared() as ground:
        database = Database(ground.url, pool_size=2)
        day = _Days(database, ground.postmaster)
        samples = take_turns({"COPY": day.copy, "compare": day.compare}, rounds)
        database.dispose()
    compared, copied = samples["compare"], samples["COPY"]
    slowest = max(sample.elapsed_s for sample in compared)
    return [
        Row(
            name=f"a day of {LINES:,} lines saved and compared both ways".replace(",", " "),
            figure=f"{slowest:.1f} s",
            yardstick=f"{max(sample.elapsed_s for sample in copied):.1f} s",
            ratio=f"{1 / ratio(compared, copied):.1f}",
            target=f"≤ {SLOWEST_S:.0f} s",
            holds=slowest <= SLOWEST_S,
            own_cpu=f"{cpu_ms(compared, 'own'):.3f}",
            database_cpu=f"{cpu_ms(compared, 'database'):.3f}",
        )
    ]


class _Days:
    """One account, a day further back each time it is compared."""

    def __init__(self, database: Database, postmaster: int) -> None:
        self._database = database
        self._postmaster = postmaster
        self._day = clock.now().date()
        with database.transaction() as session:
            account = ProviderAccount(
                code="bench",
                label="Bench",
                adapter="wave",
                environment="fake",
                base_url="",
                country="SN",
                currency="XOF",
            )
            session.add(account)
        self._account_id = account.id

    def copy(self) -> Sample:
        """Write the lines of a day by COPY, and nothing else."""
        at = datetime.now(UTC)
        lines = _lines(at)
        with self._timed() as taken, psycopg.connect(self._database.url) as connection:
            connection.execute("create temporary table bare (key text, ref text, amount bigint, at timestamptz)")
            with connection.cursor().copy("copy bare from stdin") as copy:
                for line in lines:
                    copy.write_row((line.line_key, line.provider_ref, line.amount.minor, line.at))
        return taken[0]

    def compare(self) -> Sample:
        """Save the lines page by page and compare the day, as a night does."""
        self._day -= timedelta(days=2)
        at = datetime.combine(self._day, datetime.min.time(), UTC) + timedelta(hours=12)
        with self._database.transaction(statement_timeout_ms=120_000) as session:
            session.connection().exec_driver_sql("delete from provider_line")
            session.connection().exec_driver_sql("delete from reconciliation_item")
            session.connection().exec_driver_sql("delete from transfer_case")
            session.connection().exec_driver_sql("delete from transfer")
            session.connection().exec_driver_sql(_TRANSFERS, {"at": at, "account": self._account_id, "lines": LINES})
        lines = _lines(at)
        with self._timed() as taken:
            with self._database.transaction() as session:
                run_id = open_run(session, self._account_id, self._day, "list").id
            for start in range(0, LINES, PAGE):
                with self._database.transaction() as session:
                    save_lines(session, run_id, self._account_id, lines[start : start + PAGE])
            with self._database.transaction(statement_timeout_ms=120_000) as session:
                run = session.get_one(ReconciliationRun, run_id)
                found = compare(session, run)
                end_run(session, run)
        assert found.new == 2 * ODD, found
        return taken[0]

    @contextmanager
    def _timed(self) -> Iterator[list[Sample]]:
        taken: list[Sample] = []
        cpu, own, begun = cpu_s(self._postmaster), time.process_time(), time.perf_counter()
        yield taken
        elapsed = time.perf_counter() - begun
        taken.append(Sample(LINES, elapsed, time.process_time() - own, cpu_s(self._postmaster) - cpu))


def _lines(at: datetime) -> list[Line]:
    """Return what the provider lists: all of ours but some, and as many that we do not know."""
    return [
        Line(f"P{number}", "collect", Money(5_000, Currency.XOF), at, provider_ref=f"P{number}")
        for number in range(ODD + 1, LINES + ODD + 1)
    ]
