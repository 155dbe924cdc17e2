"""A table as a file: CSV, a workbook or Parquet; no text cell is ever a formula."""

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.errors import Refusal
from core.formulas import guard

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
MOST_SHEET_ROWS = 1_048_575  # of a worksheet, its titles apart
BLOCK = 50_000
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}

Row = Sequence[str | int]


class TooManyRows(Refusal):
    """A worksheet ends before the table does."""

    code = "trop_de_lignes"
    sentence = "Trop de lignes pour un classeur ({most} au plus) : choisissez CSV ou Parquet."


@dataclass(frozen=True, slots=True)
class Written:
    """A file, and how many rows it has below its titles."""

    content: bytes
    row_count: int


def write(kind: str, head: Sequence[str], rows: Iterable[Row], separator: str = ";") -> Written:
    """Write a table; `separator` is the CSV's, a count stays a number where the format has any."""
    guarded = (tuple(guard(cell) if isinstance(cell, str) else cell for cell in row) for row in rows)
    if kind == "csv":
        return _csv(head, guarded, separator)
    return _workbook(head, guarded) if kind == "xlsx" else _parquet(head, guarded)


def _csv(head: Sequence[str], rows: Iterable[Row], separator: str) -> Written:
    sheet, count = io.StringIO(), 0
    sheet.write(BOM)
    writer = csv.writer(sheet, delimiter=separator, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow(row)
        count += 1
    return Written(sheet.getvalue().encode(), count)


def _workbook(head: Sequence[str], rows: Iterable[Row]) -> Written:
    from xlsxwriter import Workbook

    count = 0
    with tempfile.NamedTemporaryFile(prefix="palabre-ciu-", suffix=".xlsx") as kept:
        with Workbook(kept.name, {"constant_memory": True}) as book:
            sheet = book.add_worksheet()
            bold = book.add_format({"bold": True})
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(head) - 1, 24)
            for column, name in enumerate(head):
                sheet.write_string(0, column, name, bold)
            for count, row in enumerate(rows, start=1):
                if count > MOST_SHEET_ROWS:
                    raise TooManyRows(most=MOST_SHEET_ROWS)
                for column, cell in enumerate(row):
                    put = sheet.write_string if isinstance(cell, str) else sheet.write_number
                    put(count, column, cell)
        return Written(kept.read(), count)


def _parquet(head: Sequence[str], rows: Iterable[Row]) -> Written:
    """Write columns; one that holds a hidden count is a text."""
    import polars as pl

    source = iter(rows)
    blocks = []
    while block := list(islice(source, BLOCK)):
        columns: list[list[Any]] = [list(column) for column in zip(*block, strict=True)]
        blocks.append(pl.DataFrame(dict(zip(head, map(_alike, columns), strict=True)), strict=False))
    table = pl.concat(blocks) if blocks else pl.DataFrame({name: [] for name in head})
    content = io.BytesIO()
    table.write_parquet(content)
    return Written(content.getvalue(), table.height)


def _alike(column: list[Any]) -> list[Any]:
    has_text = any(isinstance(cell, str) for cell in column)
    return [str(cell) for cell in column] if has_text else column
