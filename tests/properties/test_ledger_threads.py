"""Many at once: opposite directions, the same keys, batches, reversals, seals; to the franc, and never a deadlock."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier, Event
from uuid import UUID

import psycopg
import pytest

from core import ids
from core.database import Database, driver
from core.errors import Refusal
from models.ledger import AccountKind
from services import ledger
from services.ledger import InsufficientFunds, Leg, Posted, Posting
from tests.builders.bank import Bank, rewrite, transfer

OPENING_MINOR = 2_000
WALLETS = 5
POOL = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What all threads are asked together: each thread does every posting, in an order of its own."""

    wallets: list[UUID]
    postings: list[Posting]
    seed: int

    def of(self, thread: int) -> list[list[Posting]]:
        """Return one thread's work: single postings and batches, shuffled, with ids of its own."""
        chance = random.Random(f"{self.seed}:{thread}")  # noqa: S311  # a seed repeats a plan
        own = [replace(posting, id=ids.new_id()) for posting in self.postings]
        chance.shuffle(own)
        work = []
        while own:
            size = 1 if own[0].reverses_id else chance.choice([1, 1, 1, 6])
            taken, own = own[:size], own[size:]
            work += [taken] if all(one.reverses_id is None for one in taken) else [[one] for one in taken]
        return work


def make_plan(bank: Bank, size: int, seed: int) -> Plan:
    chance = random.Random(seed)  # noqa: S311  # a seed repeats a plan
    wallets, fees = [bank.wallet(OPENING_MINOR) for _ in range(WALLETS)], bank.house()
    postings: list[Posting] = []
    for number in range(size):
        payer, payee = chance.sample(wallets, 2)
        posting = transfer(payer, payee, chance.randint(1, 900), f"{seed}:{number}", fees=(fees, chance.randint(1, 9)))
        if number % 10 == 0:  # posted before the rush, and reversed in it
            gift = transfer(bank.house(AccountKind.OPENING), payee, 50, posting.key)
            bank.post(gift)
            back = tuple(Leg(leg.account_id, -leg.amount) for leg in gift.legs)
            posting = replace(gift, key=f"{gift.key}:reversal", kind="reversal", legs=back, reverses_id=gift.id)
        postings.append(posting)
    return Plan(wallets, postings, seed)


def work_through(bank: Bank, work: list[list[Posting]], start: Barrier) -> list[tuple[Posting, Posted]]:
    """Ask for everything, one transaction each; keep what was acknowledged."""
    acknowledged: list[tuple[Posting, Posted]] = []
    start.wait()
    for postings in work:
        try:
            with bank.database.transaction() as session:
                if len(postings) == 1:
                    answers = [ledger.post(session, postings[0])]
                else:
                    answers = ledger.post_many(session, postings)
        except InsufficientFunds:
            continue
        acknowledged += zip(postings, answers, strict=True)
    return acknowledged


def seal_until(bank: Bank, done: Event) -> int:
    """Seal small windows all the while; a busy ledger may refuse one."""
    seals = 0
    while not done.is_set():
        try:
            seals += bank.seal(most=50) > 0
        except psycopg.errors.LockNotAvailable:
            continue
    return seals


def rush(bank: Bank, plan: Plan, threads: int) -> list[tuple[Posting, Posted]]:
    """Let all threads go at once, a sealer beside them; any error but a lack of money is a failure."""
    start, done = Barrier(threads), Event()
    with ThreadPoolExecutor(threads + 1) as pool:
        sealer = pool.submit(seal_until, bank, done)
        workers = [pool.submit(work_through, bank, plan.of(thread), start) for thread in range(threads)]
        try:
            acknowledged = [answer for worker in workers for answer in worker.result()]
        finally:
            done.set()
        assert sealer.result() > 0
    return acknowledged


def prove(bank: Bank, plan: Plan, acknowledged: list[tuple[Posting, Posted]]) -> None:
    """Compare with the outside witness: what was acknowledged happened once, and nothing else did."""
    posted = {posting.key: posting for posting, answer in acknowledged if not answer.is_replay}
    assert Counter(posting.key for posting, answer in acknowledged if not answer.is_replay) == Counter(list(posted))
    assert {posting.key for posting, _ in acknowledged} == set(posted)
    stored = {posting.key: posting.id for posting in posted.values()}
    assert {answer.id for posting, answer in acknowledged} == set(stored.values())
    with bank.database.transaction() as session:
        keys = [posting.key for posting in plan.postings]
        query = "select key, id from ledger_transaction where key = any(%s)"
        assert dict(driver(session).execute(query, (keys,)).fetchall()) == stored

    gifts = sum(50 for posting in plan.postings if posting.reverses_id)
    expected = Counter(dict.fromkeys(plan.wallets, OPENING_MINOR))
    for posting in plan.postings:
        if posting.reverses_id:
            expected[posting.legs[1].account_id] += 50
    for posting in posted.values():
        for leg in posting.legs:
            if leg.account_id in expected:
                expected[leg.account_id] -= leg.amount.minor
    assert {wallet: bank.balance(wallet) for wallet in plan.wallets} == expected
    assert min(expected.values()) >= 0
    reversed_minor = sum(50 for posting in posted.values() if posting.reverses_id)
    assert bank.balance(bank.house(AccountKind.OPENING)) == WALLETS * OPENING_MINOR + gifts - reversed_minor
    while bank.seal():
        pass
    assert bank.broken() == set()


def test_threads_that_ask_for_the_same_move_it_once(database: Database) -> None:
    bank = Bank(database)
    plan = make_plan(bank, size=60, seed=1)

    prove(bank, plan, rush(bank, plan, threads=6))


def test_one_reversal_asked_by_many_at_once_is_posted_once_and_replayed_to_the_others(database: Database) -> None:
    """They may meet on the reversed transaction's unique key before they meet on their own."""
    bank = Bank(database)
    awa, moussa = bank.wallet(10_000), bank.wallet()
    threads, rounds = 8, 100
    start = Barrier(threads, timeout=20)
    gifts = [transfer(awa, moussa, 10, f"gift {number}") for number in range(rounds)]
    bank.post_many(*gifts)

    def reverse_all(_thread: int) -> list[Posted]:
        answers = []
        for gift in gifts:
            back = tuple(Leg(leg.account_id, -leg.amount) for leg in gift.legs)
            start.wait()
            answers.append(
                bank.post(replace(gift, id=ids.new_id(), key=f"{gift.key}:r", legs=back, reverses_id=gift.id))
            )
        return answers

    with ThreadPoolExecutor(threads) as pool:
        answers = [answer for done in pool.map(reverse_all, range(threads)) for answer in done]

    assert Counter(answer.is_replay for answer in answers) == {False: rounds, True: rounds * (threads - 1)}
    assert (bank.balance(awa), bank.balance(moussa)) == (10_000, 0)
    assert bank.broken() == set()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_threads_at_length(database: Database, seed: int) -> None:
    bank = Bank(database)
    plan = make_plan(bank, size=400, seed=seed)

    prove(bank, plan, rush(bank, plan, threads=16))


def test_without_the_lock_order_the_rush_ends_in_a_deadlock(own_database: Database) -> None:
    bank = Bank(own_database)
    with bank.owner() as owner:
        order = "order by a.id for no key update"
        rewrite(owner, "ledger_post", order, "order by array_position(p_accounts, a.id) for no key update")
    awa, moussa = bank.wallet(100_000), bank.wallet(100_000)
    start, ended = Barrier(8), Event()

    def pay(thread: int) -> None:
        payer, payee = (awa, moussa) if thread % 2 else (moussa, awa)
        start.wait()
        try:
            for number in range(5_000):
                bank.post(transfer(payer, payee, 1, f"{thread}:{number}"))
                if ended.is_set():
                    return
        finally:
            ended.set()

    with ThreadPoolExecutor(8) as pool:
        ends = [pool.submit(pay, thread) for thread in range(8)]
        errors = [type(end.exception()) for end in ends]

    assert psycopg.errors.DeadlockDetected in errors
    assert not any(issubclass(error, Refusal) for error in errors)
    assert bank.broken() == set()
