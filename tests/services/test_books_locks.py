"""Signs, versions and the order of locks: taken out of the posting functions, each is missed."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from uuid import UUID

import psycopg
import pytest

from core import ids
from core.database import driver
from services import ledger
from tests.builders.bank import rewrite, transfer
from tests.builders.story import Connection, Story


@pytest.mark.parametrize("function", ["ledger_post", "ledger_post_many"])
def test_a_flipped_sign_is_seen(own_story: Story, function: str) -> None:
    flips = {
        "ledger_post": ("leg.amount * ledger_sign(a.side), version", "leg.amount * -ledger_sign(a.side), version"),
        "ledger_post_many": (
            "sum(leg.amount) * ledger_sign(locked.side)",
            "sum(leg.amount) * -ledger_sign(locked.side)",
        ),
    }
    with own_story.bank.owner() as owner:
        rewrite(owner, function, *flips[function])

    if function == "ledger_post":
        own_story.bank.post(transfer(own_story.awa, own_story.moussa, 100, "t9"))
    else:
        own_story.bank.post_many(transfer(own_story.awa, own_story.moussa, 100, "t9"))

    assert own_story.bank.broken() == {2}


def test_a_posting_that_forgets_to_lock_is_caught_by_the_version(own_story: Story) -> None:
    """Without its row lock, a writer works on what it read; the version's unique key stops the second."""
    with own_story.bank.owner() as owner:
        rewrite(
            owner, "ledger_post", "set balance = a.balance + leg.amount", "set balance = stale.balance + leg.amount"
        )
        rewrite(owner, "ledger_post", "version = a.version + 1", "version = stale.version + 1")
        rewrite(owner, "ledger_post", "from locked join leg", "from ledger_stale stale join locked using (id) join leg")
        owner.execute("create table ledger_stale as select * from ledger_account")
    own_story.bank.post(transfer(own_story.awa, own_story.moussa, 100, "t8"))

    with pytest.raises(psycopg.errors.UniqueViolation) as refusal:
        own_story.bank.post(transfer(own_story.awa, own_story.moussa, 200, "t9"))

    assert refusal.value.diag.constraint_name == "uq_ledger_entry_account_id_account_version"
    assert own_story.bank.broken() == set()


# Lock order: two who pay each other never wait in a ring


def is_free(holder: Connection, account: UUID) -> bool:
    try:
        with holder.transaction():
            holder.execute("select from ledger_account where id = %s for no key update nowait", (account,))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def wait_until_blocked_by(holder: Connection) -> None:
    waiting = "select count(*) from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))"
    while holder.execute(waiting).fetchone() == (0,):
        pass


ORDERS: dict[str, tuple[Callable[[Story, UUID, UUID], object], str, str]] = {
    "ledger_post": (
        lambda story, low, high: story.bank.post(transfer(high, low, 1, "t9")),
        "order by a.id for no key update",
        "order by a.id desc for no key update",
    ),
    "ledger_post_many": (
        lambda story, low, high: story.bank.post_many(transfer(high, low, 1, "t9")),
        "order by a.id for no key update",
        "order by a.id desc for no key update",
    ),
    "ledger_lock": (
        lambda story, low, high: lock(story, [high, low]),
        "order by a.id for no key update",
        "order by a.id desc for no key update",
    ),
}


def lock(story: Story, accounts: list[UUID]) -> None:
    with story.bank.database.transaction() as session:
        ledger.lock_balances(session, accounts)


@pytest.mark.parametrize("function", ORDERS)
@pytest.mark.parametrize("is_guarded", [True, False], ids=["in order", "order removed"])
def test_accounts_are_locked_from_the_lowest_id_up(own_story: Story, function: str, is_guarded: bool) -> None:  # noqa: FBT001
    """While another holds the lowest account, whoever wants both waits for it with empty hands."""
    act, order, removed = ORDERS[function]
    low, high = sorted((own_story.awa, own_story.moussa))
    if not is_guarded:
        with own_story.bank.owner() as owner:
            rewrite(owner, function, order, removed)

    with own_story.bank.owner() as holder:
        holder.execute("select from ledger_account where id = %s for no key update", (low,))
        payer = Thread(target=act, args=(own_story, low, high))
        payer.start()
        wait_until_blocked_by(holder)
        free = is_free(holder, high)
    payer.join()

    assert free is is_guarded


@pytest.mark.parametrize("is_guarded", [True, False], ids=["in order", "order removed"])
def test_a_batch_claims_its_keys_in_order(own_story: Story, is_guarded: bool) -> None:  # noqa: FBT001
    """Two batches that share keys in opposite orders: the second waits for the first key, and holds none."""
    if not is_guarded:
        with own_story.bank.owner() as owner:
            rewrite(owner, "ledger_post_many", "order by t.key, t.position", "")
    first, second = (transfer(own_story.awa, own_story.moussa, 1, key) for key in ("a", "b"))
    ends: list[object] = []

    def post_both() -> None:
        try:
            ends.extend(row.is_replay for row in own_story.bank.post_many(second, first))
        except psycopg.errors.DeadlockDetected as error:
            ends.append(type(error))

    batch = Thread(target=post_both)
    try:
        with own_story.bank.database.transaction() as session:
            ledger.post(session, replace(first, id=ids.new_id()))
            batch.start()
            wait_until_blocked_by(driver(session))
            ledger.post(session, replace(second, id=ids.new_id()))
    except psycopg.errors.DeadlockDetected as error:
        ends.append(type(error))
    batch.join()

    assert (psycopg.errors.DeadlockDetected in ends) is not is_guarded
    assert own_story.bank.balance(own_story.awa) == 6_970 - 2


# Seals
