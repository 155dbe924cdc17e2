"""What the figures of the identifiers are, as pages and programs read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.rates import Rate

# A count as its reader may see it: an observer reads `<5` for 1 to 4, and `n.d.` where a count would give those away.
Cell = int | str


@dataclass(frozen=True, slots=True)
class DayCount:
    """The codes made on one day of the programme's time zone."""

    date: date
    count: Cell


@dataclass(frozen=True, slots=True)
class Completed:
    """Conversations that ended with a code: a new one, or one that stood already."""

    new: Cell
    existing: Cell


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How the conversations begun in the period stand; with those completed they make up `started`."""

    expired: Cell
    stopped: Cell
    restarted: Cell
    forgotten: Cell
    open: Cell


@dataclass(frozen=True, slots=True)
class Abandoned:
    """Conversations that expired or were stopped, out of those that ended; no rate where an observer could compute."""

    count: Cell
    rate: Rate | None


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One question: conversations that were asked it and answered it, refusals by code, and those that ended on it."""

    question: str
    asked: Cell
    answered: Cell
    refused: Cell
    refused_by: Mapping[str, Cell]
    abandoned: Cell


@dataclass(frozen=True, slots=True)
class SecondsToCode:
    """From the first message to the code; None where no conversation was completed, or too few to be shown."""

    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Every figure; `total`, `unique_users` and `active_sessions` are of the present, the others of the period.

    `per_day` has the days with codes, `chart` all of them. `is_observed`: small counts are hidden.
    """

    as_of: datetime
    programme: str | None
    since: date
    until: date
    total: Cell
    per_day: tuple[DayCount, ...]
    unique_users: Cell
    active_sessions: Cell
    started: Cell
    completed: Completed
    outcomes: Outcomes
    duplicates_avoided: Cell
    abandoned: Abandoned
    funnel: tuple[FunnelStep, ...]
    confirmed: Cell
    by_language: Mapping[str, Cell]
    by_hour: tuple[Cell, ...]
    seconds_to_code: SecondsToCode
    throttled: Cell
    repeated: Cell
    is_observed: bool = False

    @property
    def chart(self) -> tuple[DayCount, ...]:
        """Every day of the period, with zeros."""
        known = {one.date: one for one in self.per_day}
        days = (self.since + timedelta(days=n) for n in range((self.until - self.since).days + 1))
        return tuple(known.get(day) or DayCount(day, 0) for day in days)
