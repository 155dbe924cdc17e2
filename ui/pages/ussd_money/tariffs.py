"""`/ussd-console/tarifs`: what operations cost, what each level may do, and how often anybody may ask."""

from nicegui import ui

from core.errors import Refusal
from core.money import Currency, InvalidAmount, Money
from core.permissions import Permission
from models.wallets import OperationType
from services import approvals, tariff_changes
from services.limits import CHANGE
from services.tariff_changes import SCALE, Cost, Scale
from ui import shell
from ui.components import buttons, cards, chips, decisions, facts, fields, filters, layout, tabs
from ui.components.empty import sentence
from ui.labels import Sign, Tone, moment, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd import words as ussd_words
from ui.pages.ussd_money import limits, rates, words

IN_FORCE = Sign("check", "En vigueur", Tone.ACCENT)
PLANNED = Sign("event", "Prévu", Tone.BLUE)
KINDS = frozenset({SCALE.name, CHANGE.name})


@shell.screen(words.TARIFFS, title="Tarifs et plafonds", needs=Permission.USSD_READ)
async def page() -> None:
    """Draw what waits, then prices, bounds or rates."""
    layout.title(
        t("Tarifs et plafonds"),
        t("Un prix ne se corrige jamais : un nouveau barème commence, à deux personnes."),
        crumbs=[("USSD", words.SECTION)],
    )
    currencies = await shell.read(tariff_changes.list_currencies)
    if not currencies:
        show(sentence(t("Aucun tarif : les opérations sont fermées."), "sell"))
        return
    await _Page(currencies).begin()


class _Page:
    def __init__(self, currencies: list[Currency]) -> None:
        self._currency, self._tab = currencies[0], "prices"
        self._waiting = layout.stack()
        choices = [
            tabs.Tab("prices", t("Tarifs")),
            tabs.Tab("limits", t("Plafonds")),
            tabs.Tab("rates", t("Cadences")),
        ]
        with layout.row(is_spread=True):
            tabs.tabs(choices, self._choose_tab)
            names = {str(code): str(code) for code in currencies}
            if len(names) > 1:
                filters.segments(names, str(self._currency), self._choose_currency, label=t("Devise"))
        self._place = ui.element("div").classes("stack")

    async def begin(self) -> None:
        """Draw the chosen part."""
        waiting = await shell.read(approvals.list_waiting, kinds=KINDS)
        self._waiting.clear()
        self._waiting.set_visibility(bool(waiting))
        with self._waiting:
            decisions.card(waiting or (), self.begin)
        self._place.clear()
        with self._place:
            if self._tab == "prices":
                await _draw_prices(self._currency)
            elif self._tab == "limits":
                await limits.draw(self._currency, self.begin)
            else:
                await rates.draw(self.begin)

    async def _choose_tab(self, name: str) -> None:
        self._tab = name
        await self.begin()

    async def _choose_currency(self, code: str) -> None:
        self._currency = Currency(code)
        await self.begin()


async def _draw_prices(currency: Currency) -> None:
    scales = await shell.read(tariff_changes.list_scales, currency) or []
    with layout.grid():
        with layout.cell(8):
            for kind in OperationType:
                shown = [scale for scale in scales if scale.type == kind and (scale.is_in_force or scale.is_planned)]
                _draw_kind(kind, currency, shown)
        with layout.cell(4), layout.stack(), cards.titled(t("Calculateur")):
            _draw_calculator(currency)


def _draw_kind(kind: OperationType, currency: Currency, scales: list[Scale]) -> None:
    with cards.titled(ussd_words.kind(kind), is_flush=True, is_ruled=True):
        for scale in scales:
            show(_scale_head(scale), classes="scale-head")
            show(bands(scale), classes="entries")
        if not scales:
            show(sentence(t("Sans barème : cette opération est fermée."), "lock"))
        if shell.visitor().may(Permission.USSD_TARIFFS_WRITE):
            cards.foot_link(t("Nouveau barème"), f"{words.TARIFFS}/{kind}/{currency}")


def _scale_head(scale: Scale) -> Markup:
    begin = t("depuis le {moment}") if scale.is_in_force else t("à partir du {moment}")
    return join(
        chips.chip(IN_FORCE if scale.is_in_force else PLANNED),
        tag("span", begin.format(moment=moment(scale.valid_from)), class_="caption"),
    )


def bands(scale: Scale) -> Markup:
    """Return the table of a scale's bands."""
    head = tag(
        "tr",
        tag("th", t("De"), scope="col", class_="number"),
        tag("th", t("À"), scope="col", class_="number"),
        tag("th", t("Frais"), scope="col"),
        tag("th", t("Bénéficiaire"), scope="col", class_="wide-only"),
        tag("th", t("Commission"), scope="col", class_="wide-only"),
    )
    lines = (
        tag(
            "tr",
            tag("td", words.amount(band.from_minor, scale.currency), class_="number"),
            tag("td", words.amount(band.to_minor, scale.currency), class_="number"),
            tag("td", _fee(scale, index)),
            tag("td", words.share(band.payee_bps) if band.payee_bps else "\N{EN DASH}", class_="wide-only"),
            tag("td", _commission(band.commission_bps), class_="wide-only"),
        )
        for index, band in enumerate(scale.bands)
    )
    return tag("table", tag("thead", head), tag("tbody", *lines), class_="plain-table")


def _fee(scale: Scale, index: int) -> str:
    band = scale.bands[index]
    parts = [words.amount(band.fixed_minor, scale.currency)] if band.fixed_minor else []
    if band.bps:
        parts.append(words.share(band.bps))
    written = " + ".join(parts) or t("Gratuit")
    if band.min_minor:
        written += t(", au moins {amount}").format(amount=words.amount(band.min_minor, scale.currency))
    if band.max_minor is not None:
        written += t(", au plus {amount}").format(amount=words.amount(band.max_minor, scale.currency))
    return written


def _commission(bps: int) -> str:
    return t("{share} des frais").format(share=words.share(bps)) if bps else "\N{EN DASH}"


def _draw_calculator(currency: Currency) -> None:
    with fields.form():
        kind = fields.choice(t("Opération"), ussd_words.kinds(), value=OperationType.TRANSFER.value)
        box = fields.text(
            t("Montant"), value="10000", hint=t("En {currency}, sans séparateur.").format(currency=currency)
        )
        box.props("inputmode=decimal")
        button = buttons.secondary(t("Calculer"), icon="calculate")
    shown = show(Markup())

    async def run() -> None:
        fields.show_error(box, None)
        try:
            amount = Money.parse(str(box.value or "").strip().replace(",", "."), currency)
        except InvalidAmount as refusal:
            fields.show_error(box, shell.sentence_of(refusal))
            return
        cost = await shell.attempt(tariff_changes.calculate, OperationType(str(kind.value)), amount)
        if isinstance(cost, Refusal):
            fields.show_error(box, t("Aucune tranche ne couvre ce montant."))
            shown.set_content("")
        else:
            shown.set_content(cost_facts(cost))

    button.on_click(run)
    box.on("keydown.enter", run)
    ui.timer(0, run, once=True)


def cost_facts(cost: Cost) -> Markup:
    """Return who gives and who gets what."""
    return facts.facts(
        [
            (t("Frais du payeur"), money(cost.fee)),
            (t("Le payeur donne"), money(cost.payer_gives)),
            (t("Frais du bénéficiaire"), money(cost.payee_fee)),
            (t("Commission"), money(cost.commission)),
            (t("Le bénéficiaire reçoit"), money(cost.payee_gets)),
            (t("La maison garde"), money(cost.house_keeps)),
        ]
    )
