"""Figures and dates as a reader writes them: Babel's rules on a screen, plain characters on a phone."""

from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date

from core import i18n

MINUS = "\N{MINUS SIGN}"


class Separators(NamedTuple):
    """What stands between thousands and before decimals."""

    group: str
    decimal: str


@lru_cache
def separators(language: str) -> Separators:
    """Return Babel's separators; French ones for a language the console does not speak."""
    locale = Locale.parse(language if language in i18n.LANGUAGES else i18n.DEFAULT_LANGUAGE)
    symbols = locale.number_symbols["latn"]
    return Separators(symbols["group"], symbols["decimal"])


def count(number: int, language: str | None = None) -> str:
    """Return a whole number with thin separators and a true minus: `240 000`."""
    figure = f"{abs(number):,}".replace(",", separators(language or i18n.language.get()).group)
    return figure if number >= 0 else MINUS + figure


def day(value: date, language: str | None = None) -> str:
    """Return `21 nov. 2026` (`Nov 21, 2026` in English)."""
    return format_date(value, "medium", locale=language or i18n.language.get())


def moment(instant: datetime, zone: str, language: str | None = None) -> str:
    """Return `21 nov. 2026, 14:05` as the clocks of `zone` (an IANA name) show `instant`."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{day(local.date(), language)}, {local:%H:%M}"


def day_on_phone(value: date) -> str:
    """Return `21/11/2026`."""
    return f"{value:%d/%m/%Y}"


def time_on_phone(instant: datetime, zone: str) -> str:
    """Return `14:05` as the clocks of `zone` show `instant`."""
    return f"{instant.astimezone(ZoneInfo(zone)):%H:%M}"
