"""The bell: it rings when what it tells of can be seen, and not before."""

import pytest

from core import live
from core.database import Database


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard = list[str]()
    monkeypatch.setattr(live, "ring", heard.append)
    return heard


def ring_and_fail(database: Database) -> None:
    with database.transaction() as session:
        live.ring_after_commit(session, "ledger")
        raise ZeroDivisionError


def test_a_savepoint_rings_nothing_and_its_end_takes_nothing_back(database: Database, rung: list[str]) -> None:
    with database.transaction() as session:
        live.ring_after_commit(session, "ledger")
        with session.begin_nested():
            live.ring_after_commit(session, "tontines")
        with session.begin_nested() as savepoint:
            savepoint.rollback()
        assert rung == []
    assert sorted(rung) == ["ledger", "tontines"]


def test_what_is_rolled_back_rings_nothing(database: Database, rung: list[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        ring_and_fail(database)
    with database.transaction() as session:
        live.ring_after_commit(session, "ussd")
    assert rung == ["ussd"]
