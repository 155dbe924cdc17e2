"""Who waits for whom: accounts and keys are claimed in one order, and a seal waits for what is in flight."""

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
from tests.builders.story import Connection, Story, wait_until_blocked_by

# Lock order: two who pay each other never wait in a ring


def is_free(holder: Connection, account: UUID) -> bool:
    try:
        with holder.transaction():
            holder.execute("select from ledger_account where id = %s for no key update nowait", (account,))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


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
            rewrite(owner, "ledger_post_many", "order by t.key --", "--")
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


def test_seals_close_windows_of_the_size_asked(story: Story) -> None:
    for number in range(5):
        story.bank.post(transfer(story.awa, story.moussa, 1, f"s{number}"))

    assert [story.bank.seal(most=4) for _ in range(4)] == [4, 4, 2, 0]
    assert story.bank.figure("select array_agg(count order by id) from ledger_seal") == [5, 4, 4, 4, 2]
    assert story.bank.broken() == set()


def test_a_seal_waits_for_postings_in_flight_and_gives_up_politely(story: Story) -> None:
    with story.bank.database.transaction() as session:
        ledger.post(session, transfer(story.awa, story.moussa, 1, "s1"))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            story.bank.seal()

    assert story.bank.seal() == 2


def test_postings_go_on_while_a_window_is_hashed(story: Story) -> None:
    story.bank.post(transfer(story.awa, story.moussa, 1, "s1"))
    with story.bank.database.transaction() as session:
        assert ledger.seal_next(session) == 2
        story.bank.post(transfer(story.awa, story.moussa, 1, "s2"))  # the seal is not committed yet

    assert story.bank.seal() == 2
    assert story.bank.broken() == set()


def test_one_sealer_at_a_time(story: Story) -> None:
    story.bank.post(transfer(story.awa, story.moussa, 1, "s1"))
    with story.bank.database.transaction() as session:
        ledger.seal_next(session)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            story.bank.seal()

    assert story.bank.seal() == 0


def test_a_seal_refuses_an_old_snapshot(story: Story) -> None:
    with story.bank.database.transaction() as session:
        driver(session).execute("set transaction isolation level repeatable read")
        with pytest.raises(psycopg.DatabaseError, match="a seal must see") as refusal:
            ledger.seal_next(session)

    assert refusal.value.sqlstate == "PL004"
