"""Alerts: an hour against the same hour of the last seven days."""

from datetime import datetime, timedelta
from threading import Event

import pytest

from core import clock
from core.database import Database
from core.errors import Forbidden
from core.permissions import Actor, Grant, Role, Scope
from jobs import rollups
from reports.ussd_alerts import Alert, list_alerts
from tests.builders import traffic
from tests.builders.traffic import Step

NOW = datetime.fromisoformat("2026-11-21T09:40:00Z")
READER = Actor(None, "Awa Diop", (Grant(Scope.USSD, Role.LECTEUR),))


def week(database: Database, today: list[list[Step]], state: str = "ended", silent_for: int = 5) -> list[Alert]:
    """Write 25 good sessions on each of seven days, and `today` for the last hour."""
    with database.transaction() as session:
        line = traffic.open_line(session)
        for day in range(1, 8):
            for number in range(25):
                at = NOW - timedelta(days=day, minutes=1 + number)
                traffic.add_session(session, line, at, [Step("home", 9_000), Step("t_to", 9_000)])
        for number, steps in enumerate(today):
            traffic.add_session(session, line, NOW - timedelta(minutes=silent_for + number), steps, state=state)
    with clock.travel(NOW):
        rollups.work(Event())
        with database.transaction() as session:
            return list_alerts(session, READER)


def test_a_day_like_the_others_says_nothing(database: Database) -> None:
    assert week(database, [[Step("home", 9_000), Step("t_to", 9_000)]] * 25) == []


def test_errors_and_slow_answers(database: Database) -> None:
    bad = [Step("home", 3_000_000), Step("home", 9_000, is_error=True)]
    found = {alert.kind: alert for alert in week(database, [bad] * 25)}
    assert set(found) == {"errors", "slow"}
    assert (found["errors"].now, found["errors"].usual) == (0.5, 0.0)
    assert found["slow"].now > 2_500_000


def test_a_screen_that_loses_more_people_than_it_does(database: Database) -> None:
    found = week(database, [[Step("home", 9_000)]] * 25, state="expired")
    assert [(alert.kind, alert.screen, alert.now) for alert in found] == [("drops", "home", 1.0)]


def test_silence_where_there_always_was_somebody(database: Database) -> None:
    found = week(database, [[Step("home", 9_000)]] * 3, silent_for=16)
    assert [(alert.kind, alert.service, alert.gateway) for alert in found] == [("silent", "Wallet", "DOC-B")]


def test_who_may_not_read_is_refused(database: Database) -> None:
    with database.transaction() as session, pytest.raises(Forbidden):
        list_alerts(session, Actor(None, "Personne", ()))
