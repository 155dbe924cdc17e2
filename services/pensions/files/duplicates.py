"""Who stands twice in a file, and which transfer id: the first row that goes on wins, later ones are refused.

A row refused for whatever reason is nobody's twin; a row with other faults is told of its twin all the same. Only rows
whose hash was met twice are looked at one by one, and those are compared by what they say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from services.pensions.files.header import Header
from services.pensions.files.rows import Fault, Row
from services.pensions.files.rules import LONGEST_VALUE, Field, FileRules

PAYEE_COLUMNS = ("id_type", "identifier", "purpose")
_TRANSFER_ID = ("file_transfer_id",)


@dataclass(frozen=True, slots=True)
class Settled:
    """The rows of a slice that go on, with their occurrence, and the faults found in the others, by line."""

    accepted: pl.DataFrame
    faults: dict[int, list[Fault]]


class Duplicates:
    """Settles the slices of one file, in their order."""

    def __init__(self, header: Header, rules: FileRules) -> None:
        self._rules = rules
        self._columns = header.layout.columns
        self._has_ids = Field.TRANSFER_ID in header.positions
        self._payees = _Seen(PAYEE_COLUMNS)
        self._transfer_ids = _Seen(_TRANSFER_ID)

    def settle(self, right: pl.DataFrame, wrong: Sequence[Row]) -> Settled:
        """Return what goes on of the rows that are right of themselves; `wrong` are the others of the slice."""
        others = _wrong_frame(wrong)
        payees = self._payees.met_twice(right, others)
        ids = self._transfer_ids.met_twice(right, others) if self._has_ids else _NOTHING
        settled = Settled(right.with_columns(pl.lit(1, pl.UInt32).alias("occurrence")), {})
        if payees.len() or ids.len():
            settled = self._one_by_one(right, others, payees, ids)
        self._payees.add(settled.accepted)
        if self._has_ids:
            self._transfer_ids.add(settled.accepted)
        return settled

    def _one_by_one(self, right: pl.DataFrame, others: pl.DataFrame, payees: pl.Series, ids: pl.Series) -> Settled:
        """Walk the suspects in the order of the file, as somebody with two lists would."""
        people, known_ids = self._payees.recall(payees), self._transfer_ids.recall(ids)
        faults: dict[int, list[Fault]] = {}
        occurrences: dict[int, int] = {}
        for suspect in _suspects(right, others, payees, ids):
            found: list[Fault] = []
            first = people.get(suspect.payee) if None not in suspect.payee else None
            if first is not None and not self._rules.allows_same_person:
                found.append(self._fault(Field.IDENTIFIER, "duplicate_in_file", suspect.written, str(first.line)))
            given = suspect.transfer_id[0]
            if given is not None and suspect.transfer_id in known_ids:
                found.append(self._fault(Field.TRANSFER_ID, "duplicate_transfer_id", given))
            if found:
                faults[suspect.line] = found
            elif suspect.is_right:
                met = people.setdefault(suspect.payee, _Met(suspect.line, 0))
                met.count += 1
                occurrences[suspect.line] = met.count
                known_ids.setdefault(suspect.transfer_id, _Met(suspect.line, 1))
        refused = pl.Series(list(faults), dtype=pl.UInt32)
        numbered = pl.col("line").replace_strict(occurrences, default=1, return_dtype=pl.UInt32)
        kept = right.filter(~pl.col("line").is_in(refused.implode()))
        return Settled(kept.with_columns(numbered.alias("occurrence") if occurrences else _FIRST), faults)

    def _fault(self, meaning: Field, code: str, value: str, see: str | None = None) -> Fault:
        return Fault(self._columns[meaning], code, value=value[:LONGEST_VALUE], see=see)


_NOTHING = pl.Series(dtype=pl.UInt64)
_FIRST = pl.lit(1, pl.UInt32).alias("occurrence")
_SUSPECT_SCHEMA: dict[str, type[pl.DataType]] = {
    "line": pl.UInt32,
    "id_type": pl.String,
    "identifier": pl.String,
    "purpose": pl.String,
    "identifier_raw": pl.String,
    "file_transfer_id": pl.String,
    "is_right": pl.Boolean,
}


@dataclass(slots=True)
class _Met:
    """The line where something was met first, and how often so far."""

    line: int
    count: int


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A row that may have a twin, and whether it goes on if it has none."""

    line: int
    payee: tuple[str | None, ...]
    written: str
    transfer_id: tuple[str | None, ...]
    is_right: bool


class _Seen:
    """What the accepted rows of earlier slices say in some columns, with a hash of it."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = list(columns)
        self._frames: list[pl.DataFrame] = []

    def met_twice(self, right: pl.DataFrame, others: pl.DataFrame) -> pl.Series:
        """Return the hashes that stand twice in this slice, or that an earlier one had."""
        hashes = pl.concat([self._hashes(right), self._hashes(others.drop_nulls(self._columns))])
        twice = hashes.filter(hashes.is_duplicated()) if hashes.n_unique() < hashes.len() else _NOTHING
        earlier = self._with(hashes).get_column("hash") if self._frames else _NOTHING
        return pl.concat([twice, earlier]).unique()

    def add(self, accepted: pl.DataFrame) -> None:
        """Remember the rows that go on."""
        self._frames.append(accepted.select("line", *self._columns, pl.struct(self._columns).hash().alias("hash")))

    def recall(self, hashes: pl.Series) -> dict[tuple[str | None, ...], _Met]:
        """Return what was met under these hashes."""
        if not self._frames or not hashes.len():
            return {}
        met = self._with(hashes).group_by(self._columns).agg(pl.col("line").min(), pl.len().alias("count"))
        return {tuple(says): _Met(line, count) for *says, line, count in met.iter_rows()}

    def _with(self, hashes: pl.Series) -> pl.DataFrame:
        return pl.concat(self._frames).join(hashes.to_frame("hash"), on="hash", how="semi")

    def _hashes(self, frame: pl.DataFrame) -> pl.Series:
        return hashes_of(frame, self._columns)


def hashes_of(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Return a hash of what each row says in some columns."""
    return frame.select(pl.struct(columns).hash().alias("hash")).to_series()


def _wrong_frame(wrong: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            (row.line, *(row.payee or (None, None, None)), row.identifier_raw, row.transfer_id, False)
            for row in wrong
            if row.payee is not None or row.transfer_id is not None
        ],
        schema=_SUSPECT_SCHEMA,
        orient="row",
    )


def _suspects(right: pl.DataFrame, others: pl.DataFrame, payees: pl.Series, ids: pl.Series) -> Iterator[_Suspect]:
    """Give the rows that have one of these hashes, by line."""
    both = pl.concat([right.with_columns(pl.lit(value=True).alias("is_right")).select(*_SUSPECT_SCHEMA), others])
    is_suspect = hashes_of(both, PAYEE_COLUMNS).is_in(payees.implode())
    is_suspect |= hashes_of(both, _TRANSFER_ID).is_in(ids.implode())
    for line, id_type, identifier, purpose, written, transfer_id, is_right in (
        both.filter(is_suspect).sort("line").iter_rows()
    ):
        yield _Suspect(line, (id_type, identifier, purpose), written, (transfer_id,), is_right)
