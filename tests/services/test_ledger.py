"""The ledger, told as a story: money moves once, whole, and never further than there is."""

from dataclasses import replace

import pytest

from core import ids
from core.database import Database
from core.errors import Conflict
from core.money import Currency, Money
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from models.ledger import AccountKind, Source
from services import accounts, ledger
from services.ledger import (
    InsufficientFunds,
    KeyReused,
    Leg,
    Posted,
    Posting,
    UnbalancedPosting,
)
from tests.builders.bank import Bank, transfer

XOF, CDF = Currency.XOF, Currency.CDF
ADMIN = Actor(user_id=None, name="Awa Ndiaye", grants=(Grant(Scope.PLATFORM, Role.ADMIN),))


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


# Batches


def test_a_hundred_in_one_commit_keep_their_order_and_replay_inside(bank: Bank) -> None:
    awa, moussa, fees = bank.wallet(10_000), bank.wallet(), bank.house()
    before = bank.post(transfer(awa, moussa, 50, "p7", fees=(fees, 1)))
    batch = [transfer(awa, moussa, 50, f"p{number}", fees=(fees, 1)) for number in range(100)]
    batch[42] = replace(batch[41], id=ids.new_id())  # a twin inside the batch itself

    posted = bank.post_many(*batch)

    assert [row.is_replay for row in posted] == [number in {7, 42} for number in range(100)]
    assert posted[7].id == before.id
    assert posted[42].id == posted[41].id
    assert posted[99].id == batch[99].id
    assert (bank.balance(awa), bank.balance(moussa), bank.balance(fees)) == (10_000 - 99 * 51, 99 * 50, 99)
    assert bank.figure("select version from ledger_account where id = %s", awa) == 1 + 99
    with bank.database.transaction() as session:
        newest_first = [row.transaction_id for row in accounts.list_statement(session, SYSTEM, awa, limit=98)]
    fresh = [row.id for row in posted if not row.is_replay]
    assert newest_first == fresh[::-1]

    assert all(row.is_replay for row in bank.post_many(*batch))
    assert bank.balance(awa) == 10_000 - 99 * 51


@pytest.mark.parametrize("size", [2, 7, 40, 1_000])
def test_of_twins_in_a_batch_the_first_is_posted(bank: Bank, size: int) -> None:
    """The sort by key alone is not stable: from seven lines on, the last twin could be the one that was written."""
    awa, moussa = bank.wallet(1_000), bank.wallet()
    batch = [transfer(awa, moussa, 1, f"p{number:03}") for number in range(size - 1)]
    batch.append(replace(batch[0], id=ids.new_id()))

    posted = bank.post_many(*batch)

    assert [row.is_replay for row in posted] == [False] * (size - 1) + [True]
    assert [row.id for row in posted] == [one.id for one in batch[:-1]] + [batch[0].id]
    assert bank.balance(moussa) == size - 1


def test_a_batch_updates_each_account_once(own_database: Database) -> None:
    bank = Bank(own_database)
    awa, moussa = bank.wallet(1_000), bank.wallet()
    with bank.owner() as owner:
        owner.execute("create table account_update (account_id uuid)")
        owner.execute(
            "create function note_update() returns trigger language plpgsql security definer as"
            " 'begin insert into account_update values (new.id); return null; end'"
        )
        owner.execute(
            "create trigger note_update after update on ledger_account for each row execute function note_update()"
        )

    bank.post_many(*(transfer(awa, moussa, 1, f"p{number}") for number in range(100)))

    with bank.owner() as owner:
        noted = {account_id for (account_id,) in owner.execute("select account_id from account_update")}
        assert owner.execute("select count(*) from account_update").fetchone() == (2,)
    assert noted == {awa, moussa}


def test_a_batch_never_dips_under_the_floor_on_its_way(bank: Bank) -> None:
    awa, moussa = bank.wallet(100), bank.wallet(100)
    out, back = transfer(awa, moussa, 150, "out"), transfer(moussa, awa, 150, "back")
    size = bank.size()

    with pytest.raises(InsufficientFunds):
        bank.post_many(out, back)  # the net is nothing, but awa would have stood at -50
    with pytest.raises(InsufficientFunds):
        bank.post_many(transfer(awa, moussa, 60, "a"), transfer(awa, moussa, 60, "b"))

    assert bank.size() == size
    assert (bank.balance(awa), bank.balance(moussa)) == (100, 100)
    bank.post_many(transfer(awa, moussa, 100, "a"), transfer(moussa, awa, 200, "b"))
    assert (bank.balance(awa), bank.balance(moussa)) == (200, 0)


def test_a_used_key_refuses_the_whole_batch(bank: Bank) -> None:
    awa, moussa = bank.wallet(1_000), bank.wallet()
    bank.post(transfer(awa, moussa, 10, "used"))
    size = bank.size()

    with pytest.raises(KeyReused):
        bank.post_many(transfer(awa, moussa, 1, "new"), transfer(awa, moussa, 11, "used"))
    with pytest.raises(KeyReused):
        bank.post_many(transfer(awa, moussa, 1, "twin"), transfer(awa, moussa, 2, "twin"))

    assert bank.size() == size


def test_a_batch_is_of_one_source_one_actor_and_at_most_a_thousand(bank: Bank) -> None:
    awa, moussa = bank.wallet(2_000), bank.wallet()
    one = transfer(awa, moussa, 1, "one")

    assert bank.post_many() == []
    for other in (
        replace(one, source=Source.TONTINE),
        replace(one, actor="Moussa"),
        replace(one, reverses_id=one.id),
    ):
        with pytest.raises(ValueError, match="one source, one actor and no reversal"):
            bank.post_many(transfer(awa, moussa, 1, "two"), other)
    with pytest.raises(UnbalancedPosting):
        bank.post_many(*(transfer(awa, moussa, 1, f"p{number}") for number in range(1_001)))
    assert bank.balance(awa) == 2_000

    assert len(bank.post_many(*(transfer(awa, moussa, 1, f"p{number}") for number in range(1_000)))) == 1_000
    assert bank.balance(awa) == 1_000
