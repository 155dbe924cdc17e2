"""Tiles: service, figure, change against the same day last week, sparkline to the edge; the whole tile is a link."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from ui.components.sparklines import sparkline
from ui.labels import Tone
from ui.markup import Markup, icon, join, show, tag


@dataclass(frozen=True, slots=True)
class Tile:
    """What one service says today; `note` is a trend, or any short line."""

    label: str
    icon: str
    figure: Markup
    href: str
    note: Markup | str = ""
    values: Sequence[float] = ()
    before: Sequence[float] = ()
    tone: Tone = Tone.ACCENT


def tile(content: Tile) -> Markup:
    """Return one tile."""
    return tag("a", _inside(content), href=content.href, class_="card tile")


def _inside(content: Tile) -> Markup:
    return join(
        tag("span", icon(content.icon), content.label, icon("arrow_forward", class_="tile-arrow"), class_="tile-label"),
        tag("span", content.figure, class_="tile-figure"),
        tag("span", content.note, class_="tile-note"),
        tag("span", sparkline(content.values, content.before, tone=content.tone), class_="tile-line"),
    )


def tiles(contents: Sequence[Tile]) -> Markup:
    """Return a row of tiles: four on a desk, two, then one."""
    return tag("div", *map(tile, contents), class_="tiles")


class Tiles:
    """A row of tiles whose figures change in place: who stands on one with the keyboard stays there."""

    def __init__(self, contents: Sequence[Tile]) -> None:
        self._shown: list[ui.html] = []
        self._element = ui.element("div").classes("tiles")
        self._draw(contents)

    def update(self, contents: Sequence[Tile]) -> None:
        """Show fresh figures of the same tiles, or other tiles."""
        if len(contents) != len(self._shown):
            self._element.clear()
            self._draw(contents)
            return
        for shown, content in zip(self._shown, contents, strict=True):
            shown.set_content(_inside(content))

    def _draw(self, contents: Sequence[Tile]) -> None:
        self._shown = []
        with self._element:
            for content in contents:
                link = ui.element("a").classes("card tile")
                link.props["href"] = content.href
                with link:
                    self._shown.append(show(_inside(content), classes="tile-inside"))


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a band of measures."""

    label: str
    figure: Markup
    note: str = ""
    values: Sequence[float] = ()
    tone: Tone = Tone.ACCENT


def measures(contents: Sequence[Measure]) -> Markup:
    """Return a card of figures side by side, each with its small line."""
    return tag("section", *map(_measure, contents), class_="card measures")


def _measure(content: Measure) -> Markup:
    line = sparkline(content.values, tone=content.tone, is_filled=False)
    return tag(
        "div",
        tag("span", content.label, class_="measure-label"),
        tag("span", content.figure, line or None, class_="measure-figure"),
        tag("span", content.note, class_="caption"),
        class_="measure",
    )
