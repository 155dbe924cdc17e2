"""`/ciu`: codes a day, how far conversations go, who comes back, and how the service stands this minute."""

from dataclasses import dataclass
from typing import Any

from nicegui import ui

from core.clock import now
from core.permissions import Actor, Permission
from reports import charts as drawn
from reports.ciu import Cell, Figures, get_figures, last_days
from reports.ciu.suppression import HIDDEN
from services.ciu.store import settings, standing
from services.ciu.store.conversations import TOPIC
from services.ciu.store.standing import Standing
from ui import live, shell
from ui.components import cards, charts, filters, layout, skeletons
from ui.labels import moment, t
from ui.markup import Markup, show
from ui.pages.ciu import dashboard_parts as parts
from ui.pages.ciu import words

LENGTHS = {"7": "7 j", "30": "30 j", "90": "90 j", "365": "1 an"}
PRESENT_EVERY_S = 2.0
PERIOD_EVERY_S = 30


@dataclass(frozen=True, slots=True)
class _Period:
    """The figures of a period, and its days drawn in the language of their reader."""

    figures: Figures
    days: drawn.Figure


@shell.screen(words.HOME, title="CIU", needs=Permission.CIU_READ)
async def dashboard() -> None:
    """Draw the board; the present follows every message, the period more slowly."""
    board = _Board()
    names = await shell.read(settings.list_programme_names) or {}
    with layout.page_head("CIU", t("Un code par personne, et rien derrière. Les répétitions ne comptent pas.")):
        if len(names) > 1:
            choices = {"": t("Tous"), **names}
            filters.choice(t("Programme"), choices, board.choose_programme, is_compact=False)
        lengths = {days: t(word) for days, word in LENGTHS.items()}
        filters.segments(lengths, board.length, board.choose_length, label=t("Période"))
    board.draw(has_several=len(names) > 1)
    ui.timer(0, board.load, once=True)
    live.subscribe([TOPIC, "ciu"], lambda _: board.follow(), every_s=PRESENT_EVERY_S)


class _Board:
    """The parts of the page that change."""

    def __init__(self) -> None:
        self.length = "30"
        self._programme: str | None = None
        self._turn = 0
        self._read_at: float | None = None
        self._chart: ui.plotly | None = None
        self._may_act = shell.visitor().may(Permission.CIU_ACT)
        self._standing: Standing | None = None
        self._figures: Figures | None = None

    def draw(self, *, has_several: bool) -> None:
        """Place every part, empty; what goes on now is never one programme's alone."""
        whose = t("tous les programmes") if has_several else ""
        self._measures = show(skeletons.tiles())
        with layout.grid():
            with layout.cell(8):
                with cards.titled(t("Codes par jour"), t("nouveaux codes, dans le fuseau du programme")):
                    self._chart_place = ui.element("div")
                    self._as_of = show(Markup(), classes="caption")
                with cards.titled(t("Heures"), t("conversations commencées")):
                    self._hours = show(skeletons.lines(2))
            with layout.cell(4):
                with cards.titled(t("Maintenant"), whose, is_live=True):
                    self._present = show(skeletons.lines(4))
                with cards.titled(t("Nos numéros"), whose, is_flush=True, is_ruled=True):
                    self._senders = show(skeletons.lines(2))
            with layout.cell(5), cards.titled(t("Question par question"), t("répondue sur posée, abandons")):
                self._funnel = show(skeletons.lines(6), classes="funnel-wide")
            with layout.cell(4), cards.titled(t("Comment elles finissent")):
                self._endings = show(skeletons.lines(4))
            with layout.cell(3), cards.titled(t("Langues"), t("codes donnés")):
                self._languages = show(skeletons.lines(3))

    async def load(self) -> None:
        """Read everything."""
        await self._load_present()
        await self._load_period()

    async def follow(self) -> None:
        """Follow a message: the present at once, the period when it has grown old."""
        await self._load_present()
        if self._read_at is None or now().timestamp() - self._read_at > PERIOD_EVERY_S:
            await self._load_period()

    async def choose_length(self, length: str) -> None:
        """Look at another period."""
        self.length = length
        await self._load_period()

    async def choose_programme(self, code: str) -> None:
        """Look at one programme, or at all."""
        self._programme = code or None
        await self._load_period()

    async def _load_present(self) -> None:
        found = await shell.read(standing.get_standing)
        if found is None or self._present.is_deleted:
            return
        self._show_present(found)

    def _show_present(self, found: Standing) -> None:
        self._standing = found
        self._present.set_content(parts.present(found, self._open_now(found), may_act=self._may_act))
        self._senders.set_content(parts.senders(found.senders))

    def _open_now(self, found: Standing) -> Cell:
        """Return how many conversations go on; an observer reads it among the figures, which hide what they must."""
        if self._may_act:
            return found.open_conversations
        return HIDDEN if self._figures is None else self._figures.active_sessions

    async def _load_period(self) -> None:
        self._turn += 1
        turn, self._read_at = self._turn, now().timestamp()
        period = await shell.survey(_read_period, self._programme, int(self.length))
        if period is None or turn != self._turn or self._measures.is_deleted:
            return
        self._figures = found = period.figures
        if self._standing is not None:
            self._show_present(self._standing)
        self._measures.set_content(parts.measures_of(found))
        self._show_days(period)
        self._funnel.set_content(parts.funnel_of(found))
        self._endings.set_content(parts.endings(found))
        self._languages.set_content(parts.languages(found))
        self._hours.set_content(parts.hours(found))
        self._as_of.set_content(Markup(t("Compté le {moment}").format(moment=moment(found.as_of))))

    def _show_days(self, period: _Period) -> None:
        label = t("Codes par jour")
        if self._chart is None:
            with self._chart_place:
                self._chart = charts.chart(period.days, label=label)
        else:
            charts.repaint(self._chart, period.days)


def _read_period(session: Any, actor: Actor, programme: str | None, days: int) -> _Period:
    found = get_figures(session, actor, last_days(session, actor, programme, days))
    # What an observer may not read has no bar.
    rows = [(one.date, one.count if isinstance(one.count, int) else 0) for one in found.chart]
    return _Period(found, drawn.columns(rows, t("codes")))
