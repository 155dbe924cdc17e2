"""The rows of a file become payments, by COPY, slice by slice; its wrong cells wait on disk until its verdict.

A payment's id is its batch's first twelve octets, then its line as four.
"""

import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import polars as pl

from core import clock
from core.database import Session, driver
from services.pensions.files import CLEAN_SCHEMA, FAULT_SCHEMA, Examination, copy_bytes
from services.pensions.files.findings import CheckedSlice

Progress = Callable[[int], None]

PIECE_BYTES = 1 << 20
WRITTEN_ROWS = 20_000  # as text at a time
MOST_FAULTS_A_LINE = 16

PAYMENT_COLUMNS = (
    "id, created_at, next_try_at, batch_id, organisation_id, line, file_transfer_id, id_type, identifier,"
    " identifier_raw, amount_minor, purpose, occurrence, name"
)
_ERROR_COLUMNS = 'file_id, number, line, "column", code, detail, value, see, raw'
_MARKS = ("is_repaired", "is_unknown_range")


class Loading:
    """One file on its way into one batch; nothing is kept of it in memory but marks of a few rows."""

    def __init__(self, session: Session, *, batch_id: UUID, organisation_id: UUID, file_id: UUID, folder: Path) -> None:
        self._session = session
        self._batch_id = batch_id
        self._organisation_id = organisation_id
        self._file_id = file_id
        self._spool = folder / "errors.csv"
        self._spool.touch()
        self._marks: list[pl.DataFrame] = []

    def load(self, examination: Examination, on_progress: Progress | None) -> None:
        """Take every slice of a file into the batch."""
        now, rows = clock.now(), 0
        for piece in examination.slices():
            self._take(piece, now)
            if on_progress is not None:
                rows += piece.clean.height + piece.faults["line"].n_unique()
                on_progress(rows)

    def note_faults(self, faults: pl.DataFrame, first: int = 0) -> None:
        """Keep wrong cells (`FAULT_SCHEMA`) for the file's list; `first` leaves room for those of the line itself."""
        if faults.height:
            with self._spool.open("ab") as spool:
                spool.write(copy_bytes(_error_frame(faults, self._file_id, first)))

    def write_faults(self) -> None:
        """Write the list of wrong cells."""
        if self._spool.stat().st_size:
            copy = f"copy pension_file_error ({_ERROR_COLUMNS}) from stdin (format csv)"
            with driver(self._session).cursor() as cursor, cursor.copy(copy.encode()) as stream:
                for piece in pieces(self._spool):
                    stream.write(piece)

    def marked(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows read from the database (`CLEAN_SCHEMA` without its marks) with the marks they were read with."""
        marks = pl.concat([pl.DataFrame(schema={name: CLEAN_SCHEMA[name] for name in ("line", *_MARKS)}), *self._marks])
        joined = rows.join(marks, on="line", how="left").with_columns(pl.col(_MARKS).fill_null(value=False))
        return joined.select(*CLEAN_SCHEMA)

    def _take(self, piece: CheckedSlice, now: datetime) -> None:
        self.note_faults(piece.faults)
        if piece.clean.height:
            self._marks.append(piece.clean.filter(pl.any_horizontal(_MARKS)).select("line", *_MARKS))
            frame = _payment_frame(piece.clean, self._batch_id, self._organisation_id, now)
            copy = f"copy pension_payment ({PAYMENT_COLUMNS}) from stdin (format csv)"
            with driver(self._session).cursor() as cursor, cursor.copy(copy.encode()) as stream:
                for part in frame.iter_slices(WRITTEN_ROWS):
                    stream.write(copy_bytes(part))


def payment_id(batch_id: UUID, line: int) -> UUID:
    """Return the id of a batch's payment."""
    return UUID(bytes=batch_id.bytes[:12] + line.to_bytes(4))


def compressed(path: Path) -> bytes:
    """Return a file as it is kept: packed piece by piece."""
    packer = zlib.compressobj(level=1)
    packed = [packer.compress(piece) for piece in pieces(path)]
    return b"".join([*packed, packer.flush()])


def unpacked(original: bytes) -> bytes:
    """Return a kept file as it was received."""
    return zlib.decompress(original)


def pieces(path: Path) -> Iterator[bytes]:
    """Give a file in pieces."""
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _payment_frame(clean: pl.DataFrame, batch_id: UUID, organisation_id: UUID, now: datetime) -> pl.DataFrame:
    line, moment = clean["line"], pl.lit(now.isoformat())
    four = _four_digits()
    high, low = four.gather(line // (1 << 16)), four.gather(line % (1 << 16))
    return clean.select(
        pl.concat_str(pl.lit(batch_id.bytes[:12].hex()), high, low).alias("id"),
        moment.alias("created_at"),
        moment.alias("next_try_at"),
        pl.lit(str(batch_id)).alias("batch_id"),
        pl.lit(str(organisation_id)).alias("organisation_id"),
        *("line", "file_transfer_id", "id_type", "identifier", "identifier_raw", "amount_minor", "purpose"),
        "occurrence",
        pl.col("name").fill_null(""),
    )


@lru_cache(1)
def _four_digits() -> pl.Series:
    """Return every number of sixteen bits in hexadecimal, by itself."""
    return pl.Series([f"{number:04x}" for number in range(1 << 16)])


def _error_frame(faults: pl.DataFrame, file_id: UUID, first: int) -> pl.DataFrame:
    """Return faults as the table holds them, numbered so that lines stand in order."""
    number = pl.col("line").cast(pl.Int64) * MOST_FAULTS_A_LINE + pl.int_range(pl.len()).over("line") + first
    return faults.select(
        pl.lit(str(file_id)).alias("file_id"),
        number.alias("number"),
        "line",
        *(pl.col(name).fill_null("") for name in list(FAULT_SCHEMA)[1:]),
    )
