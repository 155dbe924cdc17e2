"""What is filtered, as a file: CSV that a spreadsheet of the reader's language opens, XLSX, or Parquet."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from nicegui import run, ui

from core.clock import now
from core.formulas import guard
from ui.components import buttons
from ui.labels import page_language, t

Lines = Sequence[Sequence[str]]
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
MOST_DIGITS = 15  # a spreadsheet's number forgets the others


def export_button(
    name: str, head: Sequence[str], fetch: Callable[[], Awaitable[Lines | None]], *, has_parquet: bool = False
) -> ui.button:
    """Place the button; `fetch` gives every line of what is filtered when a kind of file is chosen."""

    async def send(kind: str) -> None:
        button.disable()
        try:
            lines = await fetch()
        finally:
            if not button.is_deleted:
                button.enable()
        if lines is None:
            return
        content = await run.io_bound(WRITERS[kind], head, lines)
        if content is not None:
            ui.download.content(content, f"{name}-{now():%Y%m%d-%H%M}.{kind}", TYPES[kind])

    button = buttons.secondary(t("Exporter"), icon="download")
    button.props["aria-haspopup"] = "menu"
    with button, ui.menu().classes("menu"):
        kinds = {"xlsx": t("Classeur (XLSX)"), "csv": t("Texte (CSV)"), "parquet": t("Colonnes (Parquet)")}
        for kind, words in kinds.items():
            if kind == "parquet" and not has_parquet:
                continue
            ui.menu_item(words, partial(send, kind)).classes("menu-line")
    return button


def written(head: Sequence[str], lines: Lines) -> bytes:
    """Return the CSV: a byte-order mark and, in French, semicolons; no cell is ever a formula."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, delimiter="," if page_language() == "en" else ";", lineterminator="\r\n")
    writer.writerows([_plain(cell) for cell in line] for line in (head, *lines))
    return sheet.getvalue().encode("utf-8-sig")


def workbook(head: Sequence[str], lines: Lines) -> bytes:
    """Return the XLSX: text as text, numbers as numbers; no cell is ever a formula or a link."""
    from xlsxwriter import Workbook

    content = io.BytesIO()
    with Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        for column, name in enumerate(head):
            sheet.write_string(0, column, _plain(name), bold)
        sheet.freeze_panes(1, 0)
        for row, line in enumerate(lines, start=1):
            for column, cell in enumerate(line):
                if _is_number(cell):
                    sheet.write_number(row, column, float(cell))
                else:
                    sheet.write_string(row, column, _plain(cell))
        sheet.autofit()
    return content.getvalue()


def columns(head: Sequence[str], lines: Lines) -> bytes:
    """Return the Parquet: a column of numbers where every cell counts, empty cells as nulls; texts are left alone."""
    import polars as pl

    filled = {name: [line[place] or None for line in lines] for place, name in enumerate(head)}
    content = io.BytesIO()
    typed = {
        name: [float(cell) if cell else None for cell in cells]
        if any(cells) and all(_is_number(cell) for cell in cells if cell)
        else cells
        for name, cells in filled.items()
    }
    pl.DataFrame(typed, strict=False).write_parquet(content)
    return content.getvalue()


WRITERS: dict[str, Callable[[Sequence[str], Lines], bytes]] = {"csv": written, "xlsx": workbook, "parquet": columns}


def _plain(cell: str) -> str:
    """Keep a spreadsheet from reading a cell as a formula; a number may have a sign."""
    return cell if _is_amount(cell) else guard(cell)


def _is_amount(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "", 1).isdecimal() and cell.isascii()


def _is_number(cell: str) -> bool:
    """Say whether a cell counts: a reference such as `007` or one of twenty digits is a text."""
    whole = cell.removeprefix("-").partition(".")[0]
    return _is_amount(cell) and len(cell) <= MOST_DIGITS and (whole == "0" or not whole.startswith("0"))
