"""The totals of the rows that go on: by type, by purpose, the biggest, and what was done to read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

BIGGEST = 10


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows, and how much in minor units."""

    count: int = 0
    amount_minor: int = 0

    def plus(self, other: "Sum") -> "Sum":
        """Return both together."""
        return Sum(self.count + other.count, self.amount_minor + other.amount_minor)

    def less(self, other: "Sum") -> "Sum":
        """Return what is left without the other."""
        return Sum(self.count - other.count, self.amount_minor - other.amount_minor)


Sums = Mapping[str, Sum]


@dataclass(frozen=True, slots=True)
class BigRow:
    """One of the biggest payments, as it is shown before anything is sent."""

    line: int
    id_type: str
    identifier: str
    name: str | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Of the accepted rows; `biggest` begins with the largest amount, the first line before a later one."""

    all: Sum = Sum()
    by_type: Sums = field(default_factory=lambda: MappingProxyType({}))
    by_purpose: Sums = field(default_factory=lambda: MappingProxyType({}))
    biggest: tuple[BigRow, ...] = ()
    repaired: int = 0
    unknown_range: int = 0
    same_person: int = 0

    def plus(self, other: "Totals") -> "Totals":
        """Return the totals of both."""
        return Totals(
            all=self.all.plus(other.all),
            by_type=_merged(self.by_type, other.by_type),
            by_purpose=_merged(self.by_purpose, other.by_purpose),
            biggest=_biggest([*self.biggest, *other.biggest]),
            repaired=self.repaired + other.repaired,
            unknown_range=self.unknown_range + other.unknown_range,
            same_person=self.same_person + other.same_person,
        )

    def less(self, other: "Totals") -> "Totals":
        """Return the totals without rows that were counted here; the biggest of those are not replaced."""
        gone = {row.line for row in other.biggest}
        return Totals(
            all=self.all.less(other.all),
            by_type=_reduced(self.by_type, other.by_type),
            by_purpose=_reduced(self.by_purpose, other.by_purpose),
            biggest=tuple(row for row in self.biggest if row.line not in gone),
            repaired=self.repaired - other.repaired,
            unknown_range=self.unknown_range - other.unknown_range,
            same_person=self.same_person - other.same_person,
        )


def totals_of(rows: pl.DataFrame) -> Totals:
    """Return the totals of accepted rows."""
    by_type, by_purpose = _sums(rows, "id_type"), _sums(rows, "purpose")
    amount = pl.col("amount_minor")
    large = rows.filter(amount >= amount.top_k(BIGGEST).min()).select(
        "line", "id_type", "identifier", "name", "amount_minor"
    )
    top = large.sort(["amount_minor", "line"], descending=[True, False]).head(BIGGEST)
    return Totals(
        all=Sum(rows.height, sum(one.amount_minor for one in by_type.values())),
        by_type=by_type,
        by_purpose=by_purpose,
        biggest=tuple(BigRow(*row) for row in top.iter_rows()),
        repaired=int(rows["is_repaired"].sum()),
        unknown_range=int(rows["is_unknown_range"].sum()),
        same_person=int((rows["occurrence"] > 1).sum()),
    )


def _sums(rows: pl.DataFrame, column: str) -> Sums:
    sums = rows.group_by(column).agg(pl.len(), pl.col("amount_minor").sum()).sort(column)
    return {name: Sum(count, amount_minor) for name, count, amount_minor in sums.iter_rows()}


def _merged(one: Sums, other: Sums) -> Sums:
    names = sorted({*one, *other})
    return {name: one.get(name, Sum()).plus(other.get(name, Sum())) for name in names}


def _reduced(whole: Sums, part: Sums) -> Sums:
    left = {name: one.less(part.get(name, Sum())) for name, one in whole.items()}
    return {name: one for name, one in left.items() if one.count}


def _biggest(rows: list[BigRow]) -> tuple[BigRow, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.amount_minor, row.line))[:BIGGEST])
