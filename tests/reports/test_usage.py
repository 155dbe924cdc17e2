"""Hours, services, gateways and the documented totals, against plain counting over the same rows."""

import random
from collections import Counter
from datetime import datetime, timedelta
from threading import Event

import pytest

from core import clock
from core.database import Database
from core.errors import InvalidInput
from core.rates import Rate
from jobs import rollups
from reports import usage, ussd
from reports.figures import Span
from tests.builders import traffic
from tests.builders.traffic import Line, Step

NOW = datetime.fromisoformat("2026-11-21T14:25:30Z")
HOUR = timedelta(hours=1)
DAY = Span(NOW.replace(hour=0, minute=0, second=0), NOW)


class Diary:
    """What was written, remembered on the side."""

    def __init__(self) -> None:
        self.turns: list[tuple[datetime, str, int, Step]] = []
        self.sessions: list[tuple[datetime, str, str]] = []

    def write(self, database: Database, lines: dict[str, Line], count: int, since: timedelta) -> None:
        chance = random.Random(7)  # noqa: S311  # a seed, no secret
        with database.transaction() as session:
            for _ in range(count):
                at = NOW - since * chance.random()
                service = chance.choice(sorted(lines))
                steps = [
                    Step("home", chance.randrange(2_000, 90_000), is_error=chance.random() < 0.05)
                    for _ in range(chance.randrange(1, 6))
                ]
                state = chance.choice(["ended", "open", "expired"])
                is_test = chance.random() < 0.1
                traffic.add_session(session, lines[service], at, steps, state=state, is_test=is_test)
                if not is_test:
                    self.sessions.append((at, service, state))
                    self.turns += [
                        (at + timedelta(seconds=5 * number), service, number, step) for number, step in enumerate(steps)
                    ]

    def expected(self, span: Span, service: str | None = None) -> dict[str, object]:
        turns = [turn for turn in self.turns if span.start <= turn[0] < span.end and service in (None, turn[1])]
        opened = [s for s in self.sessions if span.start <= s[0] < span.end and service in (None, s[1])]
        errors = sum(step.is_error for _, _, _, step in turns)
        elapsed = sum(step.elapsed_us for _, _, _, step in turns)
        return {
            "total_sessions": sum(number == 0 for _, _, number, _ in turns),
            "active_sessions": sum(state == "open" for _, _, state in opened),
            "total_interactions": len(turns),
            "error_count": errors,
            "error_rate": errors / len(turns),
            "avg_response_time_ms": round(elapsed / len(turns) / 1000, 2),
            "as_of": "2026-11-21T14:25:30.000Z",
        }


@pytest.fixture
def lines(database: Database) -> dict[str, Line]:
    with database.transaction() as session:
        return {key: traffic.open_line(session, key, f"gate-{key}") for key in ("service", "wallet")}


@pytest.fixture
def diary(database: Database, lines: dict[str, Line]) -> Diary:
    diary = Diary()
    diary.write(database, lines, 120, timedelta(hours=40))
    return diary


@pytest.mark.parametrize("is_rolled_up", [False, True])
def test_the_documented_totals_equal_a_count_over_the_turns(
    database: Database, diary: Diary, *, is_rolled_up: bool
) -> None:
    begin, end = NOW - timedelta(hours=31, minutes=17), NOW - timedelta(hours=3, minutes=41)
    with clock.travel(NOW):
        if is_rolled_up:
            rollups.work(Event())
        with database.transaction() as session:
            assert ussd.stats(session) == diary.expected(Span(usage.BEGINNING, NOW))
            assert ussd.stats(session, service="wallet") == diary.expected(Span(usage.BEGINNING, NOW), "wallet")
            bounded = ussd.stats(session, begin.isoformat(), end.isoformat(), "service")
    assert bounded == diary.expected(Span(begin, end), "service")


def test_a_period_inside_one_hour_is_counted_too(database: Database, diary: Diary) -> None:
    span = Span(NOW - timedelta(hours=9, minutes=5), NOW - timedelta(hours=8, minutes=45))
    with clock.travel(NOW):
        rollups.work(Event())
        with database.transaction() as session:
            found = ussd.stats(session, span.start.isoformat(), span.end.isoformat())
    assert found["total_interactions"] == sum(span.start <= at < span.end for at, _, _, _ in diary.turns)


def test_totals_of_nothing_are_zero_and_their_rate_too(database: Database) -> None:
    with clock.travel(NOW), database.transaction() as session:
        assert ussd.stats(session) == {
            "total_sessions": 0,
            "active_sessions": 0,
            "total_interactions": 0,
            "error_count": 0,
            "error_rate": 0,
            "avg_response_time_ms": 0.0,
            "as_of": "2026-11-21T14:25:30.000Z",
        }


def test_a_date_that_is_none_is_refused(database: Database) -> None:
    with database.transaction() as session, pytest.raises(InvalidInput) as refusal:
        ussd.stats(session, start="hier")
    assert list(refusal.value.fields) == ["from"]


@pytest.mark.parametrize("is_rolled_up", [False, True])
def test_hours_come_from_roll_ups_and_the_open_ones_from_turns(
    database: Database, diary: Diary, *, is_rolled_up: bool
) -> None:
    with clock.travel(NOW):
        if is_rolled_up:
            rollups.work(Event())
        with database.transaction() as session:
            hours = usage.list_hours(session, DAY)
            wallet = usage.list_hours(session, DAY, service="wallet", gateway="gate-wallet")
            nobody = usage.list_hours(session, DAY, service="wallet", gateway="gate-service")
    today = [turn for turn in diary.turns if DAY.start <= turn[0] < DAY.end]
    per_hour = Counter(at.hour for at, _, _, _ in today)
    assert [hour.at.hour for hour in hours] == list(range(15))
    assert [hour.turns for hour in hours] == [per_hour[hour] for hour in range(15)]
    assert sum(hour.sessions for hour in hours) == sum(number == 0 for _, _, number, _ in today)
    assert sum(hour.errors for hour in hours) == sum(step.is_error for _, _, _, step in today)
    assert sum(hour.response_time_us for hour in hours) == sum(step.elapsed_us for _, _, _, step in today)
    assert sum(hour.turns for hour in wallet) == sum(service == "wallet" for _, service, _, _ in today)
    assert [hour.turns for hour in nobody] == [0] * 15
    assert nobody[0].error_rate == Rate(0, 0)
    assert nobody[0].error_rate.value is None


def test_hours_stay_right_while_nobody_counts(database: Database, lines: dict[str, Line]) -> None:
    """The leader fell at 10:20: what came after is read from the turns."""
    fall = NOW.replace(hour=10, minute=20)
    with database.transaction() as session:
        traffic.add_session(session, lines["wallet"], fall - timedelta(minutes=10))
    with clock.travel(fall):
        rollups.work(Event())
    with database.transaction() as session:
        for minutes in (10, 65, 200):
            traffic.add_session(session, lines["wallet"], fall + timedelta(minutes=minutes))
    with clock.travel(NOW), database.transaction() as session:
        hours = usage.list_hours(session, DAY)
    assert {hour.at.hour: hour.sessions for hour in hours if hour.sessions} == {10: 2, 11: 1, 13: 1}


def test_services_and_gateways_are_listed_the_idle_ones_too(database: Database, diary: Diary) -> None:
    with clock.travel(NOW), database.transaction() as session:
        traffic.open_line(session, "muet", "fermee")
        rows = usage.list_services(session, DAY)
        gateways = usage.list_gateways(session, DAY)
    per_service = Counter(service for at, service, _, _ in diary.turns if DAY.start <= at < DAY.end)
    assert {row.key: row.turns for row in rows} == {"muet": 0, **per_service}
    assert rows[-1].key == "muet"
    assert rows[-1].error_rate.value is None
    assert {row.key: row.turns for row in gateways} == {
        "fermee": 0,
        **{f"gate-{service}": count for service, count in per_service.items()},
    }
