"""However dialogues end, each is counted once: started = open + completed + ended + dropped + failed."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from core import clock
from core.database import Database, fetch_all
from reports import ussd as figures
from reports.figures import Span
from tests.builders.accounts import Handset
from tests.builders.crowd import Caller, open_door, settle

WAYS: dict[str, dict[str, int]] = {
    "goal": {"completed": 1},
    "cancel": {"ended": 1},
    "errors": {"ended": 1},
    "abort": {"dropped": 1},
    "timeout": {"dropped": 1},
    "expired": {"dropped": 1},
    "resumed": {"dropped": 1, "ended": 1},
    "open": {"open": 1},
}


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    assert database.engine
    with open_door() as client:
        yield client


def walk(client: TestClient, caller: Caller, way: str) -> None:
    """Live one dialogue to the end it takes."""
    one = Handset(client, "hubtel", caller.phone)
    one.dial()
    match way:
        case "goal":
            one.answer("6")
            assert one.answer(caller.pin).text.startswith("Votre solde")
        case "errors":
            assert [one.answer("77").has_more for _ in range(3)] == [True, True, False]
        case "abort" | "timeout":
            one.answer("1")
            one.turn += 1
            assert one.send(one.request(way)).status_code == 200
        case "expired":
            with clock.travel(clock.now()) as traveller:
                traveller.advance(700)
                assert one.answer("1").text.startswith("Session expirée")
        case "cancel":
            cancel(one)
        case "resumed":
            one.answer("1")
            one.answer("677000002")
            again = Handset(client, "hubtel", caller.phone)
            assert again.dial().text.startswith("Reprendre")
            again.answer("1")
            again.answer("5000")
            assert not again.answer("0").has_more


def cancel(one: Handset) -> None:
    for text in ("1", "677000002", "5000"):
        one.answer(text)
    assert not one.answer("0").has_more


@pytest.mark.parametrize("many", [30, pytest.param(1_000, marks=pytest.mark.slow)])
def test_each_dialogue_is_in_one_part_of_the_whole(database: Database, client: TestClient, many: int) -> None:
    chance = random.Random(many)  # noqa: S311  # a seed
    ways = [*WAYS, *chance.choices([*WAYS], k=many - len(WAYS))]
    expected: Counter[str] = Counter()
    for caller, way in zip(settle(database, many), ways, strict=True):
        walk(client, caller, way)
        expected.update(WAYS[way])
    now = clock.now()
    with clock.travel(now + timedelta(hours=1)), database.transaction() as session:
        outcomes = figures.get_outcomes(session, Span(now - timedelta(days=1), now + timedelta(days=1)))
        stats: dict[str, Any] = figures.stats(session)
        (turns,) = fetch_all(session, "select count(*) as n, count(*) filter (where is_error) as errors from ussd_turn")
    parts = {name: getattr(outcomes, name) for name in ("open", "completed", "ended", "dropped", "failed")}
    assert parts == {name: expected[name] for name in parts}
    assert outcomes.started == sum(parts.values()) == stats["total_sessions"]
    assert stats["active_sessions"] == expected["open"]
    assert (stats["total_interactions"], stats["error_count"]) == (turns["n"], turns["errors"])
