"""The USSD dashboard in two reads: the present, which follows every turn, and a period, which is read less often."""

from dataclasses import dataclass
from datetime import timedelta

from core import clock
from core.database import Session
from core.permissions import Actor, Permission
from reports import charts, usage, ussd, ussd_alerts
from reports.charts import Figure
from reports.figures import Span, Today
from reports.ussd import Live, NetworkRow, Outcomes, Point, ScreenRow
from reports.ussd_alerts import Alert

POINTS = 72
MOVING_POINTS = 30
MOVING_STEP = ussd.LIVE_WINDOW / MOVING_POINTS
TARGET_MS = 1_000
TARGET_IN_SIGHT = 0.25  # below that share of the target, its line would flatten the curve
US_PER_MS = 1_000
FEW_TICKS = 4  # what a phone has room for


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time up to now, with today's hours beside those of the same day last week."""

    span: Span
    screens: list[ScreenRow]
    networks: list[NetworkRow]
    outcomes: Outcomes
    usage: Figure
    times: Figure


@dataclass(frozen=True, slots=True)
class Present:
    """The last minutes: their figures, and how they moved in steps of `MOVING_STEP`."""

    live: Live
    moving: list[Point]
    alerts: list[Alert]


def get_present(session: Session, actor: Actor) -> Present:
    """Return the figures of the last minutes, and what is not as it was."""
    actor.require(Permission.USSD_READ)
    now = clock.now()
    moving = ussd.list_points(session, Span(now - ussd.LIVE_WINDOW, now), points=MOVING_POINTS)
    return Present(ussd.get_live(session), moving[:MOVING_POINTS], ussd_alerts.list_alerts(session, actor))


def get_period(session: Session, actor: Actor, length: timedelta, zone: str) -> Period:
    """Return the figures of the last `length`; the day's hours are those of `zone` (an IANA name)."""
    actor.require(Permission.USSD_READ)
    now = clock.now()
    span, today = Span(now - length, now), Today.read(zone)
    points = ussd.list_points(session, span, points=POINTS)
    highest_us = max((point.p99_us or 0 for point in points), default=0)
    is_target_near = highest_us > TARGET_MS * US_PER_MS * TARGET_IN_SIGHT
    times = charts.answer_times(points, zone, target_ms=TARGET_MS if is_target_near else None)
    hours = charts.day(usage.list_hours(session, today.day), usage.list_hours(session, today.last_week), zone)
    for figure in (times, hours):
        figure["layout"]["xaxis"]["nticks"] = FEW_TICKS
    return Period(
        span=span,
        screens=ussd.list_screens(session, span),
        networks=ussd.list_networks(session, span),
        outcomes=ussd.get_outcomes(session, span),
        usage=hours,
        times=times,
    )
