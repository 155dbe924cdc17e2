"""Many transfers through operators that misbehave by a seed: nothing paid twice, nothing lost, to the franc."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from core.database import Database
from services import ledger
from tests import database as databases
from tests.api.conftest import doors
from tests.builders.country import HARD_MIX, Country, assert_books_hold, compare, list_leaks, opened

__all__ = ["doors"]


def prove(country: Country, count: int) -> list[str]:
    """Ask, let three days pass, reconcile once, hold book and ledger together; return the final states."""
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
    assert list_leaks(country) == []
    return country.states()


def test_transfers_that_mostly_go_wrong_agree_with_the_book(database: Database, doors: TestClient) -> None:
    with opened(database, doors, 1, HARD_MIX) as country:
        states = prove(country, 100)
        assert len(states) == 100
        assert {"succeeded", "failed", "unknown"} <= set(states)
        assert len(country.kernel.chooser.counts) > 20  # stories that were played
        whole = next(one for one in country.kernel.book if one.kind in {"collect", "payout"})
        country.kernel.book.add(whole)
        assert compare(country).twice  # the proof sees what it must see
        assert compare(country).difference_minor


@pytest.mark.slow
def test_the_same_seed_ends_the_same(database: Database, doors: TestClient) -> None:
    ended = []
    for _ in range(2):
        with databases.broom(database.url) as broom:
            databases.empty(broom)
        ledger._house_accounts.clear()
        with opened(database, doors, 7, HARD_MIX) as country:
            ended.append(prove(country, 100))
    assert ended[0] == ended[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_thousand_transfers_agree_with_the_book(database: Database, doors: TestClient, seed: int) -> None:
    with opened(database, doors, seed, people_each=30) as country:
        states = prove(country, 10_000)
    assert len(states) == 10_000
    assert states.count("succeeded") > 9_500
