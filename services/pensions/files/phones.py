"""Phone numbers by the hundred thousand: the one rule of `core.phone` is asked once per family.

The numbers of a family differ only in their last digits, and no pattern of their country reads those: what the rule
says of one holds for all. A test reads the patterns and proves `UNREAD_DIGITS`; a country without an entry has no
families, and its numbers are asked for one by one.
"""

import phonenumbers
import polars as pl

from core.phone import PhoneRefusal, normalise
from services.pensions.files.rules import FileRules

UNREAD_DIGITS = {
    "BF": 4,
    "BJ": 6,
    "CD": 5,
    "CI": 5,
    "CM": 6,
    "GN": 4,
    "ML": 4,
    "NE": 4,
    "SN": 6,
    "TG": 5,
}
FEWEST_DIGITS = 8
MOST_DIGITS = 16

_PLAIN = rf"^\+?[0-9]{{{FEWEST_DIGITS},{MOST_DIGITS}}}$"
_FLAGS = {"is_repaired": pl.Boolean, "is_unknown_range": pl.Boolean}
_READ = {"identifier": pl.String, **_FLAGS}
_FAMILY = {"head": pl.String, "start": pl.String, **_FLAGS}


class PhoneFamilies:
    """What the rule said so far of the numbers of one file."""

    def __init__(self, rules: FileRules) -> None:
        self._rules = rules
        self._unread = UNREAD_DIGITS.get(rules.country, 0)
        self._code = str(phonenumbers.country_code_for_region(rules.country))
        self._known: dict[str, tuple[str, str, bool, bool] | None] = {}

    def read(self, numbers: pl.Series) -> pl.DataFrame:
        """Return `identifier`, `is_repaired` and `is_unknown_range` of each number, null where no family tells."""
        if not self._unread:
            return pl.DataFrame(schema=_READ).clear(len(numbers))
        texts = numbers.alias("text").to_frame()
        parts = texts.select(
            pl.when(pl.col("text").str.contains(_PLAIN)).then(pl.col("text").str.head(-self._unread)).alias("head"),
            pl.col("text").str.tail(self._unread).alias("tail"),
        )
        families = pl.DataFrame(self._families(parts["head"]), schema=_FAMILY, orient="row")
        return parts.join(families, on="head", how="left", maintain_order="left").select(
            pl.concat_str("start", "tail").alias("identifier"), *_FLAGS
        )

    def _families(self, heads: pl.Series) -> list[tuple[str, str, bool, bool]]:
        for head in heads.unique().drop_nulls():
            if head not in self._known:
                self._known[head] = self._ask(head)
        return [family for family in self._known.values() if family is not None]

    def _ask(self, head: str) -> tuple[str, str, bool, bool] | None:
        """Ask the rule for the first number of a family of this country; None where it refuses."""
        if head.startswith(("+", "00")) and not head.startswith((f"+{self._code}", f"00{self._code}")):
            return None
        try:
            number = normalise(head + "0" * self._unread, self._rules.country)
        except PhoneRefusal:
            return None
        if not self._rules.allows_country(number.country):
            return None
        is_unknown_range = number.warning == "unknown_range"
        return head, number.e164[: -self._unread], number.repair is not None, is_unknown_range
