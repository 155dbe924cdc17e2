"""How a page is laid out: a head, twelve columns, stacks and rows. A page says what, never how many pixels."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nicegui import ui

from ui.labels import t
from ui.markup import Markup, icon, join, show, tag


@contextmanager
def page_head(
    title: str, subtitle: str = "", *, crumbs: Sequence[tuple[str, str]] = (), chip: Markup | None = None
) -> Iterator[None]:
    """Draw the title with what leads to it and what it is about; the block holds the page's own actions."""
    with ui.element("div").classes("page-head"):
        show(_titles(title, subtitle, crumbs, chip), classes="page-titles")
        with ui.element("div").classes("page-actions"):
            yield


def title(text: str, subtitle: str = "", *, crumbs: Sequence[tuple[str, str]] = (), chip: Markup | None = None) -> None:
    """Draw the head of a page that has no action of its own."""
    with page_head(text, subtitle, crumbs=crumbs, chip=chip):
        pass


def grid() -> ui.element:
    """Open the grid: twelve columns on a desk, one on a phone."""
    return ui.element("div").classes("grid")


def cell(columns: int) -> ui.element:
    """Open a cell of the grid, `columns` of twelve wide where there is room; what is inside is stacked."""
    return ui.element("div").classes(f"cell cell-{columns}")


def stack(*, is_tight: bool = False) -> ui.element:
    """Open a column of things one under the other."""
    return ui.element("div").classes("stack stack-tight" if is_tight else "stack")


def row(*, at_end: bool = False, is_spread: bool = False) -> ui.element:
    """Open a line of things side by side, wrapping when it must; `is_spread` sends the last to the far end."""
    place = " abreast-end" if at_end else " abreast-spread" if is_spread else ""
    return ui.element("div").classes(f"abreast{place}")


def section_title(text: str, note: str = "") -> None:
    """Draw a heading inside a page."""
    show(
        join(tag("h2", text, class_="heading"), tag("span", note, class_="caption") if note else None),
        classes="abreast",
    )


def _titles(text: str, subtitle: str, crumbs: Sequence[tuple[str, str]], chip: Markup | None) -> Markup:
    return join(
        _trail(crumbs, text) if crumbs else None,
        tag("div", tag("h1", text, class_="page-title"), chip, class_="page-title-line"),
        tag("p", subtitle, class_="page-subtitle") if subtitle else None,
    )


def _trail(crumbs: Sequence[tuple[str, str]], here: str) -> Markup:
    steps = [join(tag("a", word, href=href), icon("chevron_right")) for word, href in crumbs]
    return tag("nav", *steps, tag("span", here, aria_current="page"), class_="crumbs", aria_label=t("Fil d'Ariane"))
