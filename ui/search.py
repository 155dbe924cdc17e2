"""The search of the header: a number, a code, a reference finds the thing. Rooms that hold things register a finder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import events, ui

from core.permissions import Actor, Permission
from ui.components.buttons import symbol
from ui.components.chips import tile_icon
from ui.labels import t
from ui.markup import Markup, join, show, tag

SHORTEST = 2
MOST_HITS = 8


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found."""

    title: str
    detail: str
    href: str
    icon: str


@dataclass(frozen=True, slots=True)
class Finder:
    """How one kind of thing is found, and who may look for it."""

    needs: Permission
    find: Callable[[Any, Actor, str], Sequence[Hit]]


FINDERS: list[Finder] = []


def find(session: Any, actor: Actor, text: str) -> list[Hit]:
    """Return what `text` finds among the things this actor may see."""
    hits = [hit for finder in FINDERS if actor.may(finder.needs) for hit in finder.find(session, actor, text)]
    return hits[:MOST_HITS]


def search(read: Callable[..., Any]) -> None:
    """Place the search; `read` is the shell's door for reads."""

    async def look(event: events.ValueChangeEventArguments[str | None]) -> None:
        text = (event.value or "").strip()
        if len(text) < SHORTEST:
            hits.set_content("")
            return
        found = await read(find, text)
        if found is not None and (box.value or "").strip() == text:
            hits.set_content(_hits(found))

    def follow() -> None:
        ui.run_javascript(f"getElement({hits.id})?.$el.querySelector('a')?.click()")

    words = t("Numéro, code, lot, référence…")
    with ui.element("div").classes("search").props("role=search"):
        box = ui.input(placeholder=words, on_change=look).props(
            "outlined dense debounce=250 autocomplete=off type=search"
        )
        box.props["aria-label"] = words
        box.on("keydown.enter", follow).on("keydown.esc", lambda: box.set_value(""))
        with box.add_slot("prepend"):
            ui.icon(symbol("search")).props("aria-hidden=true")
        with box.add_slot("append"):
            show(tag("kbd", "/", class_="search-key", aria_hidden="true"), name="span")
        hits = show(Markup(), classes="hits").props("aria-live=polite")


def _hits(found: Sequence[Hit]) -> Markup:
    if not found:
        return tag("p", t("Rien de tel."), class_="hits-none")
    return join(*(_hit(hit) for hit in found))


def _hit(hit: Hit) -> Markup:
    words = tag("span", tag("span", hit.title, class_="line-title"), tag("span", hit.detail, class_="line-detail"))
    return tag("a", tile_icon(hit.icon), words, href=hit.href, class_="hit")
