"""What is not as it was: each gateway and service over the last hour against the same hour of the last seven days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core import clock
from core.database import Session, fetch_all
from core.permissions import Actor, Permission
from core.rates import Rate
from models.ussd_figures import ANSWER_BUCKETS
from reports.histograms import ANSWERS, Histogram

HOUR = timedelta(hours=1)
DAYS = 7
HIGH_ERRORS, SLOW_US, MORE_DROPS, HIGH_UNKNOWN = 0.02, 1_000_000, 0.10, 0.01
SILENCE = timedelta(minutes=15)
FEW = 20  # below that many there is chance, and no share worth waking somebody for
MANY_TIMES = 2  # refused secrets: so many times the share that is usual


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to look at; `now` and `usual` are shares, or microseconds for `slow`; `screen` for what has one."""

    kind: str
    service: str
    gateway: str
    now: float
    usual: float | None
    screen: str = ""


def list_alerts(session: Session, actor: Actor) -> list[Alert]:
    """Return what is wrong now, the gravest kind first."""
    actor.require(Permission.USSD_READ)
    now = clock.now()
    found = [*_silences(session, now), *_turns(session, now), *_unknowns(session, now), *_screens(session, now)]
    order = ("silent", "errors", "unknown", "slow", "drops", "secrets")
    return sorted(found, key=lambda alert: (order.index(alert.kind), alert.service, alert.gateway, alert.screen))


def _hours(now: datetime) -> dict[str, Any]:
    """Return the hours that are compared: the present one with the one before it, and theirs of seven days."""
    present = now.replace(minute=0, second=0, microsecond=0)
    recent = [present - HOUR, present]
    before = [hour - timedelta(days=day) for day in range(1, DAYS + 1) for hour in recent]
    return {"recent": recent, "before": before}


def _turns(session: Session, now: datetime) -> list[Alert]:
    """Say where errors are many or answers slow."""
    sums = ", ".join(f"sum(c.answer_times[{place}])" for place in range(1, ANSWER_BUCKETS + 1))
    rows = fetch_all(
        session,
        f"""
        select v.name as service, g.name as gateway, c.hour = any (%(recent)s) as is_now, sum(c.turns)::bigint as turns,
            sum(c.errors)::bigint as errors, array[{sums}]::bigint[] as answer
        from ussd_figure_cell c join ussd_service v on v.id = c.service_id join ussd_gateway g on g.id = c.gateway_id
        where c.hour = any (%(recent)s || %(before)s) group by 1, 2, 3
        """,
        _hours(now),
    )
    usual = {(row["service"], row["gateway"]): row for row in rows if not row["is_now"]}
    found = []
    for row in rows:
        if not row["is_now"] or row["turns"] < FEW:
            continue
        place = (row["service"], row["gateway"])
        before = usual.get(place)
        share, share_before = Rate(row["errors"], row["turns"]).value, _share(before, "errors", "turns")
        if share is not None and share > max(HIGH_ERRORS, share_before or 0):
            found.append(Alert("errors", *place, share, share_before))
        slowest = Histogram(ANSWERS, tuple(row["answer"])).quantile(0.99)
        slowest_before = Histogram(ANSWERS, tuple(before["answer"])).quantile(0.99) if before else None
        if slowest is not None and slowest > max(SLOW_US, slowest_before or 0):
            found.append(Alert("slow", *place, slowest, slowest_before))
    return found


def _screens(session: Session, now: datetime) -> list[Alert]:
    """Say which screens lose ten points more than they do, and where secrets are refused twice as often."""
    rows = fetch_all(
        session,
        """
        select v.name as service, g.name as gateway, p.screen, c.hour = any (%(recent)s) as is_now,
            sum(p.seen)::bigint as seen, sum(p.dropped)::bigint as dropped, sum(p.inputs)::bigint as inputs,
            sum(p.wrong)::bigint as wrong
        from ussd_figure_cell c join ussd_service v on v.id = c.service_id join ussd_gateway g on g.id = c.gateway_id
        join (
            select cell_id, screen, seen, dropped, 0 as inputs, 0 as wrong from ussd_figure_screen
            union all
            select cell_id, screen, 0, 0, number, case when refusal = 'wrong' then number else 0 end
            from ussd_figure_step
        ) p on p.cell_id = c.id
        where c.hour = any (%(recent)s || %(before)s) group by 1, 2, 3, 4
        """,
        _hours(now),
    )
    usual = {(row["service"], row["gateway"], row["screen"]): row for row in rows if not row["is_now"]}
    found = []
    for row in rows:
        before = usual.get((row["service"], row["gateway"], row["screen"]))
        if not row["is_now"] or before is None:
            continue
        place = (row["service"], row["gateway"])
        share, share_before = _share(row, "dropped", "seen"), _share(before, "dropped", "seen")
        if row["seen"] >= FEW and share is not None and share > (share_before or 0) + MORE_DROPS:
            found.append(Alert("drops", *place, share, share_before, row["screen"]))
        share, share_before = _share(row, "wrong", "inputs"), _share(before, "wrong", "inputs")
        if row["inputs"] >= FEW and share and share > (share_before or 0) * MANY_TIMES + HIGH_ERRORS:
            found.append(Alert("secrets", *place, share, share_before, row["screen"]))
    return found


def _silences(session: Session, now: datetime) -> list[Alert]:
    """Say who has been silent for a quarter of an hour in which he spoke on each of the last seven days."""
    ends = [now - timedelta(days=day) for day in range(DAYS + 1)]
    rows = fetch_all(
        session,
        """
        select v.name as service, g.name as gateway, count(distinct days.number) filter (where days.number > 1) as days,
            count(*) filter (where days.number = 1) as begun
        from unnest(%s::timestamptz[]) with ordinality as days (until, number)
        join ussd_session s on s.created_at >= days.until - %s and s.created_at < days.until and not s.is_test
        join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
        group by 1, 2
        """,
        (ends, SILENCE),
    )
    return [
        Alert("silent", row["service"], row["gateway"], 0, None)
        for row in rows
        if row["days"] == DAYS and not row["begun"]
    ]


def _unknowns(session: Session, now: datetime) -> list[Alert]:
    """Say where more than one operation in a hundred of the last hour has a fate that nobody knows."""
    rows = fetch_all(
        session,
        """
        select v.name as service, g.name as gateway, count(*) as made,
            count(*) filter (where o.state = 'unknown') as unknown
        from ussd_operation o join ussd_session s on s.id = o.session_id
        join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
        where o.created_at >= %s and o.created_at < %s and not s.is_test group by 1, 2
        """,
        (now - HOUR, now),
    )
    shares = [(row, Rate(row["unknown"], row["made"]).value or 0) for row in rows]
    return [
        Alert("unknown", row["service"], row["gateway"], share, None) for row, share in shares if share > HIGH_UNKNOWN
    ]


def _share(row: dict[str, Any] | None, numerator: str, denominator: str) -> float | None:
    return Rate(row[numerator], row[denominator]).value if row else None
