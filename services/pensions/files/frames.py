"""The columns of what a slice gives: rows that are right and faults, ready for COPY."""

import io
from collections.abc import Sequence

import polars as pl

from services.pensions.files.rows import Fault, Row

ROW_SCHEMA: dict[str, type[pl.DataType]] = {
    "line": pl.UInt32,
    "id_type": pl.String,
    "identifier": pl.String,
    "identifier_raw": pl.String,
    "amount_minor": pl.Int64,
    "purpose": pl.String,
    "name": pl.String,
    "file_transfer_id": pl.String,
    "is_repaired": pl.Boolean,
    "is_unknown_range": pl.Boolean,
}
CLEAN_SCHEMA: dict[str, type[pl.DataType]] = ROW_SCHEMA | {"occurrence": pl.UInt32}
FAULT_SCHEMA: dict[str, type[pl.DataType]] = {
    "line": pl.UInt32,
    "column": pl.String,
    "code": pl.String,
    "detail": pl.String,
    "value": pl.String,
    "see": pl.String,
    "raw": pl.String,
}


def rows_frame(rows: Sequence[Row]) -> pl.DataFrame:
    """Return rows without a fault as a frame."""
    return pl.DataFrame([_clean(row) for row in rows], schema=ROW_SCHEMA, orient="row")


def faults_frame(faults: Sequence[tuple[int, str, Fault]]) -> pl.DataFrame:
    """Return faults, each with its line and the text of that line, as a frame."""
    return pl.DataFrame(
        [(line, one.column, one.code, one.detail, one.value, one.see, raw) for line, raw, one in faults],
        schema=FAULT_SCHEMA,
        orient="row",
    )


def copy_bytes(frame: pl.DataFrame) -> bytes:
    """Return a frame as `COPY … FROM STDIN (FORMAT csv)` reads it: null is nothing, an empty text is two quotes."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False)
    return buffer.getvalue()


def _clean(row: Row) -> tuple[object, ...]:
    assert row.id_type is not None  # noqa: S101  # a row without a fault has all it needs
    assert row.identifier is not None  # noqa: S101  # idem
    return (
        row.line,
        row.id_type.value,
        row.identifier.value,
        row.identifier_raw,
        row.amount_minor,
        row.purpose,
        row.name,
        row.transfer_id,
        row.identifier.is_repaired,
        row.identifier.is_unknown_range,
    )
