from datetime import datetime, timedelta
from threading import Event

import psycopg
import pytest

from core import clock
from core.database import Database, driver
from jobs import conversations
from models.ussd import SessionState, UssdSession
from tests.builders import traffic
from tests.builders.traffic import Line

NOW = datetime.fromisoformat("2026-11-21T09:00:00Z")


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def states(database: Database) -> dict[str, str]:
    with database.transaction() as session:
        rows = driver(session).execute("select session_key, state from ussd_session").fetchall()
    return dict(rows)


@pytest.fixture
def line(database: Database) -> Line:
    with database.transaction() as session:
        return traffic.open_line(session)


def write(
    database: Database, line: Line, idle_s: float, *, state: str = "open", age_s: float | None = None
) -> UssdSession:
    with database.transaction() as session:
        row = traffic.add_session(session, line, ago(age_s or idle_s), state=state)
        row.last_activity_at = ago(idle_s)
        return row


def test_idle_dialogues_are_closed_and_no_other(database: Database, line: Line) -> None:
    late = write(database, line, 181)
    fresh = write(database, line, 179)
    endless = write(database, line, 10, age_s=601)
    over = write(database, line, 500, state="ended")
    with clock.travel(NOW):
        assert conversations.work(Event()) == "Dialogues fermés : 2."
        assert conversations.work(Event()) == "Aucun dialogue à fermer."
    assert states(database) == {
        late.session_key: SessionState.EXPIRED,
        endless.session_key: SessionState.EXPIRED,
        fresh.session_key: SessionState.OPEN,
        over.session_key: SessionState.ENDED,
    }
    with database.transaction() as session:
        row = session.get(UssdSession, late.id)
        assert row is not None
        assert row.ended_at == NOW


def test_an_open_row_older_than_its_idle_time_is_closed_within_a_minute(database: Database, line: Line) -> None:
    write(database, line, 0)
    with clock.travel(NOW) as traveller:
        for _ in range(6):
            traveller.advance(conversations.JOB.period.total_seconds())
            conversations.work(Event())
            assert set(states(database).values()) == {SessionState.OPEN}
        traveller.advance(conversations.JOB.period.total_seconds())
        conversations.work(Event())
    assert set(states(database).values()) == {SessionState.EXPIRED}
    assert conversations.JOB.period <= timedelta(seconds=60)


def test_a_gateway_may_have_its_own_time(database: Database) -> None:
    with database.transaction() as session:
        slow = traffic.open_line(session, "service", "lente", idle_s=300)
    kept = write(database, slow, 299)
    with clock.travel(NOW):
        conversations.work(Event())
    assert states(database) == {kept.session_key: SessionState.OPEN}


def test_a_dialogue_whose_pin_is_being_checked_is_left_alone(database: Database, line: Line) -> None:
    row = write(database, line, 200)
    with database.transaction() as session:
        driver(session).execute(
            "select ussd_turn_lease(gen_random_uuid(), %s, 'm', 'm', %s, %s)", (row.id, ago(1), ago(-4))
        )
    with clock.travel(NOW) as traveller:
        conversations.work(Event())
        assert states(database) == {row.session_key: SessionState.OPEN}
        traveller.advance(5)
        conversations.work(Event())
    assert states(database) == {row.session_key: SessionState.EXPIRED}


def test_a_dialogue_in_the_middle_of_a_turn_is_not_waited_for(database: Database, line: Line) -> None:
    held, free = write(database, line, 200), write(database, line, 200)
    with psycopg.connect(database.url) as turn, clock.travel(NOW):
        turn.execute("select from ussd_session where id = %s for no key update", (held.id,))
        assert conversations.work(Event()) == "Dialogues fermés : 1."
    assert states(database) == {held.session_key: SessionState.OPEN, free.session_key: SessionState.EXPIRED}


def test_more_than_a_batch_is_closed_in_one_run(
    database: Database, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "BATCH", 2)
    for _ in range(5):
        write(database, line, 200)
    with clock.travel(NOW):
        assert conversations.work(Event()) == "Dialogues fermés : 5."


def test_a_leadership_that_ended_begins_no_batch(database: Database, line: Line) -> None:
    row = write(database, line, 200)
    over = Event()
    over.set()
    with clock.travel(NOW):
        conversations.work(over)
    assert states(database) == {row.session_key: SessionState.OPEN}


def test_what_a_dialogue_kept_for_itself_goes_when_it_can_no_longer_be_resumed(database: Database, line: Line) -> None:
    with database.transaction() as session:
        scratch = {"r_pin": "condensé"}
        gone = traffic.add_session(session, line, ago(600), state="expired", scratch=scratch)
        resumable = traffic.add_session(session, line, ago(250), state="expired", scratch=scratch)
    with clock.travel(NOW):
        conversations.work(Event())
    with database.transaction() as session:
        rows = driver(session).execute("select id, scratch from ussd_session").fetchall()
    assert dict(rows) == {gone.id: {}, resumable.id: scratch}
