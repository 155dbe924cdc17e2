"""Sessions, turns and errors by the hour: closed hours from the roll-ups, the rest from the turns themselves.

Simulator and test sessions are apart. A session counts when its first screen was answered. Roll-ups are kept by whole
UTC hours: a period that begins inside one is counted from its turns there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.rates import Rate
from reports.figures import Span

HOUR = timedelta(hours=1)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)

# One row for each hour, service and gateway; the three dates are those of `_split`.
COUNTED = """
    select r.hour, r.service_id, r.gateway_id, r.sessions, r.turns, r.replays, r.refusals, r.errors, r.response_time_us
    from ussd_rollup_hour r where r.hour >= %(rolled_from)s and r.hour < %(rolled_to)s
    union all
    select date_trunc('hour', t.created_at), s.service_id, s.gateway_id, count(*) filter (where t.number = 1), count(*),
           sum(t.replays), count(*) filter (where t.refusal <> ''), count(*) filter (where t.is_error),
           sum(t.response_time_us)
    from ussd_turn t join ussd_session s on s.id = t.session_id
    where (t.created_at >= %(start)s and t.created_at < least(%(rolled_from)s, %(end)s)
           or t.created_at >= greatest(%(rolled_to)s, %(start)s) and t.created_at < %(end)s)
      and not s.is_test and t.progress = 'done'
    group by 1, 2, 3
"""
CHOSEN = """
    (%(service)s::text is null or v.key = %(service)s) and (%(gateway)s::text is null or g.key = %(gateway)s)
"""


@dataclass(frozen=True, slots=True)
class Hour:
    """The usage of one hour; `at` is its beginning, UTC."""

    at: datetime
    sessions: int
    turns: int
    errors: int
    refusals: int
    response_time_us: int

    @property
    def error_rate(self) -> Rate:
        """Turns in error out of turns."""
        return Rate(self.errors, self.turns)


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of one service or gateway in a period."""

    key: str
    name: str
    state: str
    sessions: int
    turns: int
    errors: int
    replays: int
    response_time_us: int

    @property
    def error_rate(self) -> Rate:
        """Turns in error out of turns."""
        return Rate(self.errors, self.turns)

    @property
    def replay_rate(self) -> Rate:
        """Requests answered from their receipt out of requests."""
        return Rate(self.replays, self.turns + self.replays)


def list_hours(session: Session, span: Span, *, service: str | None = None, gateway: str | None = None) -> list[Hour]:
    """Return every hour that begins in the period, up to the present one, with zeros where nothing happened."""
    rows = fetch_all(
        session,
        f"""
        select c.hour, sum(c.sessions)::bigint as sessions, sum(c.turns)::bigint as turns,
               sum(c.errors)::bigint as errors, sum(c.refusals)::bigint as refusals,
               sum(c.response_time_us)::bigint as response_time_us
        from ({COUNTED}) c join ussd_service v on v.id = c.service_id join ussd_gateway g on g.id = c.gateway_id
        where {CHOSEN} group by c.hour
        """,
        {**split(session, span), "service": service, "gateway": gateway},
    )
    counted = {row.pop("hour"): row for row in rows}
    nothing = {"sessions": 0, "turns": 0, "errors": 0, "refusals": 0, "response_time_us": 0}
    hours = []
    at = span.start.replace(minute=0, second=0, microsecond=0)
    while at < min(span.end, clock.now()):
        hours.append(Hour(at=at, **counted.get(at, nothing)))
        at += HOUR
    return hours


def list_services(session: Session, span: Span) -> list[Usage]:
    """Return every service with its usage, the most used first."""
    return _list_by(session, span, "service")


def list_gateways(session: Session, span: Span) -> list[Usage]:
    """Return every gateway with its usage, the most used first."""
    return _list_by(session, span, "gateway")


def _list_by(session: Session, span: Span, thing: str) -> list[Usage]:
    rows = fetch_all(
        session,
        f"""
        select x.key, x.name, x.state, coalesce(sum(c.sessions), 0)::bigint as sessions,
               coalesce(sum(c.turns), 0)::bigint as turns, coalesce(sum(c.errors), 0)::bigint as errors,
               coalesce(sum(c.replays), 0)::bigint as replays,
               coalesce(sum(c.response_time_us), 0)::bigint as response_time_us
        from ussd_{thing} x left join ({COUNTED}) c on c.{thing}_id = x.id
        group by x.id order by turns desc, x.key
        """,
        split(session, span),
    )
    return [Usage(**row) for row in rows]


def split(session: Session, span: Span) -> dict[str, datetime]:
    """Return the period's own dates, and between which of its whole hours the roll-ups are to be believed.

    The last hour that was counted may be counted in part; the present one and the one before always are.
    """
    row = fetch_one(session, "select max(hour) as hour from ussd_rollup_hour")
    last = row["hour"] if row else None
    present = _whole(clock.now())
    first = _whole(span.start) if span.start == _whole(span.start) else _whole(span.start) + HOUR
    closed = min(last or BEGINNING, present - HOUR, _whole(span.end))
    return {"start": span.start, "end": span.end, "rolled_from": first, "rolled_to": max(first, closed)}


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
