"""Skeletons: the shape of what comes, never a spinner alone."""

from ui.labels import t
from ui.markup import Markup, tag


def lines(number: int = 3) -> Markup:
    """Return grey lines of text to come."""
    return _busy(*(tag("span", class_="bone bone-line") for _ in range(number)))


def rows(number: int = 6) -> Markup:
    """Return the rows of a table to come."""
    row = tag("span", *(tag("span", class_="bone bone-line") for _ in range(4)), class_="bone-row")
    return _busy(*(row for _ in range(number)))


def tiles(number: int = 4) -> Markup:
    """Return tiles to come."""
    bones = (tag("span", class_=f"bone bone-{part}") for part in ("line", "figure", "line", "chart"))
    tile = tag("span", *bones, class_="card bone-tile")
    return tag("div", *(tile for _ in range(number)), class_="tiles", role="status", aria_label=t("Chargement…"))


def _busy(*bones: Markup) -> Markup:
    return tag("div", *bones, class_="bones", role="status", aria_label=t("Chargement…"))
