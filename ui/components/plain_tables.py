"""Plain tables: a handful of rows known whole, drawn at once; `deep` cells hang one under the other like a tree."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.markup import Markup, tag

DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Head:
    """One column: its label, whether it holds numbers, whether a phone has room for it."""

    label: str
    is_number: bool = True
    is_on_phone: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its name, then a cell for each further column; a marked one is the one to look at."""

    name: str
    cells: Sequence[str | Markup]
    note: str = ""
    depth: int = 0
    is_marked: bool = False


def plain_table(heads: Sequence[Head], lines: Sequence[Line], *, label: str) -> Markup:
    """Return the table; `label` says what it is to who cannot see it."""
    titles = tag("tr", *(tag("th", head.label, class_=_class(head), scope="col") for head in heads))
    rows = [_row(heads, line) for line in lines]
    table = tag("table", tag("thead", titles), tag("tbody", *rows), class_="plain-table", aria_label=label)
    return tag("div", table, class_="entries", tabindex="0", role="region", aria_label=label)


def _row(heads: Sequence[Head], line: Line) -> Markup:
    note = tag("span", line.note, class_="cell-under") if line.note else None
    name = tag("span", tag("span", line.name), note, class_=f"branch branch-{min(line.depth, DEEPEST)}")
    cells = (tag("td", cell, class_=_class(head)) for head, cell in zip(heads[1:], line.cells, strict=True))
    return tag("tr", tag("th", name, scope="row"), *cells, class_="row-marked" if line.is_marked else None)


def _class(head: Head) -> str | None:
    words = ["number" if head.is_number else "", "" if head.is_on_phone else "wide-only"]
    return " ".join(filter(None, words)) or None
