"""A million pensions received, examined and loaded, beside the bare COPY of the same rows; clean, and with faults."""

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
from core.money import Currency
from services.pensions.files import CLEAN_SCHEMA, Examination, FileRules, Findings, copy_bytes, receive

ROWS = 1_000_000
WRONG_EVERY = 100
PIECE_BYTES = 1 << 20
LARGEST_RATIO = 1.5
LARGEST_WRONG_RATIO = 2.5  # of the clean file's time
LARGEST_PEAK_MB = 600

_HEADER = "type_id,valeur_id,devise,montant,nom_complet\n"
_TABLES = """
create table loaded (
    line integer, id_type text, identifier text, identifier_raw text, amount_minor bigint, purpose text, name text,
    file_transfer_id text, is_repaired boolean, is_unknown_range boolean, occurrence integer);
create table wrong (line integer, col text, code text, detail text, value text, see text, raw text)
"""
_RULES = FileRules("BJ", Currency.XOF)
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
    """The two files of one run."""

    clean: Path
    wrong: Path


def measure(rounds: int, _seconds: float) -> list[Row]:
    """Load the clean rows by COPY, then both files as an upload does, in turn."""
    with prepared() as ground, tempfile.TemporaryDirectory(prefix="palabre-bench-") as folder:
        files = _Files(Path(folder) / "clean.csv", Path(folder) / "wrong.csv")
        _write(files.clean, _rows())
        _write(files.wrong, _with_wrong(_rows()))
        with psycopg.connect(ground.url, autocommit=True) as connection:
            connection.execute(_TABLES.encode())
        loading = _Loading(ground.url, ground.postmaster, Path(folder) / "received.csv")
        ready = list(_ready(files.clean, Path(folder) / "ready.csv"))
        variants = {
            "COPY": lambda: loading.copy(ready),
            "clean file": lambda: loading.upload(files.clean, 0),
            "10 000 wrong": lambda: loading.upload(files.wrong, ROWS // WRONG_EVERY),
        }
        samples = take_turns(variants, rounds)
        peaks = [_peak_mb(ground.url, path, Path(folder) / "peak.csv") for path in (files.clean, files.wrong)]
    clean, wrong, bare = samples["clean file"], samples["10 000 wrong"], samples["COPY"]
    return [
        _row("A clean file of 1 000 000 pensions", clean, bare, LARGEST_RATIO),
        _row("The same with 10 000 wrong rows, against the clean file", wrong, clean, LARGEST_WRONG_RATIO),
        Row(
            name="Peak memory of a process that loads either",
            figure=f"{max(peaks)} MB",
            yardstick="",
            ratio="",
            target=f"≤ {LARGEST_PEAK_MB} MB",
            own_cpu="",
            database_cpu="",
            holds=max(peaks) <= LARGEST_PEAK_MB,
        ),
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


class _Loading:
    """One database, its tables emptied before each turn."""

    def __init__(self, url: str, postmaster: int, received: Path) -> None:
        self._url = url
        self._postmaster = postmaster
        self._received = received

    def copy(self, ready: list[bytes]) -> Sample:
        """Write rows that are ready, and nothing else."""
        with (
            self._timed() as taken,
            psycopg.connect(self._url) as connection,
            connection.cursor().copy(_copy_into("loaded")) as copy,
        ):
            for piece in ready:
                copy.write(piece)
        return taken[0]

    def upload(self, path: Path, invalid: int) -> Sample:
        """Receive, examine and load a file."""
        with self._timed() as taken:
            found = _load(self._url, path, self._received)
        assert (found.rows, found.invalid, len(found.errors_by_code)) == (ROWS, invalid, min(invalid, 12)), found
        return taken[0]

    @contextmanager
    def _timed(self) -> Iterator[list[Sample]]:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("truncate loaded, wrong")
        taken: list[Sample] = []
        cpu, own, begun = cpu_s(self._postmaster), time.process_time(), time.perf_counter()
        yield taken
        elapsed = time.perf_counter() - begun
        taken.append(Sample(ROWS, elapsed, time.process_time() - own, cpu_s(self._postmaster) - cpu))


def _load(url: str, path: Path, received: Path) -> Findings:
    examination = Examination(receive(_pieces(path), received), _RULES)
    with psycopg.connect(url) as connection:
        for piece in examination.slices():
            for table, frame in (("loaded", piece.clean), ("wrong", piece.faults)):
                if frame.height:
                    with connection.cursor().copy(_copy_into(table)) as copy:
                        copy.write(copy_bytes(frame))
        return examination.findings()


def _copy_into(table: str) -> bytes:
    return f"copy {table} from stdin (format csv)".encode()


def _ready(path: Path, received: Path) -> Iterator[bytes]:
    for piece in Examination(receive(_pieces(path), received), _RULES).slices():
        yield copy_bytes(piece.clean.select(*CLEAN_SCHEMA))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _peak_mb(url: str, path: Path, received: Path) -> int:
    """Return the most memory a fresh process had while it loaded a file."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        return fresh.submit(_load_and_weigh, url, path, received).result()


def _load_and_weigh(url: str, path: Path, received: Path) -> int:
    _load(url, path, received)
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
