"""Figures of past days, kept beside the events they are counted from, which do not live as long (decision 0013).

A day is of the conversations begun on it in its programme's time zone; it is counted anew while one of them is open.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock, ids
from core.database import Session, driver, fetch_all

DAYS_COUNTED_AGAIN = 31  # a conversation lives for minutes: what is open after a month will not end any more
ENDS = ("issued_new", "issued_existing", "expired", "stopped", "restarted", "forgotten")

_PROGRAMMES = """
select p.id, p.timezone as zone,
    (select min(e.created_at) from ciu_event e where e.programme_id = p.id
     and e.name in ('started', 'throttled', 'repeated') and not e.is_test) as first_at
from ciu_programme p
"""
_DUE = """
select series.day::date as day from generate_series(%(first)s::date, %(last)s::date, interval '1 day') as series (day)
left join ciu_counted_day c on c.programme_id = %(programme)s and c.day = series.day::date
where c.id is null or (c.open > 0 and c.day > %(last)s::date - %(again)s)
order by 1
"""
_COUNT = """
with counted as (
    select * from ciu_count(%(programme)s, %(since)s, %(until)s, %(zone)s)
), kept as (
    insert into ciu_day (id, created_at, programme_id, day, name, question, error, language, slot, number)
    select gen_random_uuid(), %(now)s, %(programme)s, %(day)s, name, question, error, language, slot, number
    from counted
), sums as (
    select coalesce(sum(number) filter (where name = 'started'), 0) as started,
        coalesce(sum(number) filter (where name = any(%(ends)s)), 0) as ended
    from counted
)
insert into ciu_counted_day as d (id, created_at, programme_id, day, counted_at, started, open)
select %(id)s, %(now)s, %(programme)s, %(day)s, %(now)s, started, started - ended from sums
on conflict (programme_id, day) do update
set counted_at = excluded.counted_at, started = excluded.started, open = excluded.open
"""


@dataclass(frozen=True, slots=True)
class DueDay:
    """A day of a programme that is to be counted."""

    programme_id: UUID
    zone: str
    day: date


def count_day(session: Session, due: DueDay) -> None:
    """Count a day anew, from its events; whoever counts the same day at the same time waits."""
    connection = driver(session)
    connection.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"ciu-day:{due.programme_id}:{due.day}",)
    )
    asked = {
        "id": ids.new_id(),
        "now": clock.now(),
        "programme": due.programme_id,
        "day": due.day,
        "since": _midnight(due.day, due.zone),
        "until": _midnight(due.day + timedelta(days=1), due.zone),
        "zone": due.zone,
        "ends": list(ENDS),
    }
    # What was counted before must be gone when the same rows are written.
    connection.execute("delete from ciu_day where programme_id = %(programme)s and day = %(day)s", asked)
    connection.execute(_COUNT, asked)


# Reads


def list_due(session: Session) -> list[DueDay]:
    """Return the past days that were never counted, or had open conversations when they were, oldest first."""
    due: list[DueDay] = []
    for row in fetch_all(session, _PROGRAMMES):
        if row["first_at"] is not None:
            due += [DueDay(row["id"], row["zone"], day) for day in _days_of(session, row)]
    return sorted(due, key=lambda one: one.day)


def _days_of(session: Session, programme: dict[str, Any]) -> list[date]:
    zone = ZoneInfo(programme["zone"])
    asked = {
        "programme": programme["id"],
        "first": programme["first_at"].astimezone(zone).date(),
        "last": clock.now().astimezone(zone).date() - timedelta(days=1),
        "again": DAYS_COUNTED_AGAIN,
    }
    return [row["day"] for row in fetch_all(session, _DUE, asked)]


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))
