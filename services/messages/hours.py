"""When a message may ring: never at night where the person is, and never three hundred at seven sharp."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core.phone import PhoneRefusal, normalise
from models.messages import Channel
from services.provider_accounts.views import TIMEZONES

QUIET_FROM = time(21)
QUIET_UNTIL = time(7)
SPREAD_S = 30 * 60
FIRST_QUIET_PRIORITY = 2  # reminders and information wait; codes, security and money do not
MOST_A_DAY = 3
DEFAULT_ZONE = "Africa/Porto-Novo"


def zone_of(message: Mapping[str, Any]) -> ZoneInfo:
    """Return the clock a message goes by: its savings group's, else that of the phone's country."""
    named = message["data"].get("zone")
    if named:
        return ZoneInfo(named)
    country = ""
    if message["channel"] in {Channel.SMS, Channel.USSD, Channel.WHATSAPP}:
        try:
            country = normalise(message["address"], None).country
        except PhoneRefusal:
            country = ""
    return ZoneInfo(TIMEZONES.get(country, DEFAULT_ZONE))


def is_quiet(moment: datetime, zone: ZoneInfo) -> bool:
    """Say whether people sleep there."""
    local = moment.astimezone(zone).time()
    return local >= QUIET_FROM or local < QUIET_UNTIL


def next_morning(moment: datetime, zone: ZoneInfo, message_id: UUID, *, is_tomorrow: bool = False) -> datetime:
    """Return the next 07:00 there, plus up to half an hour taken from the message's id; tomorrow's if asked."""
    local = moment.astimezone(zone)
    day = local.date()
    if is_tomorrow or local.time() >= QUIET_UNTIL:
        day += timedelta(days=1)
    morning = datetime.combine(day, QUIET_UNTIL, zone)
    return morning.astimezone(moment.tzinfo) + timedelta(seconds=message_id.int % SPREAD_S)


def start_of_day(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return when the person's day began."""
    return datetime.combine(moment.astimezone(zone).date(), time(), zone)
