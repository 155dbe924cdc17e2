"""A batch report as a workbook: a sheet that sums it up, then its lines.

The library draws the sheets, empty; the rows are put in as they come from PostgreSQL: none stays in memory, and a
hundred thousand take seconds.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

from core.database import Session
from core.formulas import guard
from core.i18n import t
from reports.pensions import facts, lines, words
from reports.pensions.lines import COLUMNS, Kind
from reports.pensions.source import BatchHead

MOST_ROWS = 1_048_576  # of a worksheet, its titles included
FAST = 1  # of nine: the file is an eighth larger, and there in half the time
BLOCK = 2_000

_LETTERS = [chr(ord("A") + place) for place in range(len(COLUMNS))]
_END = b"</sheetData>"
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"/>')
_STYLE = re.compile(rb'<col min="(\d+)" max="(\d+)"[^>]* style="(\d+)"')
_SHEET = "xl/worksheets/sheet{number}.xml"
_UNFIT = re.compile("[&<>\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_FIT = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def write_workbook(session: Session, head: BatchHead, out: IO[bytes]) -> None:
    """Write a sheet of sums and as many sheets of lines as they need; a row is forgotten once it is written."""
    rows_a_sheet = MOST_ROWS - 1
    starts = range(0, max(1, head.total_count), rows_a_sheet)
    counts = [min(rows_a_sheet, head.total_count - start) for start in starts]
    with tempfile.TemporaryFile(prefix="palabre-workbook-") as drawn:
        _draw(head, drawn, counts)
        with (
            ZipFile(drawn) as empty,
            ZipFile(out, "w", ZIP_DEFLATED, compresslevel=FAST) as book,
            lines.streamed(session, lines.as_cells(session, head)) as rows,
        ):
            filled = [_SHEET.format(number=number) for number in range(2, len(counts) + 2)]
            for name in empty.namelist():
                if name not in filled:
                    book.writestr(name, empty.read(name))
            for name, count in zip(filled, counts, strict=True):
                drawn_sheet = _DIMENSION.sub(
                    f'<dimension ref="A1:{_LETTERS[-1]}{count + 1}"/>'.encode(), empty.read(name)
                )
                _fill(book, name, drawn_sheet, islice(rows, rows_a_sheet))


def _fill(book: ZipFile, name: str, drawn: bytes, rows: Iterator[tuple[Any, ...]]) -> None:
    before, _, after = drawn.partition(_END)
    styles = {
        place: style.decode()
        for first, last, style in _STYLE.findall(before)
        for place in range(int(first) - 1, int(last))
    }
    columns = [(letter, styles[place]) for place, letter in enumerate(_LETTERS)]
    with book.open(name, "w", force_zip64=True) as sheet:
        sheet.write(before)
        numbered = enumerate(rows, start=2)
        while block := list(islice(numbered, BLOCK)):
            sheet.write("".join(_row(number, cells, columns) for number, cells in block).encode())
        sheet.write(_END + after)


def _row(number: int, cells: tuple[Any, ...], columns: list[tuple[str, str]]) -> str:
    written = [f'<row r="{number}">']
    for (letter, style), cell in zip(columns, cells, strict=True):
        if type(cell) is str:
            if cell:
                text = _UNFIT.sub(_fitting, cell) if _UNFIT.search(cell) else cell
                written.append(
                    f'<c r="{letter}{number}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
                )
        elif cell is not None:
            written.append(f'<c r="{letter}{number}" s="{style}"><v>{cell}</v></c>')
    written.append("</row>")
    return "".join(written)


def _fitting(sign: re.Match[str]) -> str:
    """Return a sign as XML takes it: three have a name, the others have no place in a text."""
    return _FIT.get(sign[0], " ")


def _draw(head: BatchHead, out: IO[bytes], counts: list[int]) -> None:
    """Draw the workbook without its lines: `counts` says how many each sheet will have."""
    from xlsxwriter import Workbook

    with Workbook(out) as book:
        made_at = head.read_at.astimezone(ZoneInfo(head.zone)).replace(tzinfo=None)
        book.set_properties({"title": facts.title(head), "author": head.organisation_name, "created": made_at})
        looks = _looks(book, head.currency.exponent)
        _write_summary(book, looks, head)
        for number, count in enumerate(counts, start=1):
            name = t("Paiements") if number == 1 else t("Paiements {number}").format(number=number)
            _open_sheet(book, looks, name).autofilter(0, 0, count, len(COLUMNS) - 1)


@dataclass(frozen=True, slots=True)
class _Looks:
    """How cells are drawn; amounts keep the currency's decimals."""

    title: Any
    quiet: Any
    head: Any
    label: Any
    text: Any
    code: Any
    count: Any
    amount: Any
    moment: Any
    warning: Any

    def of(self, kind: Kind) -> Any:
        return {Kind.TEXT: self.text, Kind.COUNT: self.count, Kind.AMOUNT: self.amount, Kind.MOMENT: self.moment}[kind]


def _looks(book: Any, exponent: int) -> _Looks:
    def look(**more: Any) -> Any:
        return book.add_format({"font_name": "Calibri", "font_size": 11, "valign": "top", **more})

    amount = "#,##0.00" if exponent else "#,##0"
    return _Looks(
        title=look(bold=True, font_size=16, font_color="#14573F"),
        quiet=look(font_color="#6E695F"),
        head=look(bold=True, bg_color="#E7F0EA", bottom=1, border_color="#8C8678"),
        label=look(font_color="#55514A"),
        text=look(num_format="@"),
        code=look(num_format="@", font_name="Consolas", font_size=10),
        count=look(num_format="#,##0"),
        amount=look(num_format=amount),
        moment=look(num_format="dd/mm/yyyy hh:mm:ss"),
        warning=look(bold=True, font_color="#85560B"),
    )


def _write_summary(book: Any, looks: _Looks, head: BatchHead) -> None:
    sheet = book.add_worksheet(t("Synthèse"))
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 2, 22)
    sheet.write_string(0, 0, facts.title(head), looks.title)
    sheet.write_string(1, 0, guard(f"{head.organisation_name}, {facts.subtitle(head)}"), looks.quiet)
    sheet.write_string(2, 0, facts.running(head), looks.warning)
    row = 4
    for fact in (*facts.of_batch(head), *facts.of_course(head), *facts.of_proof(head)):
        sheet.write_string(row, 0, fact.label, looks.label)
        sheet.write_string(row, 1, guard(fact.value), looks.code if fact.is_code else looks.text)
        row += 1
    _write_totals(sheet, looks, head, row + 1)


def _write_totals(sheet: Any, looks: _Looks, head: BatchHead, row: int) -> None:
    for column, name in enumerate(
        (t("Statut"), t("Paiements"), t("Montant ({currency})").format(currency=head.currency))
    ):
        sheet.write_string(row, column, name, looks.head)
    scale = 10**head.currency.exponent
    lines_of_totals = [
        *((words.payment_stage(one.stage), one.count, one.amount.minor) for one in head.stages if one.count),
        (t("Total"), head.total_count, head.total.minor),
    ]
    for name, number, minor in lines_of_totals:
        row += 1
        sheet.write_string(row, 0, name, looks.text)
        sheet.write_number(row, 1, number, looks.count)
        sheet.write_number(row, 2, minor / scale, looks.amount)
    sheet.write_string(row + 1, 0, t("Frais"), looks.label)
    sheet.write_number(row + 1, 2, head.fees.minor / scale, looks.amount)
    sheet.write_string(row + 2, 0, t("Taux de réussite"), looks.label)
    sheet.write_string(row + 2, 1, facts.success(head), looks.text)


def _open_sheet(book: Any, looks: _Looks, name: str) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(COLUMNS):
        sheet.set_column(place, place, column.width, looks.of(column.kind))
        sheet.write_string(0, place, t(column.title), looks.head)
    return sheet
