"""The board's period comes from the roll-ups alone: the same figures when every turn is gone."""

from datetime import datetime, timedelta
from threading import Event

import pytest

from core import clock
from core.database import Database, driver
from jobs import rollups
from reports import ussd_board
from reports.ussd import NetworkRow
from reports.ussd_board import Period
from tests.builders import traffic
from tests.builders.traffic import Step
from tests.services.wallet_world import READER

NOW = datetime.fromisoformat("2026-11-21T09:20:00Z")
ZONE = "Africa/Douala"
WEEK = timedelta(days=7)


@pytest.fixture
def counted(database: Database) -> Database:
    with database.transaction() as session:
        line = traffic.open_line(session)
        full = [Step("home", 12_000), Step("t_to", 900_000, is_error=True), Step("t_amount", 14_000)]
        for hours in (1, 2, 30):
            at = NOW - timedelta(hours=hours)
            traffic.add_session(session, line, at, full, state="aborted", network="MTN")
            traffic.add_session(session, line, at, full[:1], network="Orange")
            traffic.add_session(session, line, at, full, network="Orange", is_test=True)
        traffic.add_session(session, line, NOW - WEEK - timedelta(hours=1), full, network="MTN")
    with clock.travel(NOW):
        rollups.work(Event())
    return database


def period(database: Database, length: timedelta) -> Period:
    with clock.travel(NOW), database.transaction() as session:
        return ussd_board.get_period(session, READER, length, ZONE)


@pytest.mark.parametrize(("length", "times"), [(timedelta(days=1), 2), (WEEK, 3)])
def test_a_period_is_counted_without_its_turns(counted: Database, length: timedelta, times: int) -> None:
    before = period(counted, length)
    assert [(row.screen, row.seen, row.dropped) for row in before.screens] == [
        ("home", 2 * times, 0),
        ("t_to", times, 0),
        ("t_amount", times, times),
    ]
    assert before.networks == [
        NetworkRow("MTN", is_estimated=False, sessions=times, turns=3 * times, errors=times),
        NetworkRow("Orange", is_estimated=False, sessions=times, turns=times, errors=0),
    ]
    last_week, today = (trace["y"] for trace in before.usage["data"])
    assert ([hour for hour, number in enumerate(last_week) if number], sum(last_week)) == ([9], 1)
    assert [(hour, number) for hour, number in enumerate(today) if number] == [(8, 2), (9, 2)]
    slowest = [value for value in before.times["data"][0]["y"] if value is not None]
    assert len(slowest) == times
    assert all(860 < value < 1_025 for value in slowest)
    with counted.transaction() as session:
        driver(session).execute("delete from ussd_turn")
    assert period(counted, length) == before
    assert before.as_of == NOW


def test_an_hour_s_answer_times_are_seen_by_the_minute(counted: Database) -> None:
    found = period(counted, ussd_board.SHORT).times["data"][0]["y"]
    assert len(found) == ussd_board.POINTS
    assert [value for value in found if value is not None] == [900.0]
