"""Reversing, reserving, locking and reading: what is built on a posting."""

from dataclasses import replace
from uuid import UUID

import psycopg
import pytest

from core import ids
from core.errors import Forbidden, NotFound
from core.money import Currency, Money
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from models.ledger import AccountKind, Source
from services import accounts, ledger
from services.ledger import (
    AlreadyReversed,
    InsufficientFunds,
    KeyReused,
    Leg,
    Posted,
    Posting,
    ReverseTransaction,
)
from tests.builders.bank import Bank, transfer

XOF, CDF = Currency.XOF, Currency.CDF
ADMIN = Actor(user_id=None, name="Awa Ndiaye", grants=(Grant(Scope.PLATFORM, Role.ADMIN),))


def reverse(bank: Bank, transaction_id: UUID, key: str, actor: Actor = ADMIN) -> Posted:
    with bank.database.transaction() as session:
        return ledger.reverse(
            session, actor, ReverseTransaction(key=key, transaction_id=transaction_id, reason="mauvais numéro")
        )


def test_a_mistake_is_reversed_once_and_leaves_its_trail(bank: Bank) -> None:
    awa, moussa, fees = bank.wallet(10_000), bank.wallet(), bank.house()
    mistake = bank.post(transfer(awa, moussa, 3_000, "t1", fees=(fees, 30)))

    reversal = reverse(bank, mistake.id, "r1")

    assert (bank.balance(awa), bank.balance(moussa), bank.balance(fees)) == (10_000, 0, 0)
    assert reverse(bank, mistake.id, "r1") == replace(reversal, is_replay=True)
    with pytest.raises(AlreadyReversed):
        reverse(bank, mistake.id, "r2")
    with pytest.raises(AlreadyReversed):
        reverse(bank, reversal.id, "r3")
    with bank.database.transaction() as session:
        assert ledger.get_transaction(session, mistake.id)["reversed_by_id"] == reversal.id
        assert ledger.get_transaction(session, reversal.id)["reversed_by_id"] is None
    trail = "select count(*) from audit_entry where action = 'ledger.reverse' and subject_id = %s"
    assert bank.figure(trail, str(mistake.id)) == 1


def test_two_reversals_at_once_post_one(bank: Bank) -> None:
    awa, moussa = bank.wallet(10_000), bank.wallet()
    mistake = transfer(awa, moussa, 3_000, "t1")
    bank.post(mistake)
    back = tuple(Leg(leg.account_id, -leg.amount) for leg in mistake.legs)

    bank.post(Posting(Source.MANUAL, "r1", "reversal", back, reverses_id=mistake.id))
    with pytest.raises(AlreadyReversed):  # the one who read before the other committed
        bank.post(Posting(Source.MANUAL, "r2", "reversal", back, reverses_id=mistake.id))

    assert bank.balance(awa) == 10_000


def test_a_reversal_needs_its_right_its_transaction_and_the_money(bank: Bank) -> None:
    awa, moussa, fatou = bank.wallet(10_000), bank.wallet(), bank.wallet()
    mistake = bank.post(transfer(awa, moussa, 3_000, "t1"))
    bank.post(transfer(moussa, fatou, 1, "t2"))

    with pytest.raises(Forbidden):
        reverse(bank, mistake.id, "r1", Actor(user_id=ids.new_id(), name="Client"))
    with pytest.raises(NotFound):
        reverse(bank, ids.new_id(), "r1")
    with pytest.raises(InsufficientFunds):
        reverse(bank, mistake.id, "r1")

    assert (bank.balance(awa), bank.balance(moussa)) == (7_000, 2_999)
    assert bank.figure("select count(*) from audit_entry where action = 'ledger.reverse'") == 0


# Two phases


def claim(key: str, kind: str) -> Posting:
    return Posting(Source.TRANSFER, key, kind, ())


def test_a_reserve_is_either_posted_or_given_back(bank: Bank) -> None:
    awa, held, float_ = bank.wallet(10_000), bank.reserved(), bank.house(AccountKind.PROVIDER_FLOAT)
    amount = Money(4_000, XOF)
    with bank.database.transaction() as session:
        ledger.reserve(session, awa, held, amount, claim("a", "reserve"))
        ledger.reserve(session, awa, held, amount, claim("b", "reserve"))
    assert (bank.balance(awa), bank.balance(held)) == (2_000, 8_000)

    with bank.database.transaction() as session:
        ledger.post_reserved(session, held, [Leg(float_, -amount)], claim("a:end", "cash_out"))
        ledger.void(session, awa, held, amount, claim("b:end", "void"))
    assert (bank.balance(awa), bank.balance(held), bank.balance(float_)) == (6_000, 0, -4_000)

    with pytest.raises(KeyReused), bank.database.transaction() as session:
        ledger.void(session, awa, held, amount, claim("a:end", "void"))
    with pytest.raises(KeyReused), bank.database.transaction() as session:
        ledger.post_reserved(session, held, [Leg(float_, -amount)], claim("b:end", "cash_out"))
    with bank.database.transaction() as session:
        assert ledger.void(session, awa, held, amount, claim("b:end", "void")).is_replay
    assert (bank.balance(awa), bank.balance(held), bank.balance(float_)) == (6_000, 0, -4_000)


def test_more_than_there_is_cannot_be_reserved(bank: Bank) -> None:
    awa, held = bank.wallet(10_000), bank.reserved()

    with pytest.raises(InsufficientFunds), bank.database.transaction() as session:
        ledger.reserve(session, awa, held, Money(10_001, XOF), claim("a", "reserve"))

    assert (bank.balance(awa), bank.balance(held)) == (10_000, 0)


# Locks and reads


def test_locked_balances_wait_for_the_one_who_came_first(bank: Bank) -> None:
    awa, moussa, fees = bank.wallet(10_000), bank.wallet(20), bank.house()

    with bank.database.transaction() as session:
        assert ledger.lock_balances(session, [moussa, awa, fees]) == {awa: 10_000, moussa: 20}
        with bank.owner() as other, pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("select from ledger_account where id = %s for no key update nowait", (awa,))


def test_a_statement_lists_the_newest_first_with_the_balance_after_each(bank: Bank) -> None:
    awa, moussa = bank.wallet(1_000), bank.wallet()
    bank.post(replace(transfer(awa, moussa, 300, "t1"), reference="TR-ABC123"))
    bank.post(transfer(moussa, awa, 100, "t2"))

    with bank.database.transaction() as session:
        lines = accounts.list_statement(session, SYSTEM, awa)
        found, total = accounts.list_transactions(session, SYSTEM, search="tr-abc123")
        whole = accounts.get_transaction(session, SYSTEM, found[0].id)
    movements = [(line.amount.minor, line.balance_after and line.balance_after.minor) for line in lines]
    assert movements == [(100, 800), (-300, 700), (1_000, 1_000)]
    assert (total, [(row.reference, row.amount.minor, row.lines) for row in found]) == (1, [("TR-ABC123", 300, 2)])
    assert [(entry.account_id, entry.amount.minor) for entry in whole.entries] == [(awa, 300), (moussa, -300)]


def test_what_is_not_there_is_not_found(bank: Bank) -> None:
    with bank.database.transaction() as session:
        with pytest.raises(NotFound):
            ledger.get_balance(session, ids.new_id())
        with pytest.raises(NotFound):
            ledger.get_transaction(session, ids.new_id())
