"""Figures and dates as a reader writes them."""

from datetime import UTC, date, datetime

from core import formats, i18n

THIN = "\N{NARROW NO-BREAK SPACE}"


def test_counts_have_the_separators_of_the_language() -> None:
    assert formats.count(240_000, "fr") == f"240{THIN}000"
    assert formats.count(-240_000, "en") == "−240,000"
    assert formats.count(7, "ln") == "7"


def test_an_instant_is_shown_by_the_clocks_of_its_place() -> None:
    instant = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
    assert formats.moment(instant, "Africa/Porto-Novo", "fr") == "21 nov. 2026, 14:05"
    assert formats.moment(instant, "Africa/Dakar", "en") == "Nov 21, 2026, 13:05"
    assert formats.time_on_phone(instant, "Africa/Kinshasa") == "14:05"


def test_a_day_is_short_on_a_screen_and_plain_on_a_phone() -> None:
    assert formats.day(date(2026, 11, 21), "fr") == "21 nov. 2026"
    assert formats.day_on_phone(date(2026, 1, 2)) == "02/01/2026"


def test_the_language_of_the_context_is_the_default() -> None:
    token = i18n.language.set("en")
    try:
        assert formats.count(5_000) == "5,000"
    finally:
        i18n.language.reset(token)
