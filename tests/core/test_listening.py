"""What one process announces, another hears; what could not be heard is announced as missed."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from core import listening, live
from core.database import Database, driver
from core.listening import WHATEVER_WAS_MISSED, Ear


@pytest.fixture
def ear(database: Database) -> Iterator[Ear]:
    assert database.engine
    own = Ear()
    yield own
    own.stop()


class Heard(list[Any]):
    """What somebody heard, and how to wait for the next word."""

    def __init__(self) -> None:
        super().__init__()
        self._rung = asyncio.Event()

    def note(self, news: listening.News) -> None:
        self.append(news)
        self._rung.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self) < count:
                self._rung.clear()
                await self._rung.wait()


async def test_two_hear_the_same_word_on_one_connection_and_who_left_hears_nothing(
    ear: Ear, database: Database
) -> None:
    others = _listeners(database, "pid")  # one of an earlier test may be on its way out
    first, second = Heard(), Heard()
    leave = ear.join(first.note)
    ear.join(second.note)
    await second.until(1)
    with database.transaction() as session:
        driver(session).execute("select pg_notify(%s, %s)", (live.CHANNEL, '{"topic": "pensions"}'))
    await second.until(2)
    await first.until(2)
    leave()
    with database.transaction() as session:
        driver(session).execute("select pg_notify(%s, %s)", (live.CHANNEL, '{"topic": "ledger"}'))
    await second.until(3)
    assert second == [WHATEVER_WAS_MISSED, {"topic": "pensions"}, {"topic": "ledger"}]
    assert first == second[:2]
    assert len(set(_listeners(database, "pid")) - set(others)) == 1


async def test_a_broken_connection_is_made_again_and_says_so(
    ear: Ear, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "RETRY_S", 0.01)
    heard = Heard()
    ear.join(heard.note)
    await heard.until(1)
    assert all(_listeners(database, "pg_terminate_backend(pid)"))
    await heard.until(2)
    assert heard == [WHATEVER_WAS_MISSED, WHATEVER_WAS_MISSED]


@pytest.mark.parametrize(("payload", "news"), [('{"topic": "ussd"}', {"topic": "ussd"}), ("[1]", None), ("{", None)])
def test_a_payload_that_is_no_news_is_ignored(payload: str, news: object) -> None:
    assert listening.read(payload) == news


def _listeners(database: Database, column: str) -> list[Any]:
    """Return a column of the connections that listen, as the owner of the database sees them."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        query = f"select {column} from pg_stat_activity where query = %s and datname = current_database()"
        return [value for (value,) in connection.execute(query.encode(), (f"listen {live.CHANNEL}",))]
