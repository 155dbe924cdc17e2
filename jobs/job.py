"""What a job is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

DAY = timedelta(days=1)

Work = Callable[[Event], str]


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again, safe to do twice.

    `work` gets the event that ends the leadership: it looks at it between two batches and waits on it instead of
    sleeping. It returns one French sentence. `title` and `rhythm` are French sources.
    """

    name: str
    title: str
    rhythm: str
    period: timedelta
    trigger: BaseTrigger
    work: Work


def every(seconds: int) -> tuple[timedelta, IntervalTrigger]:
    """Return the period and trigger of a job that runs all day."""
    return timedelta(seconds=seconds), IntervalTrigger(seconds=seconds, timezone="UTC")


def nightly(hour: int, minute: int) -> tuple[timedelta, CronTrigger]:
    """Return the period and trigger of a job that runs once a night (UTC); a start makes up for a missed night."""
    return DAY, CronTrigger(hour=hour, minute=minute, timezone="UTC")
