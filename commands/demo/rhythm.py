"""When people dial: mornings, noon and evenings, quieter week-ends, busy month-ends, more every week."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from commands.demo.chance import Chance

DAYS = 92

_HOURS = (1, 1, 1, 1, 2, 6, 18, 42, 55, 46, 38, 36, 44, 42, 32, 30, 34, 46, 60, 58, 40, 22, 10, 3)
_HOURS_SO_FAR = list(accumulate(_HOURS))
_GROWTH = 1.1  # the last day is that much busier than the first, once more
_WEEK_END = {5: 0.82, 6: 0.62}
_FIRST_BUSY_DAY, _LAST_BUSY_DAY = 27, 4
_MONTH_END = 1.38


def weight(day: date, position: int) -> float:
    """Return how busy a day is, the `position`-th of the history."""
    is_pay_time = day.day >= _FIRST_BUSY_DAY or day.day <= _LAST_BUSY_DAY
    return (1 + _GROWTH * position / DAYS) * _WEEK_END.get(day.weekday(), 1.0) * (_MONTH_END if is_pay_time else 1.0)


def draw_moments(chance: Chance, now: datetime, count: int) -> list[datetime]:
    """Return about `count` instants of the last three months, ascending; today's stop at `now`."""
    first = now.date() - timedelta(days=DAYS - 1)
    weights = [weight(first + timedelta(days=position), position) for position in range(DAYS)]
    share = count / sum(weights)
    moments = []
    for position, busy in enumerate(weights):
        midnight = datetime.combine(first + timedelta(days=position), time(), UTC)
        wanted = busy * share * chance.uniform(0.92, 1.08)
        moments += [midnight + timedelta(seconds=_second(chance)) for _ in range(round(wanted))]
    return sorted(moment for moment in moments if moment < now)


def _second(chance: Chance) -> float:
    """Draw a second of a day in western and central Africa, about UTC."""
    hour = bisect_left(_HOURS_SO_FAR, chance.uniform(0, _HOURS_SO_FAR[-1]))
    return (hour + chance.random()) * 3_600
