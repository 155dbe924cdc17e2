"""The ledger, told as a story: money moves once, whole, and never further than there is."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest

from core import ids
from core.database import Database
from core.errors import Conflict, Forbidden, NotFound
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
    UnbalancedPosting,
)
from tests.builders.bank import Bank, transfer

XOF, CDF = Currency.XOF, Currency.CDF
ADMIN = Actor(user_id=None, name="Awa Ndiaye", grants=(Grant(Scope.PLATFORM, Role.ADMIN),))


@pytest.fixture
def bank(database: Database) -> Iterator[Bank]:
    bank = Bank(database)
    yield bank
    assert bank.broken() == set()


# One posting


def test_a_transfer_moves_money_and_says_what_is_left(bank: Bank) -> None:
    awa, moussa = bank.wallet(10_000), bank.wallet(500)

    posted = bank.post(transfer(awa, moussa, 3_000, "t1", fees=(bank.house(), 30)))

    assert not posted.is_replay
    assert posted.balances == {awa: 6_970, moussa: 3_500}  # the house's fee account is appended, not counted
    assert (bank.balance(awa), bank.balance(moussa), bank.balance(bank.house())) == (6_970, 3_500, 30)


def test_the_same_request_again_gives_the_stored_answer_and_moves_nothing(bank: Bank) -> None:
    awa, moussa = bank.wallet(10_000), bank.wallet()
    first = bank.post(transfer(awa, moussa, 3_000, "t1"))
    bank.post(transfer(awa, moussa, 1_000, "t2"))
    size = bank.size()

    again = bank.post(transfer(awa, moussa, 3_000, "t1"))

    assert again == Posted(first.id, is_replay=True, balances={awa: 7_000, moussa: 3_000})  # as it was then
    assert (bank.balance(awa), bank.balance(moussa)) == (6_000, 4_000)
    assert bank.size() == size


def test_a_replay_may_name_its_legs_in_another_order(bank: Bank) -> None:
    awa, moussa = bank.wallet(10_000), bank.wallet()
    posting = transfer(awa, moussa, 3_000, "t1")
    bank.post(posting)

    assert bank.post(replace(posting, id=ids.new_id(), legs=posting.legs[::-1])).is_replay


def test_a_used_key_with_other_content_is_a_conflict(bank: Bank) -> None:
    awa, moussa, fatou = bank.wallet(10_000), bank.wallet(), bank.wallet()
    bank.post(transfer(awa, moussa, 3_000, "t1"))
    others = [
        transfer(awa, moussa, 3_001, "t1"),
        transfer(awa, fatou, 3_000, "t1"),
        transfer(moussa, awa, 3_000, "t1"),
        replace(transfer(awa, moussa, 3_000, "t1"), kind="cash_out"),
    ]

    for other in others:
        with pytest.raises(KeyReused) as refusal:
            bank.post(other)
        assert isinstance(refusal.value, Conflict)
        assert refusal.value.status == 409

    assert (bank.balance(awa), bank.balance(moussa), bank.balance(fatou)) == (7_000, 3_000, 0)


def test_two_services_may_use_the_same_key(bank: Bank) -> None:
    awa, moussa = bank.wallet(10_000), bank.wallet()
    bank.post(transfer(awa, moussa, 3_000, "t1"))

    assert not bank.post(replace(transfer(awa, moussa, 3_000, "t1"), source=Source.TONTINE)).is_replay
    assert bank.balance(awa) == 4_000


def test_without_enough_money_nothing_moves_and_the_key_stays_free(bank: Bank) -> None:
    awa, moussa = bank.wallet(2_999), bank.wallet(1)
    size = bank.size()

    with pytest.raises(InsufficientFunds) as refusal:
        bank.post(transfer(awa, moussa, 3_000, "t1"))

    assert (refusal.value.code, str(refusal.value)) == ("solde_insuffisant", "Solde insuffisant. Rien n'a été débité.")
    assert (bank.balance(awa), bank.balance(moussa)) == (2_999, 1)
    assert bank.size() == size
    assert not bank.post(transfer(awa, moussa, 2_999, "t1")).is_replay
    assert bank.balance(awa) == 0  # the last franc may be spent


def test_malformed_legs_are_a_bug_and_move_nothing(bank: Bank) -> None:
    awa, moussa, kinshasa, fees = bank.wallet(10_000), bank.wallet(), bank.wallet(0, CDF), bank.house()
    size = bank.size()
    malformed = {
        "out of balance": ((awa, 100, XOF), (moussa, -99, XOF)),
        "a single leg": ((awa, 100, XOF),),
        "no leg": (),
        "nothing moved": ((awa, 0, XOF), (moussa, 0, XOF)),
        "an unknown account": ((awa, 100, XOF), (ids.new_id(), -100, XOF)),
        "a wallet twice": ((awa, 100, XOF), (moussa, -50, XOF), (moussa, -50, XOF)),
        "a house account twice": ((awa, 100, XOF), (fees, -50, XOF), (fees, -50, XOF)),
        "two currencies": ((awa, 100, XOF), (kinshasa, -100, CDF)),
        "francs on a Congolese wallet": ((awa, 100, XOF), (kinshasa, -100, XOF)),
        "Congolese francs on both": ((awa, 100, CDF), (moussa, -100, CDF)),
        "Congolese francs on a house account": ((kinshasa, -100, CDF), (fees, 100, CDF)),
    }

    for key, legs in malformed.items():
        posting = Posting(
            Source.MANUAL, key, "transfer", tuple(Leg(account, Money(minor, unit)) for account, minor, unit in legs)
        )
        with pytest.raises(UnbalancedPosting):
            bank.post(posting)
        with pytest.raises(UnbalancedPosting):
            bank.post_many(transfer(awa, moussa, 1, f"good beside {key}"), posting)

    assert bank.size() == size
    assert bank.balance(awa) == 10_000


def test_currencies_balance_each_on_its_own(bank: Bank) -> None:
    dakar, kinshasa = bank.wallet(10_000), bank.wallet(0, CDF)
    change_xof, change_cdf = bank.house(AccountKind.SUSPENSE), bank.house(AccountKind.SUSPENSE, CDF)
    legs = (
        Leg(dakar, Money(1_000, XOF)),
        Leg(change_xof, Money(-1_000, XOF)),
        Leg(change_cdf, Money(452_150, CDF)),
        Leg(kinshasa, Money(-452_150, CDF)),
    )

    posted = bank.post(Posting(Source.MANUAL, "change", "exchange", legs))

    assert posted.balances == {dakar: 9_000, kinshasa: 452_150}
    with bank.database.transaction() as session:
        assert ledger.get_balance(session, kinshasa) == Money(452_150, CDF)
        written = ledger.get_transaction(session, posted.id)["entries"]
    assert sorted((row["currency"], row["amount"]) for row in written) == [
        ("CDF", -452_150),
        ("CDF", 452_150),
        ("XOF", -1_000),
        ("XOF", 1_000),
    ]


# House accounts


def test_house_accounts_are_appended_and_summed_from_the_last_seal(bank: Bank) -> None:
    awa, moussa, fees = bank.wallet(10_000), bank.wallet(), bank.house()
    for turn in range(3):
        bank.post(transfer(awa, moussa, 100, f"t{turn}", fees=(fees, 7)))
    assert bank.figure("select balance || ' ' || version from ledger_account where id = %s", fees) == "0 0"
    assert bank.balance(fees) == 21

    bank.seal()
    bank.post(transfer(awa, moussa, 100, "t3", fees=(fees, 9)))

    assert bank.figure("select balance from ledger_snapshot where account_id = %s", fees) == 21
    assert bank.balance(fees) == 30
    bank.seal()
    assert bank.figure("select balance from ledger_snapshot where account_id = %s", fees) == 30


def test_a_house_account_is_opened_once_and_forgotten_when_its_opening_is_undone(bank: Bank) -> None:
    with bank.database.transaction() as session:
        savepoint = session.begin_nested()
        ledger.house_account(session, AccountKind.PAYABLE, XOF)
        savepoint.rollback()  # and the rest is committed
    with bank.database.transaction() as session:
        ledger.house_account(session, AccountKind.PAYABLE, XOF)
        session.begin_nested().commit()
        session.rollback()
    assert bank.figure("select count(*) from ledger_account where kind = 'payable'") == 0

    payable = bank.house(AccountKind.PAYABLE)

    assert payable == bank.house(AccountKind.PAYABLE)
    assert bank.figure("select count(*) from ledger_account where id = %s", payable) == 1


# Reversals


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
