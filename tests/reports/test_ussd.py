"""The present, answer times, screens, networks and outcomes, each against figures worked out by hand."""

import math
import random
from datetime import datetime, timedelta

import pytest

from core import clock
from core.database import Database
from core.rates import Rate
from reports import ussd
from reports.figures import Span
from reports.ussd import NetworkRow, Outcomes, Point, ScreenRow
from tests.builders import traffic
from tests.builders.traffic import Line, Step

NOW = datetime.fromisoformat("2026-11-21T14:00:00Z")
DAY = Span(NOW - timedelta(days=1), NOW)


@pytest.fixture
def line(database: Database) -> Line:
    with database.transaction() as session:
        return traffic.open_line(session)


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[math.ceil(share * len(values)) - 1]


def test_the_present_moment(database: Database, line: Line) -> None:
    with database.transaction() as session:
        times = list(range(10_000, 110_000, 1_000))
        for number, elapsed in enumerate(times):
            at = NOW - timedelta(seconds=number * 2.5 + 1)
            step = Step("home", elapsed, is_error=number % 25 == 0)
            traffic.add_session(session, line, at, [step], state="open" if number < 7 else "ended")
        traffic.add_session(session, line, NOW - timedelta(seconds=10), [Step("home", 4_000_001)])
        traffic.add_session(session, line, NOW - timedelta(minutes=6), [Step("home", 9_000_000)], state="open")
        traffic.add_session(session, line, NOW - timedelta(seconds=5), [Step("home", 1)], state="open", is_test=True)
    with clock.travel(NOW), database.transaction() as session:
        live = ussd.get_live(session)
    times.append(4_000_001)
    assert live.as_of == NOW
    assert live.open_sessions == 8
    assert live.turns_last_minute == 25
    assert live.turns_per_s == 25 / 60
    assert (live.p50_us, live.p99_us) == (percentile(times, 0.5), percentile(times, 0.99))
    assert live.error_rate == Rate(4, 101)
    assert live.late == 1


def test_a_silent_present_has_no_times_and_no_rate(database: Database) -> None:
    with clock.travel(NOW), database.transaction() as session:
        live = ussd.get_live(session)
    assert (live.open_sessions, live.turns_last_minute, live.p50_us, live.p99_us) == (0, 0, None, None)
    assert live.error_rate.value is None


def test_answer_times_step_by_step(database: Database, line: Line) -> None:
    chance = random.Random(3)  # noqa: S311  # a seed, no secret
    steps: dict[int, list[int]] = {}
    with database.transaction() as session:
        for _ in range(80):
            minutes, elapsed = chance.randrange(0, 18 * 60), chance.randrange(1_000, 800_000)
            steps.setdefault(minutes // 60, []).append(elapsed)
            traffic.add_session(session, line, DAY.start + timedelta(minutes=minutes), [Step("home", elapsed)])
    with clock.travel(NOW - timedelta(hours=2)), database.transaction() as session:
        points = ussd.list_points(session, DAY, points=24)
    assert len(points) == 23
    assert points == [
        Point(
            at=DAY.start + timedelta(hours=hour),
            turns=len(steps.get(hour, [])),
            errors=0,
            p50_us=percentile(steps[hour], 0.5) if hour in steps else None,
            p99_us=percentile(steps[hour], 0.99) if hour in steps else None,
        )
        for hour in range(23)
    ]


def test_a_chart_never_has_more_than_two_thousand_points(database: Database) -> None:
    with clock.travel(NOW), database.transaction() as session:
        assert len(ussd.list_points(session, DAY, points=50_000)) == 2_000


def test_where_dialogues_end(database: Database, line: Line) -> None:
    full = [Step("home"), Step("phone"), Step("amount"), Step("phone"), Step("confirm"), Step("done")]
    with database.transaction() as session:
        begin = NOW - timedelta(hours=3)
        for _ in range(4):
            traffic.add_session(session, line, begin, full, goal="transfer")
        for state in ("aborted", "timeout", "expired", "moved"):
            traffic.add_session(session, line, begin, full[:3], state=state)
        # It left, but had reached its goal; it is still there; it was refused with an END: none of them dropped out.
        traffic.add_session(session, line, begin, full, goal="transfer", state="expired")
        traffic.add_session(session, line, begin, full[:2], state="open")
        traffic.add_session(session, line, begin, full[:1], state="ended")
        traffic.add_session(session, line, begin, full[:2], state="expired")
        # Not counted: a test, another day, a session that no answer ever reached.
        traffic.add_session(session, line, begin, full[:1], state="expired", is_test=True)
        traffic.add_session(session, line, begin - timedelta(days=2), full[:1], state="expired")
        traffic.add_session(session, line, begin, [], state="expired")
    with clock.travel(NOW), database.transaction() as session:
        screens = ussd.list_screens(session, DAY)
        outcomes = ussd.get_outcomes(session, DAY)
        elsewhere = ussd.list_screens(session, DAY, service="service")
    assert screens == [
        ScreenRow("home", 12, 0),
        ScreenRow("phone", 11, 1),
        ScreenRow("amount", 9, 4),
        ScreenRow("confirm", 5, 0),
        ScreenRow("done", 5, 0),
    ]
    assert screens[2].drop_off.value == 4 / 9
    assert elsewhere == []
    assert outcomes == Outcomes(started=12, open=1, completed=5, ended=1, dropped=5, failed=0)
    assert outcomes.completion == Rate(5, 11)
    parts = (outcomes.open, outcomes.completed, outcomes.ended, outcomes.dropped, outcomes.failed)
    assert sum(parts) == outcomes.started


def test_errors_by_network_named_or_guessed_from_the_prefix(database: Database, line: Line) -> None:
    with database.transaction() as session:
        at = NOW - timedelta(minutes=30)
        good, bad = Step("home"), Step("home", is_error=True)
        traffic.add_session(session, line, at, [good, bad], network="62401")
        traffic.add_session(session, line, at, [good, good], network="62401")
        for number in range(3):
            traffic.add_session(session, line, at, [bad], phone=f"+23767700000{number}")
        traffic.add_session(session, line, at, [good], phone="+237670000001")
        traffic.add_session(session, line, at, [good], phone=None)
    with clock.travel(NOW), database.transaction() as session:
        networks = ussd.list_networks(session, DAY)
    guessed = next(row.network for row in networks if row.is_estimated)
    assert guessed
    assert networks == [
        NetworkRow(guessed, is_estimated=True, sessions=4, turns=4, errors=3),
        NetworkRow("62401", is_estimated=False, sessions=2, turns=4, errors=1),
        NetworkRow("", is_estimated=False, sessions=1, turns=1, errors=0),
    ]
