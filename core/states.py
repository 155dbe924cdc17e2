"""States change in one place: a table of allowed steps and one function that takes them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from core.errors import WrongState

Steps = Mapping[Any, frozenset[Any]]


def transition(row: Any, steps: Steps, to: StrEnum, *, column: str = "state") -> None:
    """Move `row` to the state `to`, or refuse with `WrongState` when `steps` has no such arrow.

    The caller holds the row's lock. `column` is `stage` for pensions.
    """
    present = getattr(row, column)
    if to not in steps.get(present, frozenset()):
        raise WrongState(state=str(present), wanted=str(to))
    setattr(row, column, to)


def one_of(column: str, states: type[StrEnum]) -> str:
    """Return the SQL condition that keeps `column` inside `states`, for a CHECK constraint."""
    values = ", ".join(f"'{state.value}'" for state in states)
    return f"{column} in ({values})"
