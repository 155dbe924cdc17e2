"""The fakes' book beside our ledger, the difference in words and figures."""

from nicegui import ui

from core.errors import Refusal
from core.money import Money
from services import simulators
from services.simulators import Book, BookLine, Desk, Totals
from ui import shell
from ui.components import cards, chips, empty, figures, filters, layout
from ui.labels import NO_BREAK, count, moment, money, t, when
from ui.markup import Markup, join, show, tag
from ui.pages.payments import account_words, simulator_words, words


class BookView:
    """Totals by currency and the newest payments, of all operators or of one."""

    def __init__(self, desk: Desk) -> None:
        names = {one.adapter: account_words.adapter(one.adapter) for one in desk.accounts}
        self._adapter = ""
        with layout.row():
            filters.choice(t("Opérateur"), {"": t("Tous"), **names}, self._choose)
        self._place = ui.element("div").classes("stack")

    async def load(self) -> None:
        """Read both books again."""
        found = await shell.attempt(simulators.get_book, self._adapter)
        if self._place.is_deleted:
            return
        self._place.clear()
        with self._place:
            if isinstance(found, Refusal):
                show(empty.sentence(shell.sentence_of(found), "cloud_off"))
            else:
                _draw(found)

    async def _choose(self, adapter: str) -> None:
        self._adapter = adapter
        await self.load()


def _draw(book: Book) -> None:
    with layout.grid():
        for totals in book.totals:
            with layout.cell(4), cards.titled(str(totals.theirs.currency), _verdict(totals.difference)):
                show(_totals(totals), classes="two-books")
    note = t("leur horloge : {now}").format(now=moment(book.now))
    with cards.titled(t("Paiement par paiement"), note, count=count(len(book.lines)), is_flush=True, is_ruled=True):
        if not book.lines:
            show(empty.sentence(t("Leur livre est vide : rien n'a bougé depuis leur démarrage."), "menu_book"))
            return
        show(_table(book.lines), classes="entries")
    if book.is_cut:
        cards.notice(t("Les {number} derniers ; les totaux comptent tout.").format(number=count(len(book.lines))))


def _verdict(difference: Money) -> Markup:
    return chips.chip(simulator_words.EQUAL if not difference.minor else simulator_words.DIFFERENT)


def _totals(totals: Totals) -> Markup:
    sides = ((t("Chez eux"), totals.theirs), (t("Chez nous"), totals.ours), (t("Différence"), totals.difference))
    return join(*(tag("div", tag("span", word, class_="caption"), figures.amount(value)) for word, value in sides))


def _table(lines: tuple[BookLine, ...]) -> Markup:
    head = tag(
        "tr",
        tag("th", t("Paiement"), scope="col"),
        tag("th", t("Chez eux"), scope="col", class_="number"),
        tag("th", t("Chez nous"), scope="col", class_="number"),
        tag("th", t("Différence"), scope="col", class_="number wide-only"),
        tag("th", t("Le nôtre"), scope="col", class_="wide-only"),
        tag("th", t("Heure"), scope="col", class_="number wide-only"),
    )
    return tag("table", tag("thead", head), tag("tbody", *map(_line, lines)), class_="plain-table book-table")


def _line(line: BookLine) -> Markup:
    name = words.short(line.reference) if line.reference else t("sans référence")
    path = f"{words.SECTION}/transferts/{line.transfer_id}"
    kind = f"{account_words.adapter(line.adapter)} · {t(simulator_words.KINDS.get(line.kind, line.kind))}"
    differs = bool(line.difference.minor)
    return tag(
        "tr",
        tag(
            "td", tag("a", name, href=path) if line.transfer_id else name, tag("span", kind, class_="caption book-kind")
        ),
        tag("td", _figure(line.theirs), class_="number"),
        tag("td", _figure(line.ours), class_="number"),
        tag(
            "td",
            money(line.difference) if differs else "=",
            class_=f"number wide-only {'figure-red' if differs else ''}",
        ),
        tag("td", chips.chip(words.STATES[line.state]) if line.state else "", class_="wide-only"),
        tag("td", when(line.at), class_="number wide-only"),
        class_="book-differs" if differs else "",
    )


def _figure(amount: Money) -> str:
    return money(amount) if amount.minor else f"0{NO_BREAK}"
