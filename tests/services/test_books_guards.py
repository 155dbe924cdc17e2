"""The guards of the ledger and the views that examine it: each is seen to bite, with its guard and without."""

from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from core import ids
from core.database import driver
from services import ledger
from services.ledger import InsufficientFunds
from tests.builders.bank import transfer
from tests.builders.story import Connection, Story, broken_for, harm_entry, harm_transaction

# Append-only


LEDGER_TABLES = ("ledger_entry", "ledger_transaction", "ledger_seal")
CHANGES = {
    "ledger_entry": "update ledger_entry set amount = amount + 1",
    "ledger_transaction": "update ledger_transaction set reference = 'X'",
    "ledger_seal": "update ledger_seal set count = count + 1",
}


@pytest.mark.parametrize("table", LEDGER_TABLES)
@pytest.mark.parametrize("act", ["change", "delete", "truncate"])
def test_nobody_changes_what_was_written(story: Story, table: str, act: str) -> None:
    statement = {"change": CHANGES[table], "delete": f"delete from {table}", "truncate": f"truncate {table} cascade"}[
        act
    ]

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        story.bank.database.transaction() as session,
    ):
        driver(session).execute(statement)
    with story.bank.owner() as owner, pytest.raises(psycopg.DatabaseError) as refusal:
        owner.execute(statement)

    assert refusal.value.sqlstate == "PL003"
    assert story.bank.broken() == set()


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger_account set balance = balance + 1",
        "insert into ledger_account select * from ledger_account",
        "delete from ledger_account",
        "insert into ledger_entry overriding system value select * from ledger_entry",
        "insert into ledger_transaction select * from ledger_transaction",
        "update ledger_snapshot set balance = 0",
        "insert into ledger_seal overriding system value select * from ledger_seal",
    ],
)
def test_the_application_writes_the_ledger_through_its_functions_only(story: Story, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), story.bank.database.transaction() as session:
        driver(session).execute(statement.encode())


def test_a_table_of_the_callers_own_cannot_stand_in_for_the_ledgers(story: Story) -> None:
    with story.bank.database.transaction() as session:
        connection = driver(session)
        connection.execute("create temporary table ledger_account (like public.ledger_account)")
        connection.execute("insert into ledger_account select * from public.ledger_account")
        connection.execute("update ledger_account set balance = 1000000")
        with pytest.raises(InsufficientFunds):
            ledger.post(session, transfer(story.awa, story.moussa, 500_000, "t9"))

    assert story.bank.balance(story.moussa) == 3_000


def test_an_unbalanced_transaction_cannot_commit_whoever_writes_it(story: Story) -> None:
    owner = story.bank.owner()
    harm_entry(owner, story.fees, -1_000, harm_transaction(owner))

    with pytest.raises(psycopg.DatabaseError) as refusal:
        owner.commit()

    assert refusal.value.sqlstate == "PL002"
    owner.close()
    assert story.bank.balance(story.fees) == 30


# Teeth: without its guard, the harm is done, and its view sees it


def unbalanced(owner: Connection, story: Story) -> None:
    harm_entry(owner, story.fees, -1_000, harm_transaction(owner))
    owner.execute("set constraints all immediate")


def lost_update(owner: Connection, story: Story) -> None:
    """Two writers read 10 000 − 3 030 at version 2 and both write the next line."""
    for amount in (100, 200):
        transaction_id = harm_transaction(owner, f"lost {amount}")
        harm_entry(owner, story.awa, amount, transaction_id, 6_970 - amount, 5)
        harm_entry(owner, story.fees, -amount, transaction_id)
    owner.execute("update ledger_account set balance = 6770, version = 5 where id = %s", (story.awa,))


def overdrawn(owner: Connection, story: Story) -> None:
    owner.execute(
        "select ledger_post(%s, 'manual', 'overdraft', 'transfer', '', '', now(), now(), %s, %s, %s)",
        (ids.new_id(), [story.awa, story.moussa], [9_000, -9_000], ["XOF", "XOF"]),
    )


def posted_twice(owner: Connection, story: Story) -> None:
    for _ in range(2):
        transaction_id = harm_transaction(owner, "same key")
        harm_entry(owner, story.opening, 10, transaction_id)
        harm_entry(owner, story.fees, -10, transaction_id)


def reversed_twice(owner: Connection, story: Story) -> None:
    for key in ("one", "two"):
        owner.execute(
            "select ledger_post(%s, 'manual', %s, 'reversal', '', '', now(), now(), %s, %s, %s, %s)",
            (ids.new_id(), key, [story.moussa, story.awa], [100, -100], ["XOF", "XOF"], story.first),
        )


@dataclass(frozen=True, slots=True)
class Tooth:
    """A guard, the harm it prevents, how it refuses, and the invariant whose view sees the harm without it."""

    guard: str
    harm: Callable[[Connection, Story], None]
    refusal: str
    broken: frozenset[int]


TEETH = {
    "balance at commit": Tooth(
        "drop trigger ledger_entry_balanced on ledger_entry", unbalanced, "PL002", frozenset({1})
    ),
    "one line per version": Tooth(
        "alter table ledger_entry drop constraint uq_ledger_entry_account_id_account_version",
        lost_update,
        "23505",
        frozenset({2}),
    ),
    "floor": Tooth(
        "alter table ledger_account drop constraint ck_ledger_account_floor", overdrawn, "23514", frozenset({3})
    ),
    "one transaction per key": Tooth(
        "alter table ledger_transaction drop constraint uq_ledger_transaction_source_key",
        posted_twice,
        "23505",
        frozenset({4}),
    ),
    "one reversal": Tooth(
        "alter table ledger_transaction drop constraint uq_ledger_transaction_reverses_id",
        reversed_twice,
        "23505",
        frozenset({4}),
    ),
}


@pytest.mark.parametrize("name", TEETH)
def test_a_guard_refuses_and_without_it_the_view_sees(story: Story, name: str) -> None:
    tooth = TEETH[name]
    with story.bank.owner() as owner, pytest.raises(psycopg.DatabaseError) as refusal:
        tooth.harm(owner, story)
    assert refusal.value.sqlstate == tooth.refusal
    assert story.bank.broken() == set()

    with story.bank.owner() as owner:
        owner.execute(tooth.guard.encode())
        tooth.harm(owner, story)
        assert broken_for(owner) == tooth.broken
        owner.rollback()


def untrigger(owner: Connection) -> None:
    for table in LEDGER_TABLES:
        owner.execute(sql.SQL("alter table {} disable trigger user").format(sql.Identifier(table)))


# What no guard can stop, because the owner of a database may do anything, the views see all the same.
TAMPERING: dict[str, tuple[str, set[int]]] = {
    "a balance": ("update ledger_account set balance = balance + 1 where id = %(awa)s", {2}),
    "a version": ("update ledger_account set version = version + 1 where id = %(awa)s", {2}),
    "a snapshot": ("update ledger_snapshot set balance = balance + 1 where account_id = %(fees)s", {2}),
    "an amount": ("update ledger_entry set amount = amount + 1 where account_id = %(fees)s", {1, 2, 9}),
    "a balance after": (
        "update ledger_entry set balance_after = balance_after + 1 where account_id = %(moussa)s",
        {2, 9},
    ),
    "an owner": (
        "update ledger_entry set transaction_id = %(second)s where account_id = %(fees)s",
        {1, 9},
    ),
    "a line less": ("delete from ledger_entry where account_id = %(fees)s", {1, 2, 9}),
    "a transaction less": ("delete from ledger_entry where transaction_id = %(first)s", {1, 2, 9}),
    "a seal's hash": ("update ledger_seal set sha256 = sha256('') where id = 1", {9}),
    "a seal's count": ("update ledger_seal set count = count + 1 where id = 2", {9}),
    "a seal less": ("delete from ledger_seal where id = 1", {9}),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_seen(story: Story, what: str) -> None:
    statement, broken = TAMPERING[what]
    places = {name: getattr(story, name) for name in ("awa", "moussa", "fees", "first", "second")}

    with story.bank.owner() as owner:
        untrigger(owner)
        owner.execute(statement.encode(), places)
        assert broken_for(owner) == broken
        owner.rollback()


def test_a_forger_who_corrects_every_figure_is_betrayed_by_the_seal(story: Story) -> None:
    """He adds 1 000 to what Awa was given long ago, and to all that follows from it."""
    with story.bank.owner() as owner:
        untrigger(owner)
        for statement in (
            "update ledger_entry set amount = amount + 1000 where account_id = %(opening)s",
            "update ledger_snapshot set balance = balance + 1000 where account_id = %(opening)s",
            "update ledger_entry set amount = amount - 1000 where account_id = %(awa)s and account_version = 1",
            "update ledger_entry set balance_after = balance_after + 1000 where account_id = %(awa)s",
            "update ledger_account set balance = balance + 1000 where id = %(awa)s",
        ):
            owner.execute(statement, {"awa": story.awa, "opening": story.opening})
        assert owner.execute("select ledger_balance(%s)", (story.awa,)).fetchone() == (7_970,)
        assert broken_for(owner) == {9}
        owner.rollback()


def test_a_wallets_line_without_version_is_seen(story: Story) -> None:
    with story.bank.owner() as owner:
        transaction_id = harm_transaction(owner)
        harm_entry(owner, story.awa, -5_000, transaction_id)
        harm_entry(owner, story.fees, 5_000, transaction_id)

    assert story.bank.broken() == {2}
