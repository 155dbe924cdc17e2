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

NEW, EXISTING, EXPIRED, STOPPED = 0, 1, 2, 3  # places among the endings


def hide_small(found: Figures) -> Figures:
    """Return the figures without small counts.

    What adds up to one sum is one group: the endings and the hours make up `started`, the languages what is completed,
    the questions what is abandoned.
    """
    languages = suppress([*map(int, found.by_language.values())])
    steps, has_abandoned = _steps(found)
    endings = [*_numbers(found.completed.new, found.completed.existing), *_numbers(*_others(found.outcomes))]
    must_hide = set()
    if not languages.has_total:
        must_hide.add(_greater(endings, NEW, EXISTING))
    if not has_abandoned:
        must_hide.add(_greater(endings, EXPIRED, STOPPED))
    shown = suppress(endings, must_hide)
    hours = suppress([*map(int, found.by_hour)])
    if not (shown.has_total and hours.has_total):
        shown, hours = without_total(endings, shown), without_total([*map(int, found.by_hour)], hours)
    new, existing, *others = map(_cell, shown.cells)
    total, days = _days(found)
    is_told = not {FEW, HIDDEN} & {*shown.cells}
    return replace(
        found,
        total=total,
        per_day=days,
        unique_users=few(found.unique_users),
        active_sessions=few(found.active_sessions),
        started=few(found.started) if shown.has_total else HIDDEN,
        completed=Completed(new, existing),
        outcomes=Outcomes(*others),
        duplicates_avoided=existing,
        abandoned=Abandoned(
            few(found.abandoned.count) if has_abandoned and is_told else HIDDEN,
            found.abandoned.rate if has_abandoned and is_told else None,
        ),
        funnel=steps,
        confirmed=few(found.confirmed),
        by_language={name: _cell(cell) for name, cell in zip(found.by_language, languages.cells, strict=True)},
        by_hour=tuple(map(_cell, hours.cells)),
        seconds_to_code=found.seconds_to_code
        if sum(endings[: EXISTING + 1]) >= SMALLEST_SHOWN
        else SecondsToCode(None, None),
        throttled=few(found.throttled),
        repeated=few(found.repeated),
        is_observed=True,
    )


def few(count: Cell) -> Cell:
    """Return one count as an observer reads it."""
    return FEW if isinstance(count, int) and 0 < count < SMALLEST_SHOWN else count


def _steps(found: Figures) -> tuple[tuple[FunnelStep, ...], bool]:
    """Return the questions, and whether their sum of abandoned conversations may be shown."""
    column = suppress(_numbers(*(step.abandoned for step in found.funnel)))
    steps = []
    for step, abandoned in zip(found.funnel, column.cells, strict=True):
        errors = suppress(_numbers(*step.refused_by.values()))
        steps.append(
            FunnelStep(
                question=step.question,
                asked=few(step.asked),
                answered=few(step.answered),
                refused=few(step.refused) if errors.has_total else HIDDEN,
                refused_by={code: _cell(cell) for code, cell in zip(step.refused_by, errors.cells, strict=True)},
                abandoned=_cell(abandoned),
            )
        )
    return tuple(steps), column.has_total


def _days(found: Figures) -> tuple[Cell, tuple[DayCount, ...]]:
    """Return the sum of all codes, unless the days shown give a hidden one away, and the days."""
    numbers = _numbers(*(one.count for one in found.per_day))
    group = suppress(numbers)
    days = tuple(DayCount(one.date, _cell(cell)) for one, cell in zip(found.per_day, group.cells, strict=True))
    is_told = group.has_total or sum(numbers) != found.total
    return few(found.total) if is_told else HIDDEN, days


def _others(outcomes: Outcomes) -> tuple[Cell, ...]:
    return outcomes.expired, outcomes.stopped, outcomes.restarted, outcomes.forgotten, outcomes.open


def _greater(cells: Sequence[int], one: int, other: int) -> int:
    """Return which of two places holds more: hiding it hides their sum."""
    return one if cells[one] >= cells[other] else other


def _numbers(*cells: Cell) -> list[int]:
    return [int(cell) for cell in cells]


def _cell(shown: str) -> Cell:
    return int(shown) if shown.isdecimal() else shown
