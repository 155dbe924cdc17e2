"""How long one waits after wrong secrets."""

from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from core.database import Database
from core.errors import TooManyTries
from services.users import tries
from services.users.tries import Limit, wait_end

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def at(*minutes: float) -> list[datetime]:
    return [START + timedelta(minutes=minute) for minute in minutes]


@pytest.mark.parametrize(
    ("failures", "end"),
    [
        ([], None),
        ([0, 1, 2, 3], None),
        ([0, 1, 2, 3, 4], 5),  # the fifth: one minute
        ([0, 1, 2, 3, 4, 5], 7),  # then two
        ([0, 1, 2, 3, 4, 5, 7], 11),  # then four
        ([0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67], 127),  # 8, 16, 32, then 60 at most
        ([0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 127], 187),
        ([0, 5, 10, 14, 16], None),  # five, but never five in a quarter of an hour
        ([0, 1, 2, 3, 4, 20], None),  # a quarter of an hour in quiet after the wait: it begins again
        ([0, 1, 2, 3, 4, 19.9], 21.9),
    ],
)
def test_five_in_a_quarter_of_an_hour_then_a_wait_that_doubles(failures: list[float], end: float | None) -> None:
    assert wait_end(at(*failures), 5) == (None if end is None else at(end)[0])


def test_the_wait_is_told_in_seconds_and_ends(database: Database) -> None:
    limit = Limit("account", "awa", 5)
    with clock.travel(START) as traveller:
        for _ in range(5):
            with database.transaction() as session:
                tries.guard_alone(session, (limit,))
                tries.count(session, (limit,), "203.0.113.9")
        with database.transaction() as session, pytest.raises(TooManyTries) as refused:
            tries.guard(session, (limit,))
        assert refused.value.data == {"secondes": 60}
        traveller.advance(60)
        with database.transaction() as session:
            tries.guard(session, (limit, Limit("account", "moussa", 5)))
            tries.forgive(session, limit)
        with database.transaction() as session:
            tries.count(session, (limit,), "")
            tries.guard_alone(session, (limit,))


def test_three_codes_an_hour(database: Database) -> None:
    limit = Limit("code_sent", "awa@exemple.org", 3)
    with clock.travel(START) as traveller:
        for _ in range(3):
            with database.transaction() as session:
                tries.guard_rate(session, limit, timedelta(hours=1), "")
            traveller.advance(60)
        with database.transaction() as session, pytest.raises(TooManyTries) as refused:
            tries.guard_rate(session, limit, timedelta(hours=1), "")
        assert refused.value.data == {"secondes": 57 * 60}
        traveller.advance(57 * 60)
        with database.transaction() as session:
            tries.guard_rate(session, limit, timedelta(hours=1), "")
