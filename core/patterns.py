"""Patterns that somebody wrote in the console: one that never ends would stop every dialogue of its process."""

import re

LONGEST_PATTERN = 200
MOST_OPEN_QUANTIFIERS = 3

_BACKWARD_OR_AROUND = re.compile(r"\\[1-9]|\(\?[^:]")
_QUANTIFIED_GROUP = re.compile(r"\)[*+{]")
_OPEN_QUANTIFIER = re.compile(r"(?<!\\)[*+]|\{\d*,\}")


def check_pattern(value: str) -> None:
    """Raise `ValueError` unless it is what RE2 would run in linear time, near enough.

    No backreference, no look-around, no repeated group.
    """
    if len(value) > LONGEST_PATTERN:
        raise ValueError("motif trop long")
    if _BACKWARD_OR_AROUND.search(value) or _QUANTIFIED_GROUP.search(value):
        raise ValueError("motif avec référence arrière, regard ou groupe répété")
    if len(_OPEN_QUANTIFIER.findall(value)) > MOST_OPEN_QUANTIFIERS:
        raise ValueError("motif avec trop de répétitions ouvertes")
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError("motif illisible") from error
