"""What an examined file gives: slices while it is read, and findings at its end."""

from collections import Counter
from dataclasses import dataclass, replace

import polars as pl

from core.money import Currency
from services.pensions.files.reception import Encoding
from services.pensions.files.totals import Totals, totals_of

MOST_ERRORS_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class CheckedSlice:
    """The rows of a slice that go on (`CLEAN_SCHEMA`) and the faults of those that do not (`FAULT_SCHEMA`)."""

    clean: pl.DataFrame
    faults: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Findings:
    """What a whole file holds; `first_errors` has the faults of `FAULT_SCHEMA` that an answer shows.

    `content_sha256` is that of the rows accepted here, before anything is compared with earlier batches.
    """

    encoding: Encoding
    separator: str
    layout: str
    currency: Currency
    unknown_columns: tuple[str, ...]
    rows: int
    invalid: int
    totals: Totals
    first_errors: pl.DataFrame
    errors_by_code: Counter[str]
    content_sha256: str

    @property
    def valid(self) -> int:
        """Return how many rows go on."""
        return self.totals.all.count

    @property
    def errors_count(self) -> int:
        """Return how many faults there are; a row may have several."""
        return self.errors_by_code.total()

    @property
    def file_warnings(self) -> tuple[str, ...]:
        """Return the codes of what was assumed or ignored in the file as a whole."""
        is_assumed = self.encoding is Encoding.WINDOWS_1252
        return (*(("encoding_assumed",) if is_assumed else ()), *(("unknown_column",) if self.unknown_columns else ()))

    @property
    def row_warnings(self) -> dict[str, int]:
        """Return how many rows that go on carry each warning."""
        counts = {
            "msisdn_repaired": self.totals.repaired,
            "msisdn_unknown_range": self.totals.unknown_range,
            "duplicate_in_file": self.totals.same_person,
        }
        return {code: count for code, count in counts.items() if count}

    def without(self, rows: pl.DataFrame, faults: pl.DataFrame) -> "Findings":
        """Return the findings when some accepted rows (`CLEAN_SCHEMA`) fall to `faults` that only a database knows."""
        return replace(
            self,
            invalid=self.invalid + rows.height,
            totals=self.totals.less(totals_of(rows)),
            first_errors=first_errors(self.first_errors, faults),
            errors_by_code=self.errors_by_code + Counter(faults["code"]),
        )


def first_errors(*faults: pl.DataFrame) -> pl.DataFrame:
    """Return the faults of the first lines, as many as an answer shows."""
    return pl.concat(faults).sort("line", maintain_order=True).head(MOST_ERRORS_SHOWN)
