"""The figures as an observer (`lecteur`) reads them: no count of 1 to 4, and none by subtraction (decision 0015)."""

from collections.abc import Sequence
from dataclasses import replace

from reports.ciu.shapes import (
    Abandoned,
    Cell,
    Completed,
    DayCount,
    Figures,
    FunnelStep,
    Outcomes,
    SecondsToCode,
)
from reports.ciu.suppression import FEW, HIDDEN, SMALLEST_SHOWN, suppress, without_total

NEW, EXISTING, EXPIRED, STOPPED, OPEN = 0, 1, 2, 3, 6  # places among the endings


def hide_small(found: Figures) -> Figures:
    """Return the figures without small counts.

    What adds up to one sum is one group: the endings and the hours make up `started`, the languages what is completed,
    the questions what is abandoned. Whatever tells a hidden count again is hidden with it: how many were asked is how
    many began, and the conversations open now are those begun that are open.
    """
    groups = _Groups(found)
    new, existing, *others = map(_cell, groups.endings.cells)
    total, days = _days(found)
    started = few(found.started) if groups.endings.has_total else HIDDEN
    abandoned = found.abandoned if groups.tells(EXPIRED, STOPPED) else Abandoned(HIDDEN, None)
    has_seconds = sum(groups.counts[: EXISTING + 1]) >= SMALLEST_SHOWN
    return replace(
        found,
        total=total,
        per_day=days,
        unique_users=few(found.unique_users),
        active_sessions=few(found.active_sessions) if groups.tells(OPEN) else HIDDEN,
        started=started,
        completed=Completed(new, existing),
        outcomes=Outcomes(*others),
        duplicates_avoided=existing,
        abandoned=replace(abandoned, rate=abandoned.rate if groups.tells_all else None),
        funnel=_funnel(found.funnel, groups.steps.cells, found.started if started == HIDDEN else None),
        confirmed=few(found.confirmed) if groups.tells(NEW, EXISTING) else HIDDEN,
        by_language={name: _cell(cell) for name, cell in zip(found.by_language, groups.languages.cells, strict=True)},
        by_hour=tuple(map(_cell, groups.hours.cells)),
        seconds_to_code=found.seconds_to_code if has_seconds else SecondsToCode(None, None),
        throttled=few(found.throttled),
        repeated=few(found.repeated),
        is_observed=True,
    )


class _Groups:
    """The groups that share sums, each hiding what another would give away."""

    def __init__(self, found: Figures) -> None:
        outcomes = found.outcomes
        others = (outcomes.expired, outcomes.stopped, outcomes.restarted, outcomes.forgotten, outcomes.open)
        self.counts = _numbers(found.completed.new, found.completed.existing, *others)
        languages = _numbers(*found.by_language.values())
        steps = _numbers(*(step.abandoned for step in found.funnel))
        hours = _numbers(*found.by_hour)
        self.languages, self.steps, self.hours = suppress(languages), suppress(steps), suppress(hours)
        must_hide = set[int]()
        if not self.languages.has_total:
            must_hide.add(self._greater(NEW, EXISTING))
        if not self.steps.has_total:
            must_hide.add(self._greater(EXPIRED, STOPPED))
        self.endings = suppress(self.counts, must_hide)
        if not (self.endings.has_total and self.hours.has_total):
            self.endings = without_total(self.counts, self.endings)
            self.hours = without_total(hours, self.hours)
        if not self.tells(NEW, EXISTING):
            self.languages = without_total(languages, self.languages)
        if not self.tells(EXPIRED, STOPPED):
            self.steps = without_total(steps, self.steps)

    @property
    def tells_all(self) -> bool:
        """Whether every ending is shown."""
        return self.tells(*range(len(self.counts)))

    def tells(self, *places: int) -> bool:
        """Say whether these endings are shown, and with them their sum."""
        return not {FEW, HIDDEN} & {self.endings.cells[place] for place in places}

    def _greater(self, one: int, other: int) -> int:
        """Return which of two endings is the greater: hiding it hides their sum."""
        return one if self.counts[one] >= self.counts[other] else other


def few(count: Cell) -> Cell:
    """Return one count as an observer reads it."""
    return FEW if isinstance(count, int) and 0 < count < SMALLEST_SHOWN else count


def _funnel(steps: Sequence[FunnelStep], abandoned: Sequence[str], hidden: Cell | None) -> tuple[FunnelStep, ...]:
    """Return the questions; how many were asked or answered is not shown where it is the `hidden` count."""
    shown = []
    for step, cell in zip(steps, abandoned, strict=True):
        told = _step(step, cell)
        asked = HIDDEN if step.asked == hidden else told.asked
        answered = HIDDEN if step.answered == hidden else told.answered
        shown.append(replace(told, asked=asked, answered=answered))
    return tuple(shown)


def _step(step: FunnelStep, abandoned: str) -> FunnelStep:
    errors = suppress(_numbers(*step.refused_by.values()))
    return FunnelStep(
        question=step.question,
        asked=few(step.asked),
        answered=few(step.answered),
        refused=few(step.refused) if errors.has_total else HIDDEN,
        refused_by={code: _cell(cell) for code, cell in zip(step.refused_by, errors.cells, strict=True)},
        abandoned=_cell(abandoned),
    )


def _days(found: Figures) -> tuple[Cell, tuple[DayCount, ...]]:
    """Return the sum of all codes, unless the days shown give a hidden one away, and the days."""
    numbers = _numbers(*(one.count for one in found.per_day))
    group = suppress(numbers)
    days = tuple(DayCount(one.date, _cell(cell)) for one, cell in zip(found.per_day, group.cells, strict=True))
    total = few(found.total)
    is_told = group.has_total or sum(numbers) != found.total or total == FEW
    return total if is_told else HIDDEN, days


def _numbers(*cells: Cell) -> list[int]:
    return [int(cell) for cell in cells]


def _cell(shown: str) -> Cell:
    return int(shown) if shown.isdecimal() else shown
