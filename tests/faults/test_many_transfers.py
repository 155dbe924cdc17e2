"""Many transfers through operators that misbehave by a seed: nothing paid twice, nothing lost, to the franc."""

from datetime import timedelta

from fastapi.testclient import TestClient

from core.database import Database
from tests.builders.country import assert_books_hold, compare, opened

pytest_plugins = ["tests.api.conftest"]


def prove(database: Database, doors: TestClient, seed: int, count: int) -> list[str]:
    """Ask, let ten days pass, reconcile once; return the final states."""
    with opened(database, doors, seed) as country:
        country.ask(count)
        country.run(timedelta(days=3))
        country.reconcile()
        verdict = compare(country)
        assert verdict.twice == []
        assert verdict.lost == []
        assert verdict.unexplained == []
        assert verdict.not_in_queue == []
        assert verdict.difference_minor == {}
        assert_books_hold(country)
        return country.states()


def test_a_few_hundred_transfers_agree_with_the_book(database: Database, doors: TestClient) -> None:
    states = prove(database, doors, 1, 300)
    assert len(states) == 300
    assert states.count("succeeded") > 270
