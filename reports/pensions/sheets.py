"""A batch report for spreadsheets: CSV as PostgreSQL writes it, and a workbook with a sheet that sums it up."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any
from zoneinfo import ZoneInfo

from psycopg import sql

from core.database import Session, driver
from core.formulas import guard
from core.i18n import t
from reports.pensions import facts, lines, words
from reports.pensions.lines import COLUMNS, Kind
from reports.pensions.source import BatchHead

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
MOST_ROWS = 1_048_576  # of a worksheet, its titles included

_COPY = "copy ({}) to stdout (format csv, delimiter ';', force_quote ({}))"


def write_csv(session: Session, head: BatchHead, out: IO[bytes]) -> None:
    """Write UTF-8 with a byte-order mark, `;`, CRLF; texts quoted, numbers bare."""
    out.write((BOM + ";".join(f'"{title}"' for title in lines.titles()) + "\r\n").encode())
    names = [f"c{number}" for number, _ in enumerate(COLUMNS)]
    quoted = [name for name, column in zip(names, COLUMNS, strict=True) if column.kind in {Kind.TEXT, Kind.MOMENT}]
    query = sql.SQL("select * from ({}) as report({})").format(
        lines.as_texts(session, head), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    copy = sql.SQL(_COPY).format(query, sql.SQL(", ").join(map(sql.Identifier, quoted)))
    with driver(session).cursor() as cursor, cursor.copy(copy) as rows:
        for row in rows:  # one row a piece
            out.write(bytes(row)[:-1] + b"\r\n")


def write_workbook(session: Session, head: BatchHead, out: IO[bytes]) -> None:
    """Write a sheet of sums and as many sheets of lines as they need; a row is forgotten once it is written."""
    from xlsxwriter import Workbook

    with Workbook(out, {"constant_memory": True, "use_zip64": True}) as book:
        made_at = head.read_at.astimezone(ZoneInfo(head.zone)).replace(tzinfo=None)
        book.set_properties({"title": facts.title(head), "author": head.organisation_name, "created": made_at})
        looks = _looks(book, head.currency.exponent)
        _write_summary(book, looks, head)
        with lines.streamed(session, lines.as_cells(session, head)) as rows:
            _write_lines(book, looks, rows)


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


def _write_lines(book: Any, looks: _Looks, rows: Iterator[tuple[Any, ...]]) -> None:
    """Fill sheets of at most `MOST_ROWS`, titles and all; the first is there even without a line."""
    number, following = 1, next(rows, None)
    while following is not None or number == 1:
        name = t("Paiements") if number == 1 else t("Paiements {number}").format(number=number)
        sheet = _open_sheet(book, looks, name)
        row = 0
        while following is not None and row + 1 < MOST_ROWS:
            row += 1
            _write_row(sheet, row, following)
            following = next(rows, None)
        sheet.autofilter(0, 0, row, len(COLUMNS) - 1)
        number += 1


def _open_sheet(book: Any, looks: _Looks, name: str) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(COLUMNS):
        sheet.set_column(place, place, column.width, looks.of(column.kind))
        sheet.write_string(0, place, t(column.title), looks.head)
    return sheet


def _write_row(sheet: Any, row: int, cells: tuple[Any, ...]) -> None:
    for place, cell in enumerate(cells):
        if type(cell) is str:
            if cell:
                sheet.write_string(row, place, cell)
        elif cell is not None:
            sheet.write_number(row, place, cell)
