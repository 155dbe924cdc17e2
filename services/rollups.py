"""Hourly counters of USSD, kept from the turns themselves: running again gives the same rows (decision 0003)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core import clock
from core.database import Session, driver

HOUR = timedelta(hours=1)


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


# Reads


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
