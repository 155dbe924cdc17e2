from datetime import datetime, timedelta
from threading import Event
from typing import Any

from core import clock
from core.database import Database, fetch_all
from jobs import rollups
from tests.builders import traffic
from tests.builders.traffic import Step

NOW = datetime.fromisoformat("2026-11-21T09:20:00Z")
HOUR = timedelta(hours=1)


def counters(database: Database) -> list[dict[str, Any]]:
    with database.transaction() as session:
        return fetch_all(
            session,
            "select hour, sessions, turns, replays, refusals, errors, response_time_us"
            " from ussd_rollup_hour order by hour",
        )


def test_the_present_hour_and_the_one_before_are_counted(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        steps = [Step("home", 4_000), Step("amount", 6_000, refusal="invalid"), Step("end", 9_000, is_error=True)]
        traffic.add_session(session, line, NOW - timedelta(minutes=5), steps)
        traffic.add_session(session, line, NOW - HOUR, [Step("home", 1_000)])
        traffic.add_session(session, line, NOW - HOUR, [Step("home", 500)], is_test=True)
    with clock.travel(NOW):
        assert rollups.work(Event()) == "Heures comptées : 2, compteurs : 2."
        before = counters(database)
        rollups.work(Event())
    shape = ("hour", "sessions", "turns", "replays", "refusals", "errors", "response_time_us")
    eight, nine = (NOW.replace(hour=hour, minute=0) for hour in (8, 9))
    assert before == [
        dict(zip(shape, (eight, 1, 1, 0, 0, 0, 1_000), strict=True)),
        dict(zip(shape, (nine, 1, 3, 0, 1, 1, 19_000), strict=True)),
    ]
    assert counters(database) == before


def test_hours_missed_while_nobody_led_are_made_up_for(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        for hours in (50, 30, 5, 4, 3):
            traffic.add_session(session, line, NOW - hours * HOUR)
    with clock.travel(NOW):
        assert rollups.work(Event()) == "Heures comptées : 7, compteurs : 5."
    assert [NOW.replace(minute=0) - row["hour"] for row in counters(database)] == [h * HOUR for h in (50, 30, 5, 4, 3)]


def test_an_hour_counted_in_part_before_the_fall_is_counted_again(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        traffic.add_session(session, line, NOW - timedelta(minutes=10))
    with clock.travel(NOW):
        rollups.work(Event())
    with database.transaction() as session:
        traffic.add_session(session, line, NOW + timedelta(minutes=10))
    with clock.travel(NOW + 6 * HOUR):
        rollups.work(Event())
    (row,) = counters(database)
    assert (row["sessions"], row["turns"]) == (2, 2)


def test_an_old_hour_without_counters_is_found_behind_newer_ones(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        traffic.add_session(session, line, NOW - timedelta(minutes=10))
    with clock.travel(NOW):
        rollups.work(Event())
        with database.transaction() as session:
            traffic.add_session(session, line, NOW - 100 * HOUR)
        assert rollups.work(Event()) == "Heures comptées : 3, compteurs : 2."
        assert rollups.work(Event()) == "Heures comptées : 2, compteurs : 1."
    assert len(counters(database)) == 2


def test_counters_outlive_the_turns(database: Database) -> None:
    with database.transaction() as session:
        line = traffic.open_line(session)
        traffic.add_session(session, line, NOW - 100 * HOUR)
    with clock.travel(NOW):
        rollups.work(Event())
        before = counters(database)
        with database.transaction() as session:
            fetch_all(session, "delete from ussd_session returning id")
        rollups.work(Event())
    assert counters(database) == before
    assert len(before) == 1
