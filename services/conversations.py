"""The end of dialogues that nobody goes on with."""

from datetime import timedelta

from core import clock
from core.database import Session, driver

IDLE_S = 180
TOTAL_S = 600
RESUMABLE = timedelta(minutes=5)


def expire_idle(session: Session, *, most: int = 500) -> int:
    """Close up to `most` open sessions past their gateway's `idle_s` or `total_s`; return how many.

    A session whose turn is being worked out (row lock, or the lease of a slow step) is left to that turn.
    """
    expired = driver(session).execute(
        """
        with late as (
            select s.id from ussd_session s join ussd_gateway g on g.id = s.gateway_id
            where s.state = 'open'
              and (s.last_activity_at < %(now)s
                       - make_interval(secs => coalesce((g.options ->> 'idle_s')::int, %(idle_s)s))
                   or s.created_at < %(now)s
                       - make_interval(secs => coalesce((g.options ->> 'total_s')::int, %(total_s)s)))
              and not exists (
                  select from ussd_turn t
                  where t.session_id = s.id and t.number > s.turn_number and t.progress = 'running'
                    and t.lease_until > %(now)s)
            order by s.last_activity_at limit %(most)s
            for no key update of s skip locked
        )
        update ussd_session s set state = 'expired', ended_at = %(now)s from late where s.id = late.id
        """,
        {"now": clock.now(), "idle_s": IDLE_S, "total_s": TOTAL_S, "most": most},
    )
    return expired.rowcount


def wipe_scratch(session: Session, *, begun_within: timedelta) -> int:
    """Empty what sessions kept for themselves (keyed digests of a PIN being chosen) once they cannot be resumed."""
    now = clock.now()
    wiped = driver(session).execute(
        "update ussd_session set scratch = '{}' where created_at > %s and last_activity_at < %s"
        " and state <> 'open' and scratch <> '{}'",
        (now - begun_within, now - RESUMABLE),
    )
    return wiped.rowcount
