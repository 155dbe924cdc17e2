"""Time zones of the countries Palabre serves, by ISO 3166 code."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONES = {
    "BF": "Africa/Ouagadougou",
    "BJ": "Africa/Porto-Novo",
    "CD": "Africa/Kinshasa",
    "CG": "Africa/Brazzaville",
    "CI": "Africa/Abidjan",
    "CM": "Africa/Douala",
    "GA": "Africa/Libreville",
    "GN": "Africa/Conakry",
    "ML": "Africa/Bamako",
    "NE": "Africa/Niamey",
    "SN": "Africa/Dakar",
    "TG": "Africa/Lome",
}


def zone_of(country: str) -> str:
    """Return the time zone of a country; UTC where we do not know it."""
    return ZONES.get(country, "UTC")


def bounds_of_day(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return the instants at which a calendar day begins and the next one does, in `zone`."""
    place = ZoneInfo(zone)
    first, last = (datetime.combine(one, time.min, place).astimezone(UTC) for one in (day, day + timedelta(days=1)))
    return first, last
