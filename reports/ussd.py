"""USSD in figures (`docs/ussd.md`): what happens now, answer times, where dialogues end, and the documented totals.

A period means sessions begun in it; simulator and test sessions are apart.
"""

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Any

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.errors import InvalidInput, Refusal
from core.i18n import t
from core.phone import normalise
from core.rates import Rate
from reports.figures import DAY, Span
from reports.usage import BEGINNING, CHOSEN, COUNTED, split

LATE_US = 4_000_000
LIVE_WINDOW = timedelta(minutes=5)
MOST_POINTS = 2_000
DROPPED = ["aborted", "timeout", "expired", "moved"]


@dataclass(frozen=True, slots=True)
class Live:
    """The present: open sessions, turns of the last minute, answer times and errors of the last five."""

    as_of: datetime
    open_sessions: int
    turns_last_minute: int
    p50_us: int | None
    p99_us: int | None
    error_rate: Rate
    replay_rate: Rate
    late: int

    @property
    def turns_per_s(self) -> float:
        """Turns a second over the last minute."""
        return self.turns_last_minute / 60


@dataclass(frozen=True, slots=True)
class Point:
    """Answer times and errors of one moment of a chart; None where no turn was answered."""

    at: datetime
    turns: int
    errors: int
    p50_us: int | None
    p99_us: int | None
    replays: int = 0


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """A screen: how many sessions saw it, in how many it was the last one before the person dropped out."""

    screen: str
    seen: int
    dropped: int

    @property
    def drop_off(self) -> Rate:
        """Sessions dropped here out of those that saw it."""
        return Rate(self.dropped, self.seen)


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """A network as the gateway names it, or, `is_estimated`, as the number's prefix suggests; '' is unknown."""

    network: str
    is_estimated: bool
    sessions: int
    turns: int
    errors: int

    @property
    def error_rate(self) -> Rate:
        """Turns in error out of turns."""
        return Rate(self.errors, self.turns)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How the sessions begun in a period stand; the five parts make up `started`."""

    started: int
    open: int
    completed: int
    ended: int
    dropped: int
    failed: int

    @property
    def completion(self) -> Rate:
        """Completed out of those that are over."""
        return Rate(self.completed, self.started - self.open)


def get_live(session: Session) -> Live:
    """Return the present moment of all services."""
    now = clock.now()
    row = fetch_one(
        session,
        """
        select count(*) as turns, count(*) filter (where t.created_at > %(minute)s) as turns_last_minute,
               count(*) filter (where t.is_error) as errors,
               coalesce(sum(t.replays), 0)::bigint as replays,
               count(*) filter (where t.response_time_us > %(late)s) as late,
               percentile_disc(0.5) within group (order by t.response_time_us) as p50_us,
               percentile_disc(0.99) within group (order by t.response_time_us) as p99_us,
               (select count(*) from ussd_session where state = 'open' and not is_test) as open_sessions
        from ussd_turn t join ussd_session s on s.id = t.session_id
        where t.created_at > %(start)s and t.created_at <= %(now)s and not s.is_test and t.progress = 'done'
        """,
        {"now": now, "minute": now - timedelta(minutes=1), "start": now - LIVE_WINDOW, "late": LATE_US},
    )
    assert row is not None  # noqa: S101  # an aggregate always returns one row
    turns, replays = row.pop("turns"), row.pop("replays")
    errors = Rate(row.pop("errors"), turns)
    return Live(as_of=now, error_rate=errors, replay_rate=Rate(replays, turns + replays), **row)


def list_points(
    session: Session,
    span: Span,
    *,
    points: int = 96,
    service: str | None = None,
    gateway: str | None = None,
) -> list[Point]:
    """Return answer times and errors in `points` equal steps (at most 2 000), up to the present."""
    step = (span.end - span.start) / min(points, MOST_POINTS)
    rows = fetch_all(
        session,
        f"""
        select floor(extract(epoch from t.created_at - %(start)s) / %(step_s)s)::int as step, count(*) as turns,
               count(*) filter (where t.is_error) as errors, sum(t.replays)::bigint as replays,
               percentile_disc(0.5) within group (order by t.response_time_us) as p50_us,
               percentile_disc(0.99) within group (order by t.response_time_us) as p99_us
        from ussd_turn t join ussd_session s on s.id = t.session_id
        join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
        where t.created_at >= %(start)s and t.created_at < %(end)s and not s.is_test and t.progress = 'done'
          and {CHOSEN}
        group by step
        """,
        {
            "start": span.start,
            "end": span.end,
            "step_s": step.total_seconds(),
            "service": service,
            "gateway": gateway,
        },
    )
    measured = {row.pop("step"): row for row in rows}
    nothing = {"turns": 0, "errors": 0, "p50_us": None, "p99_us": None, "replays": 0}
    past = min(points, MOST_POINTS, int((clock.now() - span.start) / step) + 1)
    return [Point(at=span.start + number * step, **measured.get(number, nothing)) for number in range(past)]


def list_screens(
    session: Session, span: Span, *, service: str | None = None, gateway: str | None = None
) -> list[ScreenRow]:
    """Return the screens of the sessions begun in the period, in the order in which they are reached."""
    rows = fetch_all(
        session,
        f"""
        with begun as (
            select s.id, s.screen, s.goal = '' and s.state = any (%(dropped)s) as is_dropped
            from ussd_session s join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
            where s.created_at >= %(start)s and s.created_at < %(end)s and not s.is_test and s.turn_number > 0
              and {CHOSEN}
        ), seen as (
            select t.session_id, t.screen_after as screen, min(t.number) as step
            from ussd_turn t join begun on begun.id = t.session_id
            where t.created_at >= %(start)s and t.created_at < %(seen_until)s
              and t.progress = 'done' and t.screen_after <> ''
            group by 1, 2
        )
        select seen.screen, count(*) as seen,
               count(*) filter (where begun.is_dropped and begun.screen = seen.screen) as dropped
        from seen join begun on begun.id = seen.session_id
        group by seen.screen order by avg(seen.step), seen.screen
        """,
        {
            "start": span.start,
            "end": span.end,
            # A dialogue lasts minutes; the bound keeps the later turns of the table out of an old period's count.
            "seen_until": span.end + DAY,
            "dropped": DROPPED,
            "service": service,
            "gateway": gateway,
        },
    )
    return [ScreenRow(**row) for row in rows]


def list_networks(session: Session, span: Span) -> list[NetworkRow]:
    """Return the networks with the turns taken in the period, the highest share of errors first."""
    rows = fetch_all(
        session,
        """
        with taken as (
            select t.session_id, count(*) as turns, count(*) filter (where t.is_error) as errors
            from ussd_turn t where t.created_at >= %(start)s and t.created_at < %(end)s and t.progress = 'done'
            group by t.session_id
        )
        select s.network, min(s.phone) as example, count(*) as sessions, sum(taken.turns)::bigint as turns,
               sum(taken.errors)::bigint as errors
        from taken join ussd_session s on s.id = taken.session_id where not s.is_test
        group by s.network, case when s.network = '' then left(s.phone, 8) end
        """,
        {"start": span.start, "end": span.end},
    )
    totals: dict[tuple[str, bool], list[int]] = {}
    for row in rows:
        name = row["network"] or _network_of(row["example"])
        total = totals.setdefault((name, bool(name and not row["network"])), [0, 0, 0])
        for place, figure in enumerate(("sessions", "turns", "errors")):
            total[place] += row[figure]
    networks = [NetworkRow(name, is_estimated, *total) for (name, is_estimated), total in totals.items()]
    return sorted(networks, key=lambda row: (-(row.error_rate.value or 0), -row.turns, row.network))


def get_outcomes(session: Session, span: Span, *, service: str | None = None, gateway: str | None = None) -> Outcomes:
    """Return how the sessions begun in the period stand."""
    row = fetch_one(
        session,
        f"""
        select count(*) as started, count(*) filter (where s.goal <> '') as completed,
               count(*) filter (where s.goal = '' and s.state = 'open') as open,
               count(*) filter (where s.goal = '' and s.state = 'ended') as ended,
               count(*) filter (where s.goal = '' and s.state = any (%(dropped)s)) as dropped,
               count(*) filter (where s.goal = '' and s.state = 'failed') as failed
        from ussd_session s join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
        where s.created_at >= %(start)s and s.created_at < %(end)s and not s.is_test and s.turn_number > 0
              and {CHOSEN}
        """,
        {"start": span.start, "end": span.end, "dropped": DROPPED, "service": service, "gateway": gateway},
    )
    assert row is not None  # noqa: S101  # an aggregate always returns one row
    return Outcomes(**row)


def stats(
    session: Session, start: str | None = None, end: str | None = None, service: str | None = None
) -> dict[str, Any]:
    """Return the documented totals of `GET /ussd/stats`; `start` and `end` are ISO 8601, UTC where they do not say."""
    now = clock.now()
    span = Span(_instant("from", start) or BEGINNING, _instant("to", end) or now)
    row = fetch_one(
        session,
        f"""
        select coalesce(sum(c.sessions), 0)::bigint as sessions, coalesce(sum(c.turns), 0)::bigint as turns,
               coalesce(sum(c.errors), 0)::bigint as errors, coalesce(sum(c.response_time_us), 0)::bigint as elapsed_us,
               (select count(*) from ussd_session s join ussd_service v on v.id = s.service_id
                where s.state = 'open' and not s.is_test and s.created_at >= %(start)s and s.created_at < %(end)s
                  and (%(service)s::text is null or v.key = %(service)s)) as active
        from ({COUNTED}) c join ussd_service v on v.id = c.service_id
        where %(service)s::text is null or v.key = %(service)s
        """,
        {**split(session, span), "service": service},
    )
    assert row is not None  # noqa: S101  # an aggregate always returns one row
    turns = row["turns"]
    return {
        "total_sessions": row["sessions"],
        "active_sessions": row["active"],
        "total_interactions": turns,
        "error_count": row["errors"],
        "error_rate": row["errors"] / turns if turns else 0,
        "avg_response_time_ms": round(row["elapsed_us"] / turns / 1000, 2) if turns else 0.0,
        "as_of": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _instant(field: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        # A period is cut at whole hours, and beside the first and the last year that can be written there is none.
        is_date = MINYEAR < moment.year < MAXYEAR
    except (ValueError, OverflowError):
        is_date = False
    if not is_date:
        raise InvalidInput({field: t("date attendue, par exemple 2026-11-21T09:00:00Z")})
    return moment


def _network_of(phone: str | None) -> str:
    try:
        return (normalise(phone, None).operator_hint or "") if phone else ""
    except Refusal:
        return ""
