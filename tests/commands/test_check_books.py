"""`./dev check-books`: sound books are said to be and are sealed; broken ones are named and are not."""

import psycopg
import pytest

from commands import check_books
from core.database import Database, driver
from core.money import Currency, Money
from models.ledger import AccountKind, Source
from services import ledger
from services.ledger import Leg, Posting


def post_something(database: Database) -> None:
    with database.transaction() as session:
        wallet = ledger.open_account(session, AccountKind.WALLET, "wallet", None, Currency.XAF)
        opening = ledger.house_account(session, AccountKind.OPENING, Currency.XAF)
        amount = Money(10_000, Currency.XAF)
        legs = (Leg(opening, amount), Leg(wallet, -amount))
        ledger.post(session, Posting(Source.MANUAL, "opening", "opening", legs))


def count_seals(database: Database) -> int:
    with database.transaction() as session:
        row = driver(session).execute("select count(*) from ledger_seal").fetchone()
    return int(row[0]) if row else 0


def test_sound_books_are_checked_then_sealed(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    post_something(database)
    assert check_books.check(database)
    printed = capsys.readouterr().out
    assert printed.count("✓") == 8
    assert "✗" not in printed
    assert "1 opérations, 2 écritures, 2 scellées maintenant." in printed
    assert "Sceau 1 : " in printed
    assert count_seals(database) == 1
    assert check_books.check(database)
    assert "2 écritures, 0 scellées maintenant." in capsys.readouterr().out
    assert count_seals(database) == 1


def test_a_balance_changed_behind_the_ledger_is_named_and_nothing_is_sealed(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    post_something(database)
    with psycopg.connect(database.url) as owner:
        owner.execute("update ledger_account set balance = balance + 1 where kind = 'wallet'")
    assert not check_books.check(database)
    printed = capsys.readouterr().out
    assert "✗ 2. Chaque solde est la somme de ses écritures, sans trou (1 à corriger)" in printed
    assert "balance 10001, entries -10000" in printed
    assert printed.count("✓") == 7
    assert count_seals(database) == 0


def test_an_entry_changed_under_a_seal_is_found(own_database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    post_something(own_database)
    assert check_books.check(own_database)
    with psycopg.connect(own_database.url) as owner:
        owner.execute("alter table ledger_entry disable trigger user")
        owner.execute("update ledger_entry set amount = amount * 2, balance_after = balance_after * 2")
        owner.execute("update ledger_account set balance = balance * 2 where not is_house")
    assert not check_books.check(own_database)
    assert "✗ 9." in capsys.readouterr().out
