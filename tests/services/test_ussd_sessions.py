"""Dialogues as an operator and a reader may see them, and a wallet's statement."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core import clock, ids
from core.database import Database, fetch_one
from core.errors import Forbidden, NotFound
from services import subscribers, ussd_sessions
from services.ussd_sessions import SessionStep
from tests.builders import traffic, world
from tests.builders.traffic import Line, Step
from tests.services.wallet_world import AWA, JEAN, OPERATOR, READER, STRANGER, send, user_id, xaf


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        world.build(database)
        yield database


@pytest.fixture
def line(database: Database) -> Line:
    with database.transaction() as session:
        return traffic.open_line(session)


def test_open_dialogues_come_last_active_first_and_masked(database: Database, line: Line) -> None:
    with clock.travel(world.NOW), database.transaction() as session:
        for place, state in enumerate(("open", "ended", "open")):
            at = world.NOW - timedelta(minutes=place)
            traffic.add_session(session, line, at, [Step("home"), Step("t_to")], state=state, phone=AWA)
        traffic.add_session(session, line, world.NOW, [Step("home")], state="open", phone=JEAN, is_test=True)
        found = ussd_sessions.list_open_sessions(session, READER)
        with pytest.raises(Forbidden):
            ussd_sessions.list_open_sessions(session, STRANGER)
    assert [(row.phone, row.screen, row.turns) for row in found] == [("+23769****01", "t_to", 2)] * 2
    assert found[0].last_activity_at > found[1].last_activity_at


def test_a_dialogue_with_its_facts_and_its_texts_for_who_may(database: Database, line: Line) -> None:
    with clock.travel(world.NOW), database.transaction() as session:
        steps = [Step("home"), Step("t_to", refusal="invalid")]
        row = traffic.add_session(session, line, world.NOW, steps, phone=AWA, network="MTN", conflicts=2)
        operators = ussd_sessions.get_session(session, OPERATOR, row.id)
        readers = ussd_sessions.get_session(session, READER, row.id)
        seen = ussd_sessions.list_steps(session, OPERATOR, row.id)
        hidden = ussd_sessions.list_steps(session, READER, row.id)
        with pytest.raises(NotFound):
            ussd_sessions.get_session(session, OPERATOR, ids.new_id())
        with pytest.raises(Forbidden):
            ussd_sessions.list_steps(session, STRANGER, row.id)
    assert (operators.phone, readers.phone) == (AWA, "+23769****01")
    facts = (operators.version, operators.network, operators.turns, operators.conflicts, operators.replays)
    assert facts == (1, "MTN", 2, 2, 0)
    assert operators.operation_ids == ()
    assert [(step.typed, step.shown, step.refusal) for step in seen] == [
        ("1", "texte de home", ""),
        ("1", "texte de t_to", "invalid"),
    ]
    assert [_texts(step) for step in hidden] == [(None, None)] * 2
    assert [step.screen for step in hidden] == ["home", "t_to"]


def _texts(step: SessionStep) -> tuple[str | None, str | None]:
    return step.typed, step.shown


def test_a_persons_dialogues_come_newest_first(bank: Database) -> None:
    with bank.transaction() as session:
        own = traffic.open_line(session, "essai", "essai")
        for hours in (3, 1, 2):
            at = world.NOW - timedelta(hours=hours)
            traffic.add_session(session, own, at, [Step("home")], phone=AWA, goal=str(hours))
        traffic.add_session(session, own, world.NOW, [Step("home")], phone=JEAN)
        found = ussd_sessions.list_sessions_of(session, READER, user_id(session, AWA), limit=2)
    assert [row.goal for row in found] == ["1", "2"]


def test_a_statement_has_both_sides_with_the_balance_after_each(bank: Database) -> None:
    sent = send(bank, AWA, JEAN, 5_000)
    received = send(bank, JEAN, AWA, 1_000)
    with bank.transaction() as session:
        wallet = fetch_one(session, "select id from wallet where user_id = %s", (user_id(session, AWA),))
        assert wallet is not None
        lines = subscribers.list_statement(session, READER, wallet["id"])
        second = subscribers.list_statement(session, READER, wallet["id"], limit=1, offset=1)
        total = subscribers.count_statement(session, READER, wallet["id"])
        with pytest.raises(Forbidden):
            subscribers.list_statement(session, STRANGER, wallet["id"])
        with pytest.raises(Forbidden):
            subscribers.count_statement(session, STRANGER, wallet["id"])
    assert [(line.amount, line.balance, line.other_name, line.reference) for line in lines[:2]] == [
        (xaf(1_000), xaf(5_950), "Jean Nkolo", received.reference),
        (xaf(-5_050), xaf(4_950), "Jean Nkolo", sent.reference),
    ]
    assert (lines[0].operation_id, lines[1].operation_id) == (received.id, sent.id)
    assert (lines[2].balance, lines[2].operation_id) == (xaf(10_000), None)
    assert second == [lines[1]]
    assert total == 3
