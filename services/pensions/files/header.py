"""The header of a file: its separator, its layout, and where each column stands."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.pensions.files.refusals import DuplicateColumn, LineBreakInCell, MissingColumn
from services.pensions.files.rules import LAYOUT_A, LAYOUT_B, WHITE_SPACE, Field, Layout

SEPARATORS = (",", ";", "\t")
QUOTE = '"'


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line that is not blank says; `positions` counts from 0 among `width` cells."""

    line: int
    separator: str
    layout: Layout
    positions: Mapping[Field, int]
    width: int
    unknown: tuple[str, ...]

    def column(self, meaning: Field) -> str:
        """Return the documented name of a column."""
        return self.layout.columns[meaning]

    def cells(self, line: str) -> list[str]:
        """Return the cells of a line, as received."""
        return split(line, self.separator)


def split(line: str, separator: str) -> list[str]:
    """Return the cells of one line of RFC 4180."""
    return next(csv.reader([line], delimiter=separator), [])


def is_blank(line: str) -> bool:
    """Say whether a line has nothing but white space."""
    return not line.strip(WHITE_SPACE)


def read_header(line: str, number: int) -> Header:
    """Read the header, or refuse one that lacks a column or has one twice."""
    if line.count(QUOTE) % 2:
        raise LineBreakInCell(line=number)
    by_separator = {separator: _names(line, separator) for separator in SEPARATORS}
    separator, names = min(by_separator.items(), key=lambda item: len(_missing(item[1])))
    missing, layout = _missing(names), _layout(names)
    if missing:
        raise MissingColumn(columns=missing, names=", ".join(missing))
    documented = {name.lower(): (meaning, name) for meaning, name in layout.columns.items()}
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        raise DuplicateColumn(column=documented[twice][1] if twice in documented else twice)
    return Header(
        line=number,
        separator=separator,
        layout=layout,
        positions={documented[name][0]: seat for seat, name in enumerate(names) if name in documented},
        width=len(names),
        unknown=tuple(name for name in names if name not in documented),
    )


def _names(line: str, separator: str) -> list[str]:
    return [cell.strip(WHITE_SPACE + QUOTE).lower() for cell in split(line, separator)]


def _layout(names: Sequence[str]) -> Layout:
    """Return the layout of a header: a by either of its identifier columns, and where nothing speaks for b."""
    if {"type_id", "valeur_id"}.intersection(names):
        return LAYOUT_A
    return LAYOUT_B if {name.lower() for name in LAYOUT_B.columns.values()}.intersection(names) else LAYOUT_A


def _missing(names: Sequence[str]) -> list[str]:
    return _layout(names).missing(frozenset(names))
