"""The USSD dashboard in two reads: the present, which follows every turn, and a period, which is read less often."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from core.database import Session
from core.permissions import Actor, Permission
from reports import charts, ussd, ussd_alerts, ussd_figures
from reports.charts import Figure
from reports.figures import DAY, Span, Today
from reports.usage import Hour
from reports.ussd import Live, NetworkRow, Point
from reports.ussd_alerts import Alert
from reports.ussd_figures import Cut, Screen

POINTS = 72
MOVING_POINTS = 30
MOVING_STEP = ussd.LIVE_WINDOW / MOVING_POINTS
TARGET_MS = 1_000
TARGET_IN_SIGHT = 0.25  # below that share of the target, its line would flatten the curve
US_PER_MS = 1_000
SHORT = timedelta(hours=1)
FEW_TICKS = 4  # what a phone has room for
FEWER_TICKS = 2  # where the day stands beside the hour


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time up to now by whole hours, with today's hours beside those of the same day last week.

    Counted by the roll-ups, `as_of` the last time: it costs the same however many sessions there were.
    """

    as_of: datetime | None
    screens: list[Screen]
    networks: list[NetworkRow]
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
    points = _list_points(session, span)
    highest_us = max((point.p99_us or 0 for point in points), default=0)
    is_target_near = highest_us > TARGET_MS * US_PER_MS * TARGET_IN_SIGHT
    times = charts.answer_times(points, zone, target_ms=TARGET_MS if is_target_near else None)
    hours = charts.day(_list_hours(session, today.day), _list_hours(session, today.last_week), zone)
    hours["layout"]["xaxis"]["nticks"] = FEW_TICKS
    times["layout"]["xaxis"]["nticks"] = FEW_TICKS if length <= DAY else FEWER_TICKS
    return Period(
        as_of=ussd_figures.get_as_of(session),
        screens=ussd_figures.list_screens(session, span, Cut()),
        networks=_list_networks(session, span),
        usage=hours,
        times=times,
    )


def _list_points(session: Session, span: Span) -> list[Point]:
    """Return the answer times hour by hour; of a short period, minute by minute from its turns, which are few.

    The hour in which the period begins is left out: a day is its last 24 hours, the present one with them.
    """
    if span.end - span.start <= SHORT:
        return ussd.list_points(session, span, points=POINTS)
    return [
        Point(hour.at, hour.turns, hour.errors, _whole(answer.quantile(0.5)), _whole(answer.quantile(0.99)))
        for hour, answer in ussd_figures.list_hours(session, span)[1:]
    ]


def _list_hours(session: Session, span: Span) -> list[Hour]:
    return [hour for hour, _ in ussd_figures.list_hours(session, span)]


def _list_networks(session: Session, span: Span) -> list[NetworkRow]:
    """Return the networks, the highest share of errors first."""
    rows = [
        NetworkRow(row.name, row.is_estimated, row.standing.started, row.errors.denominator, row.errors.numerator)
        for row in ussd_figures.list_slices(session, span, Cut(), "network")
    ]
    return sorted(rows, key=lambda row: (-(row.error_rate.value or 0), -row.turns, row.network))


def _whole(elapsed_us: float | None) -> int | None:
    return None if elapsed_us is None else round(elapsed_us)
