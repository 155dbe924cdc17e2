"""`/pensions/rapports`: what became of every franc, month by month and day by day, and the papers of each batch."""

from collections.abc import Sequence

from babel.dates import format_skeleton
from nicegui import ui

from core.money import Currency
from core.permissions import Permission
from models.pension_stages import BatchStage
from reports import charts as figures_of
from reports.pensions import figures
from reports.pensions.figures import CycleTotals, DayTotals, PensionTotals
from services.pensions import accounts, reading
from services.pensions.reading import BatchSearch
from services.pensions.shapes import BatchRow
from ui import live, shell
from ui.components import cards, charts, empty, filters, layout, tiles
from ui.components import figures as shown_figures
from ui.components.chips import tile_icon
from ui.components.plain_tables import Head, Line, plain_table
from ui.components.tiles import Measure
from ui.labels import Tone, count, counted, page_language, percent, t, zone
from ui.markup import Markup, join, show, tag
from ui.pages.pensions import acts, words
from ui.pages.pensions.accounts import figure
from ui.pages.pensions.board import TOPICS

EVERY_S = 5.0
DAYS = 30
MOST = 12
MOST_TICKS = 6
SEALED = tuple(
    stage for stage in BatchStage if stage not in (BatchStage.DRAFT, BatchStage.REJECTED, BatchStage.EXPIRED)
)


@shell.screen(words.REPORTS, title="Rapports de pensions", needs=Permission.PENSIONS_READ)
async def all_reports() -> None:
    """Draw the totals, the months, the last days, and the batches with their papers."""
    found = await shell.read(accounts.list_accounts) or []
    currencies = list(dict.fromkeys(one.currency for one in found))
    page = _Reports(currencies[0] if currencies else Currency.XOF)
    with layout.page_head(t("Rapports"), t("Déposé = payé + échoué + ouvert, à chaque ligne et au franc près.")):
        if len(currencies) > 1:
            choices = {str(one): str(one) for one in currencies}
            filters.segments(choices, choices[currencies[0]], page.choose, label=t("Devise"))
    await page.draw()
    live.subscribe(TOPICS, lambda _: page.refresh(), every_s=EVERY_S)


class _Reports:
    """The figures in one currency."""

    def __init__(self, currency: Currency) -> None:
        self._currency = currency
        self._chart: ui.plotly | None = None

    async def draw(self) -> None:
        """Place the parts, then fill them."""
        self._totals = show(Markup())
        with layout.grid():
            with layout.cell(8):
                with cards.titled(t("Par mois payé"), self._currency, is_flush=True):
                    self._cycles = show(Markup())
                with cards.titled(t("Trente derniers jours"), t("Lots confirmés, par jour")):
                    self._days = ui.element("div")
            with layout.cell(4), cards.titled(t("Rapport d'un lot"), is_flush=True, is_ruled=True):
                self._batches = ui.element("div")
                cards.foot_link(t("Tout l'historique"), words.BATCHES)
        await self.refresh()
        await self._draw_batches()

    async def choose(self, code: str) -> None:
        """Show another currency."""
        self._currency = Currency(code)
        await self.refresh()

    async def refresh(self) -> None:
        """Count again."""
        totals = await shell.read(figures.get_totals, self._currency)
        cycles = await shell.read(figures.list_cycles, self._currency, months=MOST)
        days = await shell.read(figures.list_days, self._currency, zone(), days=DAYS)
        if totals is None or cycles is None or days is None or self._days.is_deleted:
            return
        self._totals.set_content(tiles.measures(_measures(totals)))
        self._cycles.set_content(_cycles(cycles))
        self._show_days(days)

    def _show_days(self, days: Sequence[DayTotals]) -> None:
        drawn = _figure(days)
        if self._chart is None:
            with self._days:
                self._chart = charts.chart(drawn, label=t("Pensions payées par jour"), unit=t("paiements"))
        else:
            charts.repaint(self._chart, drawn, unit=t("paiements"))

    async def _draw_batches(self) -> None:
        found = await shell.read(reading.list_batches, BatchSearch(stages=SEALED), limit=MOST)
        with self._batches:
            if found is None or not found.batches:
                show(empty.sentence(t("Le rapport d'un lot confirmé paraîtra ici."), "description"))
                return
            for batch in found.batches:
                _draw_batch(batch)


def _measures(totals: PensionTotals) -> list[Measure]:
    rate = totals.success
    known = t("{number} sur {total} finis").format(number=count(rate.numerator), total=count(rate.denominator))
    lots = counted(totals.batches, t("{count} lot"), t("{count} lots"))
    return [
        Measure(t("Déposé"), shown_figures.amount(totals.uploaded.amount, is_big=True), lots),
        Measure(
            t("Payé"),
            shown_figures.amount(totals.completed.amount, is_big=True),
            words.payments(totals.completed.count),
        ),
        Measure(t("Ouvert"), shown_figures.amount(totals.open.amount, is_big=True), words.payments(totals.open.count)),
        Measure(t("Réussite"), _big("\N{EM DASH}" if rate.value is None else percent(rate.value)), known),
    ]


def _big(text: str) -> Markup:
    return shown_figures.figure(text, is_big=True)


def _cycles(found: Sequence[CycleTotals]) -> Markup:
    if not found:
        return empty.sentence(t("Le premier mois payé paraîtra ici."), "calendar_month")
    heads = (
        Head(t("Mois"), is_number=False),
        Head(t("Déposé")),
        Head(t("Payé")),
        Head(t("Échoué"), is_on_phone=False),
        Head(t("Ouvert"), is_on_phone=False),
        Head(t("Frais"), is_on_phone=False),
        Head(t("Réussite"), is_on_phone=False),
    )
    return plain_table(heads, [_cycle(one) for one in found], label=t("Par mois payé"))


def _cycle(one: CycleTotals) -> Line:
    totals = one.totals
    month = words.cycle(one.cycle)
    cells = (
        *(figure(part.amount) for part in (totals.uploaded, totals.completed, totals.failed, totals.open)),
        figure(totals.fees),
        percent(totals.success.value) if totals.success.value is not None else "",
    )
    return Line(f"{month[:1].upper()}{month[1:]}", cells, note=words.payments(totals.uploaded.count))


def _figure(days: Sequence[DayTotals]) -> figures_of.Figure:
    """Return the payments of each day as bars: made, and not made above them."""
    at = [format_skeleton("MMMd", one.day, locale=page_language()) for one in days]
    return {
        "data": [
            _bars(t("payés"), at, [one.totals.completed.count for one in days], "accent"),
            _bars(t("échoués"), at, [one.totals.failed.count for one in days], "red"),
        ],
        "layout": {"barmode": "stack", "xaxis": {"nticks": MOST_TICKS}},
    }


def _bars(name: str, at: list[str], values: list[int], role: str) -> dict[str, object]:
    return {"type": "bar", "name": name, "x": at, "y": values, "marker": {"color": role}}


def _draw_batch(batch: BatchRow) -> None:
    sign = words.stage(batch)
    with ui.element("div").classes("line"):
        title = tag("a", words.title(batch), href=words.BATCH.format(batch.bulk_id))
        said = words.list_text([batch.bulk_id, words.payments(batch.total.count)])
        lines = join(tag("span", title, class_="line-title"), tag("span", said, class_="line-detail"))
        show(join(tile_icon(sign.icon, Tone(sign.tone))), name="span")
        show(lines, classes="line-words")
        acts.report_button(batch, is_short=True)
