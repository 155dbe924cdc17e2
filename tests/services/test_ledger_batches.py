"""Many transfers in one commit: in their order, all or none, one update an account."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core import ids
from core.database import Database
from core.permissions import SYSTEM
from models.ledger import Source
from services import accounts
from services.ledger import InsufficientFunds, KeyReused, UnbalancedPosting
from tests.builders.bank import Bank, transfer


@pytest.fixture
def bank(database: Database) -> Iterator[Bank]:
    bank = Bank(database)
    yield bank
    assert bank.broken() == set()


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
