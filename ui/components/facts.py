"""Facts of a thing: labels and values, one a line."""

from collections.abc import Sequence

from ui.components.empty import sentence
from ui.labels import t
from ui.markup import Markup, tag

Fact = tuple[str, str | Markup]


def facts(pairs: Sequence[Fact], *, is_stacked: bool = False) -> Markup:
    """Return the list of facts; an unknown value is a dash. `is_stacked` puts each value under its label."""
    if not pairs:
        return sentence(t("Rien à montrer."))
    lines = (tag("div", tag("dt", label), tag("dd", value or "\N{EM DASH}"), class_="fact") for label, value in pairs)
    return tag("dl", *lines, class_="facts facts-stacked" if is_stacked else "facts")


def prose(text: str) -> Markup:
    """Return a paragraph of plain text."""
    return tag("p", text, class_="prose")
