from threading import Event

import psycopg
import pytest

from core.database import Database, Session, fetch_all
from core.money import Currency, Money
from jobs import books, seals
from models.ledger import AccountKind, Source
from services import ledger
from services.ledger import Leg, Posting


def fund(session: Session, key: str, minor: int = 5_000) -> None:
    account = ledger.open_account(session, AccountKind.WALLET, "wallet", None, Currency.XAF)
    opening = ledger.house_account(session, AccountKind.OPENING, Currency.XAF)
    amount = Money(minor, Currency.XAF)
    ledger.post(session, Posting(Source.MANUAL, key, "opening", (Leg(opening, amount), Leg(account, -amount))))


def seals_of(database: Database) -> list[int]:
    with database.transaction() as session:
        return [row["count"] for row in fetch_all(session, "select count from ledger_seal order by id")]


def test_entries_are_sealed_to_the_last(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BATCH", 4)
    with database.transaction() as session:
        for number in range(5):
            fund(session, f"k{number}")
    assert seals.work(Event()) == "Écritures scellées : 10."
    assert seals.work(Event()) == "Rien à sceller."
    assert seals_of(database) == [4, 4, 2]
    assert books.work(Event()) == "Les livres sont justes. Règles examinées : 8."


def test_a_busy_ledger_is_left_to_the_next_minute(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "PAUSE_S", 0)
    monkeypatch.setattr(seals, "TRIES", 2)
    with database.transaction() as session:
        fund(session, "k1")
    with psycopg.connect(database.url) as posting:
        posting.execute("lock table ledger_entry in row exclusive mode")
        assert (
            seals.work(Event()) == "Écritures scellées : 0. Le grand livre est occupé, la suite à la prochaine minute."
        )
    assert seals_of(database) == []
    assert seals.work(Event()) == "Écritures scellées : 2."


def test_a_broken_rule_is_an_alert_in_the_trail(database: Database) -> None:
    with database.transaction() as session:
        fund(session, "k1")
    with psycopg.connect(database.url) as intruder:
        intruder.execute("update ledger_account set balance = balance + 1 where not is_house")
    assert books.work(Event()) == "Règles rompues : 2."
    with database.transaction() as session:
        (alert,) = fetch_all(session, "select * from audit_entry")
    assert (alert["action"], alert["subject_id"], alert["actor_name"]) == ("books.broken", "2", "Palabre")
    assert alert["summary"] == "Règle rompue : Chaque solde est la somme de ses écritures, sans trou"
    assert alert["changes"]["count"] == 1
    assert alert["changes"]["violations"][0][1] == "balance 5001, entries -5000, version 1, count 1"
