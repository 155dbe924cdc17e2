"""A strip of cells, one an hour: the fuller, the darker; the figure is said for each."""

from collections.abc import Sequence

from ui.labels import t
from ui.markup import Markup, tag

LIGHTEST = 0.08
MARKED_EVERY = 6


def heat_strip(values: Sequence[tuple[str, float, str]], *, label: str) -> Markup:
    """Return the strip of `(name, share of the fullest from 0 to 1, what is said)`."""
    cells = (_cell(place, *value) for place, value in enumerate(values))
    return tag("ol", *cells, class_="heat", aria_label=label)


def _cell(place: int, name: str, share: float, said: str) -> Markup:
    depth = f"--heat: {LIGHTEST + share * (1 - LIGHTEST):.2f}" if share else "--heat: 0"
    both = t("{name} : {said}").format(name=name, said=said)
    mark = tag(
        "span", name, class_="heat-name" if place % MARKED_EVERY == 0 else "heat-name heat-quiet", aria_hidden="true"
    )
    return tag(
        "li",
        tag("span", style=depth, class_="heat-cell"),
        mark,
        title=both,
        aria_label=both,
    )
