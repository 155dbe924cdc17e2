"""A day of reconciliation on paper: both totals, every difference with its word, and the seal of a closed day."""

from uuid import UUID

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from core import clock, formats
from core.database import Session
from core.i18n import t
from core.money import Money
from core.permissions import Actor
from core.zones import zone_of
from services.reconciliation.reads import DayRow, ItemRow, get_day, list_items
from services.reconciliation.words import KINDS, SOURCES

MOST_ITEMS = 2_000
_PLAIN = str.maketrans(
    {"\N{NARROW NO-BREAK SPACE}": " ", "\N{RIGHT SINGLE QUOTATION MARK}": "'", "œ": "oe", "€": "EUR"}
)


class _Paper(FPDF):
    """An A4 page with a numbered foot."""

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font("Helvetica", size=8)
        self.cell(0, 8, _plain(t("Page {page} sur {pages}").format(page=self.page_no(), pages="{nb}")), align="C")


def print_day(session: Session, actor: Actor, run_id: UUID) -> bytes:
    """Return the day as a PDF, in the language of the page."""
    row = get_day(session, actor, run_id)
    items = [
        item
        for offset in range(0, MOST_ITEMS, 200)
        for item in list_items(session, actor, run_id, limit=200, offset=offset)
    ]
    paper = _Paper(format="A4")
    paper.set_title(f"{row.account_code} {row.day.isoformat()}")
    paper.set_creation_date(clock.now())
    paper.add_page()
    _head(paper, row)
    _totals(paper, row)
    _items(paper, items)
    _foot(paper, row)
    return bytes(paper.output())


def _head(paper: FPDF, row: DayRow) -> None:
    paper.set_font("Helvetica", "B", 16)
    _line(paper, t("Rapprochement du {day}").format(day=formats.day(row.day)), 9)
    paper.set_font("Helvetica", size=11)
    _line(paper, f"{row.account_label} ({row.account_code}), {t(SOURCES[row.source])}", 7)
    paper.ln(3)


def _totals(paper: FPDF, row: DayRow) -> None:
    paper.set_font("Helvetica", size=10)
    lines = (
        (t("Chez l'opérateur"), row.theirs_count, row.theirs),
        (t("Chez nous"), row.ours_count, row.ours),
    )
    with paper.table(col_widths=(3, 1, 2), text_align=("LEFT", "RIGHT", "RIGHT")) as table:
        table.row([_plain(text) for text in ("", t("Lignes"), t("Montant"))])
        for label, number, total in lines:
            table.row([_plain(text) for text in (label, formats.count(number), total.on_screen())])
    _line(paper, t("Lignes rapprochées : {count}").format(count=formats.count(row.matched_count)), 8)
    paper.ln(2)


def _items(paper: FPDF, items: list[ItemRow]) -> None:
    paper.set_font("Helvetica", "B", 11)
    _line(paper, t("Écarts : {count}").format(count=formats.count(len(items))), 8)
    if not items:
        return
    paper.set_font("Helvetica", size=8)
    with paper.table(col_widths=(3, 4, 2, 2, 4), text_align=("LEFT", "LEFT", "RIGHT", "RIGHT", "LEFT")) as table:
        heads = (t("Nature"), t("Référence"), t("Nous"), t("Eux"), t("Explication"))
        table.row([_plain(text) for text in heads])
        for item in items:
            name = item.transfer_reference or item.provider_ref or item.subject
            word = t("retrouvé plus tard") if item.resolution == "later" else item.resolution or t("à régler")
            cells = (t(KINDS[item.kind]), name, _money(item.ours), _money(item.theirs), word)
            table.row([_plain(text) for text in cells])


def _foot(paper: FPDF, row: DayRow) -> None:
    paper.ln(6)
    paper.set_font("Helvetica", size=9)
    if row.closed_at is None:
        _line(paper, t("Ce jour n'est pas clos."), 6)
        return
    moment = formats.moment(row.closed_at, zone_of(""))
    _line(paper, t("Clos le {moment} (UTC) par {person}").format(moment=moment, person=row.closed_by), 6)
    _line(paper, t("Sceau du grand livre n° {number} :").format(number=row.seal_id), 6)
    paper.set_font("Courier", size=8)
    _line(paper, row.seal_sha256, 6)


def _money(amount: Money | None) -> str:
    return amount.on_screen() if amount else ""


def _line(paper: FPDF, text: str, height: float) -> None:
    paper.cell(0, height, _plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _plain(text: str) -> str:
    """Return a text the built-in fonts can draw."""
    return text.translate(_PLAIN).encode("latin-1", "replace").decode("latin-1")
