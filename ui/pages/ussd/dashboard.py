"""`/ussd-console`: what happens on the phones now, and over an hour, a day or a week."""

from datetime import datetime, timedelta

from nicegui import ui

from channels.ussd import simulation, trial_lines
from core.clock import now
from core.permissions import Permission
from core.rates import Rate
from core.settings import get_settings
from reports import ussd_board
from reports.ussd_board import Period
from ui import live, shell
from ui.components import cards, charts, figures, filters, layout, skeletons
from ui.components.empty import sentence
from ui.components.progress import Step, funnel
from ui.components.tiles import Measure, measures
from ui.labels import Tone, count, counted, decimal, moment, percent, t, zone
from ui.markup import Markup, show
from ui.pages.ussd import alerts, words
from ui.pages.ussd.live_sessions import LiveSessions
from ui.pages.ussd.simulator import Simulator

LENGTHS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7j": timedelta(days=7)}
FOLLOW_EVERY_S = 1.0  # what a minute's figures cost is asked once a second, however many turns there are
PERIOD_EVERY_S = 30
US_PER_MS = 1_000
HIGH_ERRORS = 0.02
MOST_NETWORKS = 7


@shell.screen("/ussd-console", title="USSD", needs=Permission.USSD_READ)
async def dashboard() -> None:
    """Draw the board; the present follows every turn, the period follows more slowly."""
    board = _Board()
    with layout.page_head("USSD", t("Ce qui se passe sur les téléphones, maintenant et avant.")):
        lengths = {"1h": t("1 h"), "24h": t("24 h"), "7j": t("7 j")}
        filters.segments(lengths, board.length, board.choose_length, label=t("Période"))
    callers = await _callers()
    with layout.grid():
        with layout.cell(8 if callers else 12):
            board.draw()
        if callers:
            with layout.cell(4):
                Simulator(callers, await shell.read(trial_lines.list_services) or [], is_compact=True)
    ui.timer(0, board.load, once=True)
    live.hub.subscribe(["ussd", "ussd-figures"], lambda _: board.follow(), every_s=FOLLOW_EVERY_S)


async def _callers() -> list[simulation.PlayCaller]:
    """Return whose phone the visitor may hold here; nobody's where subscribers are real."""
    if not (get_settings().is_forgiving and shell.visitor().may(Permission.USSD_SIMULATE)):
        return []
    return await shell.read(simulation.list_callers) or []


class _Board:
    """The parts of the page that change."""

    def __init__(self) -> None:
        self.length = "24h"
        self._way = "transfer"
        self._period: Period | None = None
        self._read_at: datetime | None = None
        self._is_following = self._is_behind = False
        self._usage: ui.plotly | None = None
        self._times: ui.plotly | None = None

    def draw(self) -> None:
        """Place every part, empty."""
        self._alerts = show(Markup())
        self._measures = show(skeletons.tiles())
        with layout.grid():
            with layout.cell(7), cards.titled(t("Aujourd'hui par heure"), t("et la semaine dernière en pointillé")):
                self._usage_place = ui.element("div")
            with layout.cell(5), cards.titled(t("Erreurs par réseau"), t("part des étapes")):
                self._networks = show(skeletons.lines(5))
            with layout.cell(12):
                self._sessions = LiveSessions()
            with layout.cell(7):
                self._draw_funnel()
            with layout.cell(5), cards.titled(t("Temps de réponse"), "ms"):
                self._times_place = ui.element("div")

    def _draw_funnel(self) -> None:
        with cards.titled(t("Parcours par écran"), t("sessions, et part perdue là")):
            ways = {key: t(name) for key, (name, _) in words.WAYS.items()}
            with layout.row():
                filters.segments(ways, self._way, self._choose_way, label=t("Parcours"))
                self._as_of = show(Markup(), classes="caption")
            self._funnel = show(skeletons.lines(6))

    async def load(self) -> None:
        """Read everything."""
        await self._load_present()
        await self._load_period()

    async def follow(self) -> None:
        """Follow a turn: the present at once, the period when it has grown old; never two readings at a time."""
        self._is_behind = True
        if self._is_following:
            return
        self._is_following = True
        try:
            while self._is_behind:
                self._is_behind = False
                await self._load_present()
                if self._read_at is None or (now() - self._read_at).total_seconds() > PERIOD_EVERY_S:
                    await self._load_period()
        finally:
            self._is_following = False

    async def choose_length(self, length: str) -> None:
        """Look at another period."""
        self.length = length
        await self._load_period()

    def _choose_way(self, way: str) -> None:
        self._way = way
        self._show_funnel()

    async def _load_present(self) -> None:
        found = await shell.read(ussd_board.get_present)
        if found is None:
            return
        await self._sessions.load(found.live.open_sessions)
        present, moving = found.live, found.moving
        self._alerts.set_content(alerts.alerts(found.alerts))
        errors = present.error_rate
        tone = Tone.RED if (errors.value or 0) > HIGH_ERRORS else Tone.ACCENT
        paces = [point.turns / ussd_board.MOVING_STEP.total_seconds() for point in moving]
        turns = t("{number} étapes par seconde").format(number=decimal(present.turns_per_s))
        slow = t("objectif {target} ms").format(target=count(ussd_board.TARGET_MS))
        shown = [
            Measure(t("Sessions en direct"), _big(count(present.open_sessions)), turns, paces),
            Measure(t("Réponse p99"), _ms(present.p99_us), slow, _known([p.p99_us for p in moving]), Tone.OCHRE),
            Measure(t("Erreurs"), _rate(errors), _of(errors), [p.errors for p in moving], tone),
            Measure(t("Rejeux"), _rate(present.replay_rate), _again(present.replay_rate), [p.replays for p in moving]),
        ]
        self._measures.set_content(measures(shown))

    async def _load_period(self) -> None:
        self._read_at = now()
        length = self.length
        period = await shell.read(ussd_board.get_period, LENGTHS[length], zone())
        if period is None or length != self.length:
            return
        self._period = period
        self._show_charts(period)
        self._show_funnel()
        told = t("Compté le {moment}").format(moment=moment(period.as_of)) if period.as_of else t("Jamais compté.")
        self._as_of.set_content(Markup(told))
        self._networks.set_content(_networks(period))

    def _show_charts(self, period: Period) -> None:
        if self._usage is None or self._times is None:
            with self._usage_place:
                self._usage = charts.chart(period.usage, label=t("Sessions d'aujourd'hui par heure"))
            with self._times_place:
                self._times = charts.chart(period.times, label=t("Temps de réponse, p50 et p99"), unit="ms")
        else:
            charts.repaint(self._usage, period.usage)
            charts.repaint(self._times, period.times, unit="ms")

    def _show_funnel(self) -> None:
        if self._period is None:
            return
        by_screen = {row.screen: row for row in self._period.screens}
        rows = [by_screen[name] for name in words.WAYS[self._way][1] if name in by_screen]
        if not rows:
            self._funnel.set_content(sentence(t("Personne n'a pris ce chemin dans cette période."), "filter_alt"))
            return
        most = max(row.seen for row in rows)
        worst = max(rows, key=lambda row: row.drop_off.value or 0)
        steps = [
            Step(
                words.screen(row.screen),
                row.seen / most,
                count(row.seen),
                f"\N{MINUS SIGN}{percent(row.drop_off.value or 0)}" if row.dropped else "",
                is_marked=row is worst and row.dropped > 0,
            )
            for row in rows
        ]
        self._funnel.set_content(funnel(steps))


def _networks(period: Period) -> Markup:
    rows = period.networks[:MOST_NETWORKS]
    if not rows:
        return sentence(t("Aucune étape dans cette période."), "cell_tower")
    highest = max((row.error_rate.value or 0 for row in rows), default=0) or 1
    steps = []
    for row in rows:
        share = row.error_rate.value or 0
        is_high = share > HIGH_ERRORS
        name = words.network(row.network, is_estimated=row.is_estimated)
        tone = Tone.RED if is_high else Tone.NEUTRAL
        steps.append(Step(name, share / highest, percent(share), count(row.turns), is_marked=is_high, tone=tone))
    return funnel(steps)


def _big(figure: str) -> Markup:
    return figures.figure(figure, is_big=True)


def _ms(elapsed_us: int | None) -> Markup:
    if elapsed_us is None:
        return _big("\N{EM DASH}")
    return figures.figure(decimal(elapsed_us / US_PER_MS), "ms", is_big=True)


def _rate(rate: Rate) -> Markup:
    return _big("\N{EM DASH}" if rate.value is None else percent(rate.value))


def _of(rate: Rate) -> str:
    if rate.value is None:
        return t("aucune étape en 5 minutes")
    return t("{number} sur {total} étapes").format(number=count(rate.numerator), total=count(rate.denominator))


def _again(rate: Rate) -> str:
    return counted(rate.numerator, t("{count} réponse donnée deux fois"), t("{count} réponses données deux fois"))


def _known(values: list[int | None]) -> list[float]:
    return [value for value in values if value is not None]
