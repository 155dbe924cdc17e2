"""The figures above everything: what waits, what runs, what is in doubt, and the money there is for it."""

from nicegui import ui

from core.money import Currency, Money
from services.pensions import accounts, attention
from services.pensions.accounts import AccountRow
from services.pensions.attention import AttentionCounts
from ui import live, shell
from ui.components import figures
from ui.components.tiles import Measure, measures
from ui.labels import Tone, count, counted, money, t
from ui.markup import Markup, show

TOPICS = ("pensions",)
EVERY_S = 2.0


class Board:
    """Four figures in a band; they follow the batches and the ledger by themselves."""

    def __init__(self) -> None:
        self._place: ui.html | None = None

    async def draw(self) -> None:
        """Place the band where the page stands now."""
        self._place = show(Markup())
        await self._refresh()
        live.subscribe(TOPICS, lambda _: self._refresh(), every_s=EVERY_S)

    async def _refresh(self) -> None:
        counts = await shell.read(attention.count_attention)
        found = await shell.read(accounts.list_accounts)
        if self._place is not None and counts is not None and found is not None:
            self._place.set_content(measures([*_counted(counts), *_funds(found)]))


def _counted(counts: AttentionCounts) -> list[Measure]:
    doubt = counts.held + counts.unknown
    unknown = counted(counts.unknown, t("{count} incertain"), t("{count} incertains"))
    held = t("{count} à vérifier").format(count=count(counts.held))
    return [
        Measure(t("À approuver"), _big(counts.to_approve), t("par une deuxième personne")),
        Measure(t("En cours"), _big(counts.at_work), t("lots")),
        Measure(t("À éclaircir"), _big(doubt, Tone.OCHRE if doubt else None), f"{unknown}, {held}"),
    ]


def _funds(found: list[AccountRow]) -> list[Measure]:
    shown = []
    for currency in dict.fromkeys(one.currency for one in found if one.is_active):
        mine = [one for one in found if one.currency is currency and one.is_active]
        reserved = t("{amount} réservés").format(amount=money(_sum([one.reserved for one in mine], currency)))
        available = _sum([one.available for one in mine], currency)
        shown.append(Measure(t("Disponible"), figures.amount(available, is_big=True), reserved))
    return shown


def _sum(amounts: list[Money], currency: Currency) -> Money:
    return sum(amounts, start=Money.zero(currency))


def _big(number: int, tone: Tone | None = None) -> Markup:
    return figures.figure(number, is_big=True, tone=tone)
