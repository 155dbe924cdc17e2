"""The clock: aware, in UTC, and moved only by tests."""

from datetime import UTC, date, datetime, timedelta

from core import clock


def test_now_is_aware_and_in_utc() -> None:
    instant = clock.now()
    assert instant.tzinfo is UTC
    assert abs(instant - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_traveller_freezes_and_advances_the_clock_and_gives_it_back() -> None:
    start = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    with clock.travel(start) as traveller:
        assert clock.now() == clock.now() == start
        traveller.advance(90)
        assert clock.now() == start + timedelta(seconds=90)
        with clock.travel(datetime(2020, 1, 1, tzinfo=UTC)):
            assert clock.today() == date(2020, 1, 1)
        assert clock.now() == start + timedelta(seconds=90)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_day_is_that_of_the_place() -> None:
    with clock.travel(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)):
        assert clock.today() == date(2026, 12, 31)
        assert clock.today("Africa/Porto-Novo") == date(2027, 1, 1)
        assert clock.today("Africa/Dakar") == date(2026, 12, 31)
