"""A million pensions received, examined and loaded as a draft, beside the bare COPY of the same rows; clean, and wrong.

Both write into the product's own table, with its indexes and checks. Then what follows: who was paid before, the whole
way to the queue, and out of it again.
"""

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import psycopg

from benchmarks.ground import prepared
from benchmarks.measure import Row, Sample, cpu_ms, cpu_s, ratio, take_turns
from core import database as databases
from core.database import Database
from core.permissions import Actor
from jobs.pensions import Office
from models.pension_stages import BatchStage
from services.pensions import batches
from services.pensions.batches import CancelBatch, Previewed, UploadBatch, earlier, loading
from tests.builders import batches as desks
from tests.builders.batches import Desk

ROWS = 1_000_000
WRONG_EVERY = 100
LARGEST_RATIO = 1.5
LARGEST_WRONG_RATIO = 2.5  # of the clean file's time
LARGEST_PEAK_MB = 600
LARGEST_CHECK_S = 3.0
LARGEST_ANSWER_S = 1.0

_FUNDS_MINOR = 10**14
_HEADER = "type_id,valeur_id,devise,montant,nom_complet\n"
_COPY = f"copy pension_payment ({loading.PAYMENT_COLUMNS}) from stdin (format csv)"
_READY = f"copy (select {loading.PAYMENT_COLUMNS} from pension_payment order by line) to stdout (format csv)"
_WRONG: tuple[Callable[[str], str], ...] = (
    lambda row: row.replace("MSISDN", "").replace("PERSONAL_ID", ""),
    lambda row: row.replace("MSISDN", "ORG").replace("PERSONAL_ID", "ORG"),
    lambda _row: "MSISDN,,XOF,500,\n",
    lambda _row: "MSISDN,2.2997E+10,XOF,500,\n",
    lambda _row: "MSISDN,0112,XOF,500,\n",
    lambda _row: "MSISDN,+33612345678,XOF,500,\n",
    lambda _row: "PERSONAL_ID,123456789,XOF,500,\n",
    lambda row: row.replace("XOF", ""),
    lambda row: row.replace("XOF", "XAF"),
    lambda row: row.replace("00,", "00.0,"),
    lambda row: row.replace("00,", "00000000,"),
    lambda row: row.replace(",XOF", ""),
)


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of one run; `others` pays as many people, none of them in the clean one."""

    clean: Path
    wrong: Path
    others: Path


def measure(rounds: int, _seconds: float) -> list[Row]:
    """Load the clean rows by COPY, then both files as a manager's preview does, in turn; then the way to the queue."""
    with prepared() as ground, tempfile.TemporaryDirectory(prefix="palabre-bench-") as name:
        folder = Path(name)
        files = _Files(folder / "clean.csv", folder / "wrong.csv", folder / "others.csv")
        _write(files.clean, _rows())
        _write(files.wrong, _with_wrong(_rows()))
        _write(files.others, (row.replace("MSISDN,", "ALIAS,a").replace("PERSONAL_ID,", "ALIAS,b") for row in _rows()))
        desk = desks.open_desk(databases.use_database(ground.url, 5))
        desk.fund(_FUNDS_MINOR)
        bench = _Bench(desk, ground.url, ground.postmaster, folder / "ready.csv")
        bench.make_ready(files.clean)
        variants = {
            "COPY": bench.copy,
            "clean file": lambda: bench.look_at(files.clean, 0),
            "10 000 wrong": lambda: bench.look_at(files.wrong, ROWS // WRONG_EVERY),
        }
        samples = take_turns(variants, rounds)
        peaks = [bench.peak_mb(path) for path in (files.clean, files.wrong)]
        upload_s, check_s = bench.upload_s(files.clean), bench.check_s(files.others)
        answer_s, rest_s = bench.cancel_s()
    clean, wrong, bare = samples["clean file"], samples["10 000 wrong"], samples["COPY"]
    return [
        _row("A clean file of 1 000 000 pensions becomes a draft", clean, bare, LARGEST_RATIO),
        _row("The same with 10 000 wrong rows, against the clean file", wrong, clean, LARGEST_WRONG_RATIO),
        _figure("Peak memory of a process that loads either", max(peaks), "MB", LARGEST_PEAK_MB),
        _figure("Who of 1 000 000 was paid before, among as many claims", check_s, "s", LARGEST_CHECK_S),
        _figure(
            "1 000 000 pensions from the file to the queue: loaded, claimed, sealed, reserved", upload_s, "s", None
        ),
        _figure("Cancelling them: the answer", answer_s, "s", LARGEST_ANSWER_S),
        _figure("Cancelling them: until the last is cancelled, by one worker", rest_s, "s", None),
    ]


def _row(name: str, product: list[Sample], yardstick: list[Sample], largest: float) -> Row:
    times = 1 / ratio(product, yardstick)
    return Row(
        name=name,
        figure=f"{min(one.elapsed_s for one in product):.1f} s",
        yardstick=f"{min(one.elapsed_s for one in yardstick):.1f} s",
        ratio=f"{times:.2f}",
        target=f"≤ {largest}",
        own_cpu=f"{cpu_ms(product, 'own'):.4f}",
        database_cpu=f"{cpu_ms(product, 'database'):.4f}",
        holds=times <= largest,
    )


def _figure(name: str, figure: float, unit: str, largest: float | None) -> Row:
    return Row(
        name=name,
        figure=f"{figure:.0f} {unit}" if unit == "MB" else f"{figure:.1f} {unit}",
        yardstick="",
        ratio="",
        target="" if largest is None else f"≤ {largest:g} {unit}",
        own_cpu="",
        database_cpu="",
        holds=largest is None or figure <= largest,
    )


class _Bench:
    """One desk; the payments of the last turn are gone before the next, and its file may come again."""

    def __init__(self, desk: Desk, url: str, postmaster: int, ready: Path) -> None:
        self._desk = desk
        self._url = url
        self._postmaster = postmaster
        self._ready = ready
        self._queued = ""

    def make_ready(self, path: Path) -> None:
        """Keep the rows of a file as COPY takes them."""
        _look(self._desk.database, self._desk.caisse.manager, self._order(path), path)
        with (
            self._ready.open("wb") as ready,
            psycopg.connect(self._url) as connection,
            connection.cursor().copy(_READY.encode()) as copy,
        ):
            for piece in copy:
                ready.write(piece)

    def copy(self) -> Sample:
        """Write rows that are ready, and nothing else."""
        with (
            self._timed() as taken,
            psycopg.connect(self._url) as connection,
            connection.cursor().copy(_COPY.encode()) as copy,
        ):
            for piece in loading.pieces(self._ready):
                copy.write(piece)
        return taken[0]

    def look_at(self, path: Path, invalid: int) -> Sample:
        """Receive, examine and load a file."""
        with self._timed() as taken:
            seen = _look(self._desk.database, self._desk.caisse.manager, self._order(path), path)
        assert (seen.file.rows, seen.file.invalid) == (ROWS, invalid), seen.file
        return taken[0]

    def upload_s(self, path: Path) -> float:
        """Return how long a whole upload takes."""
        self._forget()
        begun = time.perf_counter()
        sent = batches.upload(self._desk.database, self._desk.caisse.manager, self._order(path), loading.pieces(path))
        taken_s = time.perf_counter() - begun
        self._queued = sent.batch.bulk_id
        return taken_s

    def cancel_s(self) -> tuple[float, float]:
        """Return how long whoever cancels the last upload waits, and how long the workers go on after him."""
        office = Office(lambda: self._desk.database)
        begun = time.perf_counter()
        self._desk.do(batches.cancel, CancelBatch(bulk_id=self._queued, reason="Essai"))
        answered = time.perf_counter()
        while office.void():
            pass
        assert self._desk.batch(self._queued).stage is BatchStage.CANCELLED
        return answered - begun, time.perf_counter() - answered

    def check_s(self, path: Path) -> float:
        """Return how long it takes to find nobody of a draft among the claims of the last upload."""
        seen = _look(self._desk.database, self._desk.caisse.manager, self._order(path), path)
        batch = seen.batch
        with self._desk.database.transaction(statement_timeout_ms=300_000) as session:
            begun = time.perf_counter()
            assert earlier.find_paid(session, batch.id, batch.organisation_id, batch.cycle).is_empty()
            return time.perf_counter() - begun

    def peak_mb(self, path: Path) -> int:
        """Return the most memory a fresh process had while it loaded a file."""
        self._forget()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            return fresh.submit(_look_and_weigh, self._url, self._desk.caisse.manager, self._order(path), path).result()

    def _order(self, path: Path) -> UploadBatch:
        return self._desk.order(self._desk.caisse, file_name=path.name)

    @contextmanager
    def _timed(self) -> Iterator[list[Sample]]:
        self._forget()
        taken: list[Sample] = []
        cpu, own, begun = cpu_s(self._postmaster), time.process_time(), time.perf_counter()
        yield taken
        elapsed = time.perf_counter() - begun
        taken.append(Sample(ROWS, elapsed, time.process_time() - own, cpu_s(self._postmaster) - cpu))

    def _forget(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("truncate pension_payment, pension_file_error, pension_set_aside")
            connection.execute("update pension_batch set stage = 'EXPIRED' where stage = 'DRAFT'")


def _look(database: Database, actor: Actor, order: UploadBatch, path: Path) -> Previewed:
    return batches.preview(database, actor, order, loading.pieces(path))


def _look_and_weigh(url: str, actor: Actor, order: UploadBatch, path: Path) -> int:
    _look(databases.use_database(url, 2), actor, order, path)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _rows() -> Iterator[str]:
    """Give the rows of a clean file: three of five by the present number, one by the old, one by a personal id."""
    for number in range(ROWS):
        scattered = number * 7_919 % 10_000_000
        payee = {3: f"MSISDN,2299{scattered:07d}", 4: f"PERSONAL_ID,{scattered:010d}"}.get(
            number % 5, f"MSISDN,019{scattered:07d}"
        )
        yield f"{payee},XOF,{number % 400 * 100 + 5_000},Adjoa KOSSOU {number % 997}\n"


def _with_wrong(rows: Iterator[str]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield _WRONG[number // WRONG_EVERY % len(_WRONG)](row) if number % WRONG_EVERY == 0 else row


def _write(path: Path, rows: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEADER)
        while some := "".join(islice(rows, 10_000)):
            file.write(some)
