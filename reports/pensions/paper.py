"""A batch report on paper: one page that sums up and is signed, then the lines that matter, each part by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO

from core import formats
from core.database import Session
from core.i18n import t
from core.money import Money
from models.pension_stages import BatchStage, PaymentStage
from reports import press
from reports.pensions import facts, lines, tokens, words
from reports.pensions.facts import Fact
from reports.pensions.source import BatchHead, StageTotal
from reports.press import Press

MARGIN = 16.0
WIDTH = 210.0 - 2 * MARGIN
RIGHT = 210.0 - MARGIN
FOOT = 297.0 - 15.0
PAID_LISTED_UP_TO = 5_000  # beyond, paper lists only what is not paid
MOST_LINES = 10_000  # beyond, the workbook is the list
ROW = 9.2

_ENDED_BADLY = (PaymentStage.FAILED, PaymentStage.CANCELLED, PaymentStage.REVERSED)
_ON_THE_WAY = (PaymentStage.WAITING, PaymentStage.SENDING, PaymentStage.SENT)
_CHIPS = {
    BatchStage.COMPLETED: (press.ACCENT, press.ACCENT_SOFT),
    BatchStage.PARTIALLY_COMPLETED: (press.OCHRE, press.OCHRE_SOFT),
    BatchStage.FAILED: (press.RED, press.RED_SOFT),
    BatchStage.REJECTED: (press.RED, press.RED_SOFT),
    BatchStage.PROCESSING: (press.BLUE, press.BLUE_SOFT),
    BatchStage.PAUSED: (press.OCHRE, press.OCHRE_SOFT),
    BatchStage.AWAITING_APPROVAL: (press.BLUE, press.BLUE_SOFT),
}
_NEUTRAL = (press.INK_2, press.NEUTRAL_SOFT)


@dataclass(frozen=True, slots=True)
class _Part:
    """The lines of some stages, under a title."""

    title: str
    stages: tuple[PaymentStage, ...]
    colour: press.Colour


def write_paper(session: Session, head: BatchHead, out: IO[bytes]) -> None:
    """Write the report as an A4 PDF of numbered pages."""
    paper = _Paper(head)
    paper.add_page()
    _draw_front(paper, head)
    _draw_parts(paper, session, head)
    paper.output(out)  # type: ignore[call-overload]  # any file will do


class _Paper(Press):
    """A4 pages whose head and foot name the batch; one that is running says so on each."""

    def __init__(self, head: BatchHead) -> None:
        super().__init__("A4", MARGIN)
        self.head = head
        self.set_title(facts.title(head))
        self.set_author(self.drawable(head.organisation_name))
        self.set_creation_date(head.read_at)
        self.set_lang("fr")

    def header(self) -> None:
        self.block(0, 0, 210, 3.2, press.ACCENT)
        self.pen(9, press.INK_2)
        self.put(MARGIN, 12, self.head.organisation_name, width=WIDTH / 2)
        if said := facts.running(self.head):
            self.pen(8.5, press.OCHRE, is_bold=True)
            self.put(MARGIN, 16.6, said, width=WIDTH)
        self.pen(9, press.INK_3)
        self.put(RIGHT - WIDTH / 2, 12, self.head.bulk_id, width=WIDTH / 2, align="right")

    def footer(self) -> None:
        self.rule(FOOT + 2)
        self.pen(7.5, press.INK_3)
        self.set_xy(MARGIN - self.c_margin, FOOT + 3.6)
        self.cell(40, 4, t("Page {page}/{pages}").format(page=self.page_no(), pages="{nb}"))
        self.pen(6.6, press.INK_3, family=press.MONO)
        self.put(RIGHT - 140, FOOT + 6.4, self.head.seal, width=140, align="right")


def _draw_front(paper: _Paper, head: BatchHead) -> None:
    paper.pen(20, is_bold=True)
    paper.put(MARGIN, 28, facts.title(head))
    paper.pen(11, press.INK_2)
    paper.put(MARGIN, 34.6, facts.subtitle(head))
    paper.chip(RIGHT, 23, words.batch_stage(head.stage), *_CHIPS.get(head.stage, _NEUTRAL))
    _draw_figures(paper, head, 41)
    _draw_bar(paper, head, 67)
    half = WIDTH / 2 - 4
    below = max(
        _draw_facts(paper, facts.of_batch(head), MARGIN, 84, half),
        _draw_facts(paper, facts.of_course(head), MARGIN + half + 8, 84, half),
    )
    below = _draw_totals(paper, head, below + 5)
    _draw_proof(paper, head, below + 7)
    _draw_signatures(paper)


def _draw_figures(paper: _Paper, head: BatchHead, y: float) -> None:
    """Draw what the batch is worth and where that money is: four cards."""
    paid = head.of(PaymentStage.COMPLETED)
    badly = [head.of(stage) for stage in _ENDED_BADLY]
    still = [one for one in head.stages if one.stage not in _ENDED_BADLY and one.stage is not PaymentStage.COMPLETED]
    cards = (
        (t("Total"), head.total, head.total_count, press.INK),
        (t("Payé"), paid.amount, paid.count, press.ACCENT),
        (t("Non payé"), _sum(head, badly), sum(one.count for one in badly), press.RED),
        (t("En suspens"), _sum(head, still), sum(one.count for one in still), press.OCHRE),
    )
    width = (WIDTH - 9) / 4
    for place, (label, amount, number, colour) in enumerate(cards):
        x = MARGIN + place * (width + 3)
        paper.frame(x, y, width, 21)
        paper.pen(8, press.INK_3)
        paper.put(x + 3.5, y + 5.4, label)
        figure, unit = amount.parts()
        paper.pen(13, colour if number else press.INK_3, is_bold=True)
        while paper.get_string_width(figure) > width - 7:
            paper.set_font_size(paper.font_size_pt - 0.5)
        paper.put(x + 3.5, y + 12, figure)
        paper.pen(8, press.INK_3)
        paper.put(x + 3.5, y + 17.4, f"{unit} · {_counted(number)}", width=width - 7)


def _draw_bar(paper: _Paper, head: BatchHead, y: float) -> None:
    """Draw one bar in parts, by count, and the rate of success beneath."""
    counts = (
        (head.of(PaymentStage.COMPLETED).count, press.ACCENT),
        (sum(head.of(stage).count for stage in _ENDED_BADLY), press.RED),
        (head.of(PaymentStage.UNKNOWN).count + head.of(PaymentStage.HELD).count, press.OCHRE_BAR),
    )
    paper.block(MARGIN, y, WIDTH, 3, press.TRACK)
    x = MARGIN
    for number, colour in counts:
        width = WIDTH * number / head.total_count if head.total_count else 0
        if number:
            paper.block(x, y, max(width, 0.4), 3, colour)
        x += width
    paper.pen(9, press.INK_2)
    rate = t("Taux de réussite : {rate}").format(rate=facts.success(head))
    paper.put(MARGIN, y + 8, rate)
    paper.put(RIGHT - 80, y + 8, t("Frais : {amount}").format(amount=head.fees.on_screen()), width=80, align="right")


def _draw_facts(paper: _Paper, found: Sequence[Fact], x: float, y: float, width: float) -> float:
    """Draw labels and values under one another; return where they end."""
    for fact in found:
        paper.rule(y - 4.4, x=x, width=width)
        paper.pen(8.5, press.INK_3)
        paper.put(x, y, fact.label)
        paper.pen(8.5, press.INK)
        for line in paper.wrap(fact.value, width - 34, 2):
            paper.put(x + 34, y, line)
            y += 4.2
        y += 2
    return y


def _draw_totals(paper: _Paper, head: BatchHead, y: float) -> float:
    """Draw count and amount of every stage that has payments, then their sum: the invariant on paper."""
    paper.block(MARGIN, y - 4.6, WIDTH, 6.6, press.SUNK)
    paper.pen(8.5, press.INK_3)
    for text, right in ((t("Paiements"), RIGHT - 60), (t("Montant"), RIGHT - 2)):
        paper.put(right - 40, y, text, width=40, align="right")
    paper.put(MARGIN + 2, y, t("Statut"))
    rows = [(words.payment_stage(one.stage), one.count, one.amount) for one in head.stages if one.count]
    for name, number, amount in (*rows, (t("Total"), head.total_count, head.total)):
        y += 6.4
        is_sum = name == t("Total")
        paper.rule(y - 4.4, press.LINE_STRONG if is_sum else press.LINE)
        paper.pen(9.5, is_bold=is_sum)
        paper.put(MARGIN + 2, y, name)
        paper.put(RIGHT - 100, y, formats.count(number), width=40, align="right")
        paper.put(RIGHT - 62, y, amount.on_screen(), width=60, align="right")
    return y + 3


def _draw_proof(paper: _Paper, head: BatchHead, y: float) -> None:
    side = 27.0
    if head.seal:  # before it is sealed there is nothing to check
        paper.code(RIGHT - side, y - 3, side, tokens.batch_address(head.id))
        paper.pen(7, press.INK_3)
        paper.put(RIGHT - side - 8, y + side, t("Vérifier ce rapport"), width=side + 8, align="right")
    width = WIDTH - side - 8
    for fact in facts.of_proof(head):
        paper.pen(8.5, press.INK_3)
        paper.put(MARGIN, y, fact.label)
        paper.pen(6.4 if fact.is_code else 8.5, press.INK, family=press.MONO if fact.is_code else "Inter")
        paper.put(MARGIN + 34, y, fact.value, width=width - 34)
        y += 5.6


def _draw_signatures(paper: _Paper) -> None:
    """Draw three places to sign, at the foot of the first page."""
    height, width = 30.0, (WIDTH - 8) / 3
    y = FOOT - height
    for place, who in enumerate((t("Pour l'organisation"), t("Pour le contrôle"), t("L'auditeur"))):
        x = MARGIN + place * (width + 4)
        paper.frame(x, y, width, height)
        paper.pen(8.5, press.INK_2, is_bold=True)
        paper.put(x + 3, y + 5, who)
        paper.pen(7.5, press.INK_3)
        for label, at in ((t("Nom"), 11.0), (t("Date"), 16.5), (t("Signature"), 22.0)):
            paper.put(x + 3, y + at, label)
            if label != t("Signature"):
                paper.rule(y + at + 0.8, press.LINE_STRONG, x=x + 18, width=width - 21)


def _draw_parts(paper: _Paper, session: Session, head: BatchHead) -> None:
    """Draw the lines, what asks for an act first; what was paid only where it fits on paper."""
    parts = [
        _Part(t("Incertains"), (PaymentStage.UNKNOWN,), press.OCHRE),
        _Part(t("À vérifier"), (PaymentStage.HELD,), press.OCHRE),
        _Part(t("Non payés"), _ENDED_BADLY, press.RED),
        _Part(t("Pas encore finis"), _ON_THE_WAY, press.BLUE),
    ]
    if head.total_count <= PAID_LISTED_UP_TO:
        parts.append(_Part(t("Payés"), (PaymentStage.COMPLETED,), press.ACCENT))
    room = MOST_LINES
    for part in parts:
        number = sum(head.of(stage).count for stage in part.stages)
        if not number or not room:
            continue
        with lines.streamed(session, lines.as_written(session, head, part.stages)) as rows:
            room -= _draw_part(paper, part, number, [lines.Line(*row) for row in islice(rows, room)])


def _draw_part(paper: _Paper, part: _Part, number: int, found: list[lines.Line]) -> int:
    y = _open_part(paper, part, number)
    for line in found:
        if y + ROW > FOOT:
            y = _open_part(paper, part, number)
        _draw_line(paper, line, y, part.colour)
        y += ROW
    if len(found) < number:
        paper.pen(9, press.INK_2)
        missing = t("{count} autres lignes : voir le fichier CSV ou le classeur.")
        if y + ROW > FOOT:
            paper.add_page()
            y = 26.0
        paper.put(MARGIN, y + 5, missing.format(count=formats.count(number - len(found))))
    return len(found)


def _open_part(paper: _Paper, part: _Part, number: int) -> float:
    """Begin a page of a part with its title and the titles of its columns; return where its lines begin."""
    paper.add_page()
    paper.pen(13, part.colour, is_bold=True)
    paper.put(MARGIN, 25, f"{part.title} · {formats.count(number)}")
    paper.block(MARGIN, 28.6, WIDTH, 6.4, press.SUNK)
    paper.pen(8, press.INK_3)
    paper.put(MARGIN + 2, 33, t("Ligne"))
    paper.put(MARGIN + 16, 33, t("Bénéficiaire"))
    paper.put(MARGIN + 74, 33, t("Montant"), width=28, align="right")
    paper.put(MARGIN + 106, 33, t("Statut, motif et suite"))
    return 35.6


def _draw_line(paper: _Paper, line: lines.Line, y: float, colour: press.Colour) -> None:
    """Draw a payment on two lines: who and what; then how he is known and what follows."""
    amount = Money(line.amount_minor, paper.head.currency)
    paper.pen(8.5, press.INK_3)
    paper.put(MARGIN, y + 3.8, formats.count(line.line), width=12, align="right")
    paper.pen(8.5, is_bold=True)
    paper.put(MARGIN + 16, y + 3.8, line.name or line.identifier, width=58)
    paper.pen(9, is_bold=True)
    paper.put(MARGIN + 74, y + 3.8, amount.on_screen(), width=28, align="right")
    paper.pen(8.5, colour, is_bold=True)
    above, beneath = _course(paper.head, line)
    paper.put(MARGIN + 106, y + 3.8, above, width=WIDTH - 106)
    paper.pen(7.2, press.INK_3)
    known = f"{line.id_type} {line.identifier}" + (f" · {line.name_found}" if line.name_found else "")
    paper.put(MARGIN + 16, y + 7.4, known, width=84)
    paper.put(MARGIN + 106, y + 7.4, beneath, width=WIDTH - 106)
    paper.rule(y + ROW - 0.2)


def _course(head: BatchHead, line: lines.Line) -> tuple[str, str]:
    """Return what became of a payment, and what follows from it or proves it."""
    if line.stage == words.payment_stage(PaymentStage.COMPLETED):
        return facts.moment(head, line.ended_at), line.reference
    why = " ".join(filter(None, (line.code, line.why)))
    return f"{line.stage} · {why}" if why else line.stage, line.act or line.reference


def _sum(head: BatchHead, stages: Sequence[StageTotal]) -> Money:
    return sum((one.amount for one in stages), Money.zero(head.currency))


def _counted(number: int) -> str:
    return t("1 paiement") if number == 1 else t("{count} paiements").format(count=formats.count(number))
