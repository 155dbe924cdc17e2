"""`/ussd-console/parcours`: where people go in the menus, where they stop, and how versions compare."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from nicegui import ui

from channels.ussd import journeys
from channels.ussd.journeys import Choices, Journey
from core.clock import now
from core.permissions import Permission
from reports.figures import Span
from reports.ussd_figures import Cut
from ui import live, shell
from ui.components import cards, charts, filters, layout, skeletons
from ui.labels import moment, t, zone
from ui.markup import Markup, show
from ui.pages.ussd import journey_parts, words
from ui.pages.ussd.journey_parts import DASH

LENGTHS = {"24h": timedelta(hours=24), "7j": timedelta(days=7), "30j": timedelta(days=30)}
HOUR = timedelta(hours=1)
HOURS = {"": "Toutes", **{f"{hour:02}": f"{hour:02} h" for hour in range(24)}}
FOLLOW_EVERY_S = 30
PAIR = 2


@shell.screen("/ussd-console/parcours", title="Parcours USSD", needs=Permission.USSD_READ)
async def journey_page() -> None:
    """Draw the page; its figures follow the roll-ups."""
    page = _Page()
    page.draw()
    ui.timer(0, page.load, once=True)
    live.hub.subscribe(["ussd-figures"], lambda _: page.load(), every_s=FOLLOW_EVERY_S)


class _Page:
    """What is chosen, and the parts that show it."""

    def __init__(self) -> None:
        self._length = "7j"
        self._cut = Cut(service="wallet", zone=zone())
        self._goal = ""
        self._by = "version"
        self._choices: Choices | None = None
        self._journey: Journey | None = None
        self._turn = 0
        self._is_setting = False
        self._chart: ui.plotly | None = None

    def draw(self) -> None:
        """Place every part, empty."""
        said = t("Où vont les personnes dans les menus, et où elles s'arrêtent.")
        with layout.page_head(t("Parcours"), said, crumbs=[("USSD", words.SECTION)]):
            lengths = {"24h": t("24 h"), "7j": t("7 j"), "30j": t("30 j")}
            filters.segments(lengths, self._length, self._choose_length, label=t("Période"))
        with ui.element("div").classes("choices"):
            self._boxes = {
                "service": filters.choice(
                    t("Service"), {"wallet": "wallet"}, self._choosing("service"), value="wallet"
                ),
                "goal": filters.choice(t("Objectif"), {"": ""}, self._choose_goal),
                **{
                    name: filters.choice(t(label), {"": t("Toutes")}, self._choosing(name))
                    for name, label in words.CUTS.items()
                },
                "hour": filters.choice(t("Heure"), {k: t(v) for k, v in HOURS.items()}, self._choosing("hour")),
            }
        self._as_of = show(Markup(), classes="caption")
        self._head = show(skeletons.tiles())
        with layout.grid():
            with layout.cell(7), cards.titled(t("Entonnoir"), t("sessions, et part perdue sur l'écran")):
                self._funnel_place = ui.element("div")
            with layout.cell(5), cards.titled(t("Comment elles ont fini")):
                self._parts = show(skeletons.lines(3))
                self._reasons = show(Markup())
            with (
                layout.cell(12),
                cards.titled(t("Écran par écran"), t("temps : médiane et neuf sur dix"), is_flush=True),
            ):
                self._tree = show(skeletons.lines(8))
            with layout.cell(7):
                self._draw_compared()
            with layout.cell(5):
                with cards.titled(t("Saisies refusées"), t("par écran et motif")):
                    self._invalid = show(skeletons.lines(5))
                with cards.titled(t("Requêtes")):
                    self._requests = show(skeletons.lines(5))
            with layout.cell(12), cards.titled(t("Argent"), t("volume et frais du grand livre"), is_flush=True):
                self._money = show(skeletons.lines(4))

    def _draw_compared(self) -> None:
        with cards.titled(t("Découpe"), is_flush=True):
            with ui.element("div").classes("card-body choices"):
                filters.choice(t("Par"), {k: t(v) for k, v in words.BY.items()}, self._choose_by, value=self._by)
            self._slices = show(skeletons.lines(4))
        with cards.titled(t("Deux versions"), t("chacune sur son propre chemin"), is_flush=True):
            with ui.element("div").classes("card-body choices"):
                self._arms_boxes = [
                    filters.choice(t(label), {"": DASH}, lambda _: self._compare())
                    for label in ("Version A", "Version B")
                ]
            self._arms = show(Markup())

    async def load(self) -> None:
        """Read everything for what is chosen; the newest choice wins."""
        self._turn += 1
        turn, span = self._turn, self._span()
        choices = await shell.read(journeys.get_choices, span, self._cut.service)
        journey = await shell.read(journeys.get_journey, span, self._cut, self._goal)
        slices = await shell.read(journeys.list_slices, span, self._cut, self._by)
        if turn != self._turn or choices is None or journey is None:
            return
        self._choices, self._journey, self._goal = choices, journey, journey.goal
        self._offer(choices, journey)
        counted = t("Compté le {moment}").format(moment=moment(choices.as_of)) if choices.as_of else t("Jamais compté.")
        self._as_of.set_content(Markup(counted))
        self._show(journey)
        self._slices.set_content(journey_parts.cut(slices or [], self._by))
        await self._compare()

    def _show(self, journey: Journey) -> None:
        self._head.set_content(journey_parts.head(journey.overview))
        self._parts.set_content(journey_parts.parts(journey.overview))
        self._reasons.set_content(journey_parts.reasons(journey.overview.reasons))
        self._tree.set_content(journey_parts.tree(journey.tree))
        self._invalid.set_content(journey_parts.invalid(journey.tree))
        self._requests.set_content(journey_parts.requests(journey.overview))
        self._money.set_content(journey_parts.money_table(journey.money))
        figure = journey_parts.funnel(journey.funnel, journey.goal)
        if self._chart is None:
            with self._funnel_place:
                self._chart = charts.chart(figure, label=t("Entonnoir de l'objectif"), is_tall=True)
        else:
            charts.repaint(self._chart, figure)

    def _offer(self, choices: Choices, journey: Journey) -> None:
        """Put into the boxes what there is; it is not a choice of the person's."""
        every = {"": t("Toutes")}
        offered = {
            "service": choices.services,
            "goal": journey_parts.goals(journey),
            "version": every | choices.versions,
            "gateway": every | choices.gateways,
            "network": {"": t("Tous")} | {name: name for name in choices.networks},
            "language": every | {name: words.language(name) for name in choices.languages},
        }
        self._is_setting = True
        for name, options in offered.items():
            value = self._goal if name == "goal" else getattr(self._cut, name)
            self._boxes[name].set_options(options, value=value if value in options else next(iter(options), None))
        versions = list(choices.versions)
        for place, box in enumerate(self._arms_boxes):
            kept = box.value if box.value in choices.versions else versions[place] if place < len(versions) else ""
            box.set_options({"": DASH} | choices.versions, value=kept)
        self._is_setting = False

    async def _compare(self) -> None:
        if self._is_setting:
            return
        chosen = [str(box.value) for box in self._arms_boxes if box.value]
        if len(set(chosen)) < PAIR:
            self._arms.set_content(journey_parts.one_version())
            return
        arms = await shell.read(journeys.compare_versions, self._span(), self._cut, chosen, self._goal)
        self._arms.set_content(journey_parts.arms(arms or []))

    async def _choose_length(self, length: str) -> None:
        self._length = length
        await self.load()

    async def _choose_goal(self, goal: str) -> None:
        if not self._is_setting:
            self._goal = goal
            await self.load()

    async def _choose_by(self, by: str) -> None:
        self._by = by
        slices = await shell.read(journeys.list_slices, self._span(), self._cut, by)
        self._slices.set_content(journey_parts.cut(slices or [], by))

    def _choosing(self, name: str) -> Callable[[str], Awaitable[None]]:
        async def choose(value: str) -> None:
            if self._is_setting:
                return
            self._cut = replace(self._cut, **{name: value}, **({"version": ""} if name == "service" else {}))
            await self.load()

        return choose

    def _span(self) -> Span:
        """Return the chosen length up to the end of the present hour: roll-ups are of whole hours."""
        end = now().replace(minute=0, second=0, microsecond=0) + HOUR
        return Span(end - LENGTHS[self._length], end)
