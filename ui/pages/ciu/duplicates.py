"""`/ciu/doublons`: what may be one person under two codes, or two under one; a person decides, never the machine."""

from typing import Any

from core.permissions import Actor, Permission
from models.ciu_pairs import PairState
from services.ciu.store import reviews
from services.ciu.store.conversations import TOPIC
from services.ciu.store.reviews import DECIDED, LATER, WAITING, PairRow
from ui import live, shell
from ui.components import cards, chips, empty, layout, tabs
from ui.components.pager import Pager
from ui.components.tabs import Tab
from ui.labels import Tone, count, t, when
from ui.markup import Markup, show, tag
from ui.pages.ciu import words

EVERY_S = 2.0
PAGE = 50
NOTHING = {
    WAITING: "Aucun doublon à décider. C'est ce qu'on veut.",
    LATER: "Rien n'a été remis à plus tard.",
    DECIDED: "Rien n'a encore été décidé.",
}


@shell.screen(words.PAIRS, title="Doublons", needs=Permission.CIU_ACT)
async def duplicates(onglet: str = "") -> None:
    """Draw the three lists behind their tabs."""
    layout.title(
        t("Doublons"),
        t("Deux codes pour une personne, ou un code pour deux ? La machine montre, une personne décide."),
        crumbs=[("CIU", words.HOME)],
    )
    page = _Queue()
    await page.draw(onglet if onglet in NOTHING else WAITING)
    live.subscribe([TOPIC], lambda _: page.follow(), every_s=EVERY_S)


class _Queue:
    """The lists, one at a time."""

    def __init__(self) -> None:
        self._chosen = WAITING
        self._shown: list[PairRow] = []

    async def draw(self, chosen: str) -> None:
        """Place the tabs and the list of the one that is open."""
        self._chosen = chosen
        found = await self._read(0)
        if found is None:
            return
        counts, rows = found
        with cards.card(is_flush=True):
            choices = [
                Tab(WAITING, t("À décider"), count(counts[WAITING])),
                Tab(LATER, t("Plus tard"), count(counts[LATER])),
                Tab(DECIDED, t("Décidés"), count(counts[DECIDED])),
            ]
            self._tabs = tabs.tabs(choices, self._choose, value=chosen)
            self._list = show(Markup())
            self._pager = Pager(self._load)
        self._show(rows)

    async def follow(self) -> None:
        """Count again, and read the list that is open again."""
        found = await self._read(self._pager.page)
        if found is None or self._list.is_deleted:
            return
        counts, rows = found
        tabs.recount(self._tabs, {name: count(number) for name, number in counts.items()})
        self._show(rows)

    async def _choose(self, name: str) -> None:
        self._chosen, self._pager.page = name, 0
        await self._load()

    async def _load(self) -> None:
        found = await shell.read(reviews.list_pairs, self._chosen, limit=PAGE + 1, offset=self._pager.page * PAGE)
        if found is not None and not self._list.is_deleted:
            self._show(found)

    async def _read(self, page: int) -> tuple[dict[str, int], list[PairRow]] | None:
        return await shell.read(_read, self._chosen, page * PAGE)

    def _show(self, found: list[PairRow]) -> None:
        """Draw one page; one pair more says that another page follows."""
        rows = found[:PAGE]
        nothing = empty.sentence(t(NOTHING[self._chosen]), "task_alt")
        self._list.set_content(tag("ul", *map(_line, rows), class_="waiting") if rows else nothing)
        self._pager.show(has_more=len(found) > PAGE)


def _read(session: Any, actor: Actor, chosen: str, offset: int) -> tuple[dict[str, int], list[PairRow]]:
    pairs = reviews.list_pairs(session, actor, chosen, limit=PAGE + 1, offset=offset)
    return reviews.count_pairs(session, actor), pairs


def _line(pair: PairRow) -> Markup:
    sign = words.PAIR_STATES[pair.state]
    other = pair.right.code if pair.right else pair.asker
    link = words.PAIR.format(pair.id)
    lines = tag(
        "span",
        tag("span", tag("span", pair.left.code), " · ", tag("span", other), class_="line-title pair-names"),
        tag("span", _detail(pair), class_="line-detail"),
        class_="waiting-words",
    )
    figure = tag(
        "span", tag("b", count(pair.score)), tag("span", t("sur 99"), class_="caption"), class_="waiting-figure"
    )
    word = t("Décider") if pair.state is PairState.OPEN else t("Revoir")
    label = f"{word}, {pair.left.code}, {other}"
    button = tag("a", word, href=link, class_="button button-secondary", aria_label=label)
    is_waiting = pair.state in (PairState.OPEN, PairState.LATER)
    end = figure if is_waiting else chips.chip(sign)
    tone = Tone.OCHRE if is_waiting else sign.tone
    return tag("li", chips.tile_icon(sign.icon, tone), lines, end, button, class_="waiting-line")


def _detail(pair: PairRow) -> str:
    said = [t(words.CAUSES[pair.cause]), when(pair.created_at)]
    if pair.decided_by:
        said.append(t("par {name}").format(name=pair.decided_by))
    return ", ".join(said)
