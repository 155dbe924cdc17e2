"""Hourly counters and figures of USSD, kept from the rows themselves: running again gives the same (decision 0003).

The counters (`ussd_rollup_hour`) are of the turns taken in an hour; the figures (`models/ussd_figures.py`) are of the
sessions begun in it, whatever happens to them later.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock
from core.database import Session, driver
from core.phone import issued_prefixes

HOUR = timedelta(hours=1)
OVERLAP = timedelta(minutes=2)  # a turn has its time before its transaction ends: look back further than any lasts
REST = timedelta(milliseconds=1)  # for each session that counting the hour again would read
LAST_LOOK = timedelta(hours=25)  # after the day in which a gateway may still repeat a turn or report on its session


def roll_up(session: Session, hours: Sequence[datetime]) -> int:
    """Count these hours (each given by its beginning) anew; return how many rows of counters were written."""
    row = (
        driver(session)
        .execute(
            "select coalesce(sum(ussd_rollup(hour, hour + interval '1 hour')), 0)::int"
            " from unnest(%s::timestamptz[]) as hour",
            (list(hours),),
        )
        .fetchone()
    )
    return int(row[0]) if row else 0


def count_figures(session: Session, hours: Sequence[datetime]) -> int:
    """Count the sessions begun in these hours anew; return how many cells were written."""
    row = (
        driver(session)
        .execute(
            "select coalesce(sum(ussd_figures_count(hour, %s, %s)), 0)::int from unnest(%s::timestamptz[]) as hour",
            (Jsonb(issued_prefixes()), clock.now(), list(hours)),
        )
        .fetchone()
    )
    return int(row[0]) if row else 0


def count_request(session: Session, gateway_id: UUID, outcome: str) -> None:
    """Count a request that ran no turn and leaves no row of its own: `stale` or `busy`."""
    driver(session).execute("select ussd_request_count(%s, %s, %s)", (gateway_id, outcome, clock.now()))


# Reads


def list_due_figures(session: Session) -> list[datetime]:
    """Return the hours whose sessions are to be counted, oldest first.

    The present hour and the one before; hours never counted; those that had open sessions when they were; those whose
    sessions took a turn since the last count, however late; and each once more when nothing can change it any longer.
    An hour of very many sessions rests between two counts, so that counting never takes a fifth of a core.
    """
    now = clock.now()
    present = now.replace(minute=0, second=0, microsecond=0)
    rows = driver(session).execute(
        """
        with bounds as (
            select date_trunc('hour', (select min(created_at) from ussd_session where turn_number > 0)) as first,
                   (select max(counted_at) from ussd_figure_hour) as counted_at
        ), due as (
            select series.hour
            from bounds, generate_series(least(first, %(recent)s), %(present)s, interval '1 hour') as series (hour)
            where series.hour >= %(recent)s
                or not exists (select from ussd_figure_hour f where f.hour = series.hour)
            union
            select hour from ussd_figure_hour
            where open > 0 or counted_at < hour + %(last_look)s and %(now)s >= hour + %(last_look)s
            union
            select date_trunc('hour', s.created_at)
            from bounds, ussd_turn t join ussd_session s on s.id = t.session_id
            where t.created_at >= bounds.counted_at - %(overlap)s and s.created_at < %(recent)s
        )
        select hour from due
        where not exists (
            select from ussd_figure_hour f
            where f.hour = due.hour and f.counted_at > %(now)s - f.started * %(rest)s::interval)
        order by hour
        """,
        {
            "now": now,
            "present": present,
            "recent": present - HOUR,
            "overlap": OVERLAP,
            "rest": REST,
            "last_look": LAST_LOOK,
        },
    )
    return [hour for (hour,) in rows.fetchall()]


def list_due_hours(session: Session) -> list[datetime]:
    """Return the hours to count, oldest first.

    The present hour and the one before; every hour since the last one counted, which may be counted in part; and any
    earlier hour that has turns and no counters.
    """
    present = clock.now().replace(minute=0, second=0, microsecond=0)
    rows = driver(session).execute(
        """
        with bounds as (
            select date_trunc('hour', (select min(created_at) from ussd_turn)) as first,
                   least((select max(hour) from ussd_rollup_hour), %(recent)s::timestamptz) as last
        )
        select series.hour
        from bounds, generate_series(least(first, %(recent)s), %(present)s, interval '1 hour') as series (hour)
        where series.hour >= last or (
            not exists (select from ussd_rollup_hour r where r.hour = series.hour)
            and exists (
                select from ussd_turn t join ussd_session s on s.id = t.session_id
                where t.created_at >= series.hour and t.created_at < series.hour + interval '1 hour'
                  and not s.is_test and t.progress = 'done'))
        order by series.hour
        """,
        {"recent": present - HOUR, "present": present},
    )
    return [hour for (hour,) in rows.fetchall()]
