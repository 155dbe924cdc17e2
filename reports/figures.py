"""What figures are counted over: days as people live them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from core import clock

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Span:
    """The instants from `start` (included) to `end` (excluded)."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Today:
    """This day in one time zone, and the same day of last week up to the same moment."""

    zone: str
    now: datetime
    day: Span
    last_week: Span
    same_moment: datetime

    @classmethod
    def read(cls, zone: str) -> Self:
        """Read the clock in `zone` (an IANA name)."""
        now = clock.now()
        local = now.astimezone(ZoneInfo(zone))
        same_moment = (local.replace(tzinfo=None) - WEEK).replace(tzinfo=ZoneInfo(zone))
        return cls(
            zone=zone,
            now=now,
            day=Span(midnight(local.date(), zone), midnight(local.date() + DAY, zone)),
            last_week=Span(midnight(local.date() - WEEK, zone), midnight(local.date() - WEEK + DAY, zone)),
            same_moment=same_moment.astimezone(now.tzinfo),
        )

    @property
    def hour(self) -> int:
        """The hour that is running, 0 to 23."""
        return self.now.astimezone(ZoneInfo(self.zone)).hour


def midnight(day: date, zone: str) -> datetime:
    """Return the instant (UTC) at which `day` begins in `zone`."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
