"""Cards: white, hairline border, no shadow."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from ui.components.buttons import symbol
from ui.labels import t
from ui.markup import Markup, icon, join, show, tag


def card(*, is_flush: bool = False) -> ui.element:
    """Open a card; `is_flush` lets what is inside (a table, a list) touch its edges."""
    return ui.element("section").classes("card card-flush" if is_flush else "card")


@contextmanager
def titled(
    title: str,
    note: str | Markup = "",
    *,
    count: str = "",
    is_flush: bool = False,
    is_ruled: bool = False,
    is_live: bool = False,
) -> Iterator[ui.element]:
    """Open a card with a head: title, count beside it, a grey note at the end; `is_ruled` draws a line under it."""
    with card(is_flush=is_flush) as opened:
        show(
            head(title, note, count=count, is_live=is_live),
            classes="card-head card-head-ruled" if is_ruled else "card-head",
        )
        yield opened


def head(title: str, note: str | Markup = "", *, count: str = "", is_live: bool = False) -> Markup:
    """Return the words of a card's head."""
    dot = tag("span", class_="live-dot", role="img", aria_label=t("En direct")) if is_live else None
    return join(
        tag("h2", title, class_="card-title"),
        tag("span", count, class_="card-count") if count else None,
        dot,
        tag("span", note, class_="card-note") if note else None,
    )


def foot_link(text: str, href: str) -> None:
    """Close a card with a line that leads to the whole."""
    show(tag("a", text, icon("arrow_forward"), href=href, class_="card-foot-link"), classes="card-foot")


@contextmanager
def foot() -> Iterator[None]:
    """Open the foot of a card, under a hairline."""
    with ui.element("div").classes("card-foot card-foot-open"):
        yield


def notice(text: str, *, tone: str = "blue", icon_name: str = "info") -> None:
    """Place a sentence the reader must not miss, in a soft band."""
    with ui.element("div").classes(f"notice notice-{tone}").props("role=status"):
        ui.icon(symbol(icon_name)).props("aria-hidden=true")
        ui.label(text)
