"""`/`: what needs this person now, what just happened, and how today goes against last week."""

from datetime import timedelta

from core.clock import now
from core.money import Currency
from core.permissions import Actor, Permission
from reports import feed
from reports import home as reports
from reports.waiting import Waiting
from ui import frame, live, shell
from ui.components import buttons, cards, empty, filters, layout, tiles, waiting
from ui.components.feed import Feed
from ui.labels import count, long_day, t, zone
from ui.markup import show
from ui.pages.home import events, things, today
from ui.pages.pensions import rights, words
from ui.pages.pensions.board import Board

TOPICS = ("ussd", "ledger", "jobs", "books", "pensions", "ciu-console")
FEW = 3  # things that wait
FEED_EVERY_S = 1.0
FIGURES_EVERY_S = 5.0
FEED_SINCE = timedelta(days=1)
LATE = timedelta(seconds=5)  # what was begun first may be written last


@shell.screen("/", title="Accueil")
async def home() -> None:
    """Draw the home of this person; it follows what happens by itself."""
    actor = shell.visitor()
    found = await shell.read(reports.get_home, zone())
    if found is None:
        return
    first_name = actor.name.split(maxsplit=1)[0]
    with layout.page_head(
        t("Bonjour {name}").format(name=first_name), f"{long_day(now())}. {things.summary(found.waiting)}"
    ):
        if rights.may_send(actor):
            buttons.primary(t("Nouveau lot"), icon="upload_file", href=words.NEW)
    if actor.may(Permission.PENSIONS_READ) and not actor.may(Permission.USSD_READ):
        await _draw_caisse(found)
        return
    if not actor.may(Permission.USSD_READ) and not found.waiting and not found.tiles:
        _draw_calm(actor)
        return
    is_short, has_feed = len(found.waiting) <= FEW, feed.can_read(actor)
    with layout.grid():
        with layout.cell(8 if has_feed else 12):
            with cards.card(is_flush=True):
                Things(found)
            if is_short and found.tiles:  # the room it leaves is the figures'
                Figures(found)
        if has_feed:
            with layout.cell(4):
                await draw_feed()
    if not is_short and found.tiles:
        Figures(found)


class Things:
    """The card of what waits, read again when something happened."""

    def __init__(self, found: reports.Home) -> None:
        self._head = show(cards.head(""), classes="card-head card-head-ruled")
        self._list = show(waiting.waiting_list([]))
        self._draw(found.waiting)
        live.subscribe(TOPICS, lambda _: self._refresh(), every_s=FIGURES_EVERY_S)

    def _draw(self, found: tuple[Waiting, ...]) -> None:
        number = sum(thing.count for thing in found)
        note = t("Le plus urgent d'abord") if len(found) > 1 else ""
        self._head.set_content(cards.head(t("Ce qui vous attend"), note, count=count(number) if number else ""))
        self._list.set_content(waiting.waiting_list([things.line(thing) for thing in found]))

    async def _refresh(self) -> None:
        fresh = await shell.read(reports.list_waiting)
        if fresh is not None:
            self._draw(tuple(fresh))


class Figures:
    """Today's tiles, in the currency chosen among those that wallets are held in."""

    def __init__(self, found: reports.Home) -> None:
        self._currency = found.currency
        with layout.row(is_spread=True):
            layout.section_title(t("Aujourd'hui"))
            if len(found.currencies) > 1:
                words = {str(one): str(one) for one in found.currencies}
                filters.segments(words, str(self._currency), self._choose, label=t("Monnaie"))
        self._tiles = tiles.Tiles(today.tiles_of(found.tiles, shell.visitor()))
        live.subscribe(TOPICS, lambda _: self._refresh(), every_s=FIGURES_EVERY_S)

    async def _choose(self, code: str) -> None:
        self._currency = Currency(code)
        await self._refresh()

    async def _refresh(self) -> None:
        fresh = await shell.read(reports.get_home, zone(), self._currency)
        if fresh is not None:
            self._tiles.update(today.tiles_of(fresh.tiles, shell.visitor()))


async def draw_feed() -> None:
    """Draw the events of the last day, newest first; new ones come by themselves."""
    actor = shell.visitor()
    found = await shell.read(feed.list_events, now() - FEED_SINCE) or []
    newest = [found[0].at if found else now()]
    shown = Feed(
        [events.happening(event, actor) for event in found],
        href="/administration/audit" if actor.may(Permission.AUDIT_READ) else "",
    )

    async def refresh() -> None:
        fresh = await shell.read(feed.list_events, newest[0] - LATE)
        if fresh:
            newest[0] = fresh[0].at
            shown.push(events.happening(event, actor) for event in reversed(fresh))

    live.subscribe(TOPICS, lambda _: refresh(), every_s=FEED_EVERY_S)


async def _draw_caisse(found: reports.Home) -> None:
    """Draw the home of who pays pensions: the figures of his organisation, then what waits for him or runs."""
    await Board().draw()
    with cards.card(is_flush=True):
        Things(found)


def _draw_calm(actor: Actor) -> None:
    sentence = t("Votre compte est ouvert ({role}). Ce que votre rôle vous confie paraîtra ici.")
    sees_codes = actor.may(Permission.CIU_READ)
    with cards.card():
        empty.empty(
            sentence.format(role=frame.role_word(actor)),
            icon="task_alt",
            action=t("Voir les chiffres des CIU") if sees_codes else t("Voir mon compte"),
            href="/ciu" if sees_codes else "/mon-compte",
        )
