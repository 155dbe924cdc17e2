"""A machine that does anything to the ledger, in any order, beside a small model that says what must come of it."""

from dataclasses import dataclass, field, replace
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from core import ids
from core.database import Database
from core.money import Currency, Money
from core.permissions import Actor, Grant, Role, Scope
from models.ledger import HOUSE_KINDS, AccountKind, Source
from services import ledger
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
from tests.builders.bank import Bank, rewrite

ADMIN = Actor(user_id=None, name="Awa Ndiaye", grants=(Grant(Scope.PLATFORM, Role.ADMIN),))
Refused = type[Exception]


@dataclass(frozen=True, slots=True)
class Account:
    """A wallet, a reserved side (both with a floor of nothing) or a house account (without)."""

    id: UUID
    currency: Currency
    is_house: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A transfer as the model sees it; `fee` goes on top, to a house account."""

    payer: Account
    payee: Account
    minor: int
    house: Account | None = None
    fee: int = 0

    def posting(self, key: str) -> Posting:
        unit = self.payer.currency
        legs = [Leg(self.payer.id, Money(self.minor + self.fee, unit)), Leg(self.payee.id, Money(-self.minor, unit))]
        if self.house:
            legs.append(Leg(self.house.id, Money(-self.fee, unit)))
        return Posting(Source.MANUAL, key, "transfer", tuple(legs))


@dataclass
class Model:
    """What the ledger must say: balances, and what each key was used for."""

    accounts: dict[UUID, Account] = field(default_factory=dict)
    balances: dict[UUID, int] = field(default_factory=dict)
    used: dict[str, tuple[Posting, Posted]] = field(default_factory=dict)
    reversed: dict[UUID, str] = field(default_factory=dict)

    def expect(self, posting: Posting) -> Posted | Refused:
        """Say what posting this now must answer."""
        if posting.key in self.used:
            before, posted = self.used[posting.key]
            return replace(posted, is_replay=True) if _content(before) == _content(posting) else KeyReused
        named = [self.accounts[leg.account_id] for leg in posting.legs]
        is_strange = any(a.currency != leg.amount.currency for a, leg in zip(named, posting.legs, strict=True))
        if len({account.id for account in named}) < len(named) or is_strange:
            return UnbalancedPosting
        after = {
            leg.account_id: self.balances[leg.account_id] - leg.amount.minor
            for account, leg in zip(named, posting.legs, strict=True)
            if not account.is_house
        }
        return InsufficientFunds if min(after.values(), default=0) < 0 else Posted(posting.id, False, after)

    def take(self, posting: Posting, posted: Posted) -> None:
        """Write down what was posted."""
        for leg in posting.legs:
            self.balances[leg.account_id] -= leg.amount.minor
        self.used[posting.key] = (posting, posted)


def _content(posting: Posting) -> tuple[object, ...]:
    return posting.kind, posting.reverses_id, frozenset(posting.legs)


amounts = st.integers(1, 400)
currencies = st.sampled_from([Currency.XOF, Currency.CDF])
accounts = Bundle[Account]("accounts")
reserves: Bundle[tuple[str, Account, Account, int]] = Bundle("reserves")


class LedgerMachine(RuleBasedStateMachine):
    """Posts, repeats, contradicts, reverses, reserves and seals; compares with the model after each step."""

    def __init__(self, bank: Bank) -> None:
        super().__init__()
        self.bank = bank
        self.model = Model()
        self.prefix = ids.new_id().hex
        self.count = 0

    def _key(self) -> str:
        self.count += 1
        return f"{self.prefix}:{self.count}"

    def _open(self, kind: AccountKind, currency: Currency) -> Account:
        with self.bank.database.transaction() as session:
            account_id = ledger.open_account(session, kind, "test", ids.new_id(), currency)
        account = Account(account_id, currency, kind in HOUSE_KINDS)
        self.model.accounts[account_id] = account
        self.model.balances[account_id] = 0
        return account

    def _post(self, posting: Posting) -> Posted | Refused:
        """Post one, and require the model's answer."""
        expected = self.model.expect(posting)
        try:
            answer: Posted | Refused = self.bank.post(posting)
        except (InsufficientFunds, KeyReused, UnbalancedPosting) as refusal:
            answer = type(refusal)
        # Of a posting that is both malformed and too poor, either may be said.
        assert answer == expected or (expected, answer) == (UnbalancedPosting, InsufficientFunds)
        if isinstance(answer, Posted) and not answer.is_replay:
            self.model.take(posting, answer)
        return answer

    @initialize(target=accounts)
    def found(self) -> MultipleResults[Account]:
        self.purse = self._open(AccountKind.OPENING, Currency.XOF)
        wallets = [self._open(AccountKind.WALLET, Currency.XOF) for _ in range(3)]
        for wallet in wallets:
            self._post(Move(self.purse, wallet, 1_000).posting(self._key()))
        return multiple(*wallets, self._open(AccountKind.FEE_INCOME, Currency.XOF))

    @rule(target=accounts, kind=st.sampled_from([AccountKind.WALLET, AccountKind.FEE_INCOME]), currency=currencies)
    def open(self, kind: AccountKind, currency: Currency) -> Account:
        return self._open(kind, currency)

    @rule(payee=accounts, minor=amounts)
    def fund(self, payee: Account, minor: int) -> None:
        self._post(Move(self.purse, payee, minor).posting(self._key()))

    @rule(payer=accounts, payee=accounts, minor=amounts)
    def give(self, payer: Account, payee: Account, minor: int) -> None:
        self._post(Move(payer, payee, minor).posting(self._key()))

    @rule(payer=accounts, payee=accounts, house=accounts, minor=amounts, fee=st.integers(1, 9))
    def transfer(self, payer: Account, payee: Account, house: Account, minor: int, fee: int) -> None:
        taking = (house, fee) if house.is_house else (None, 0)
        self._post(Move(payer, payee, minor, *taking).posting(self._key()))

    def _past(self, data: st.DataObject) -> Posting:
        return self.model.used[data.draw(st.sampled_from(sorted(self.model.used)))][0]

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        past = self._past(data)
        answer = self._post(replace(past, id=ids.new_id(), legs=past.legs[::-1]))
        assert isinstance(answer, Posted)
        assert answer.is_replay

    @rule(data=st.data(), payer=accounts, payee=accounts, minor=amounts)
    def contradict(self, data: st.DataObject, payer: Account, payee: Account, minor: int) -> None:
        past = self._past(data)
        self._post(Move(payer, payee, minor).posting(past.key))

    @rule(data=st.data())
    def unbalance(self, data: st.DataObject) -> None:
        past = self._past(data)
        first, *others = past.legs
        off = replace(first, amount=Money(first.amount.minor + 1, first.amount.currency))
        with pytest.raises(UnbalancedPosting):
            self.bank.post(replace(past, id=ids.new_id(), key=self._key(), legs=(off, *others)))

    @rule(data=st.data(), moves=st.lists(st.tuples(accounts, accounts, amounts), min_size=1, max_size=8))
    def batch(self, data: st.DataObject, moves: list[tuple[Account, Account, int]]) -> None:
        postings = [Move(*move).posting(self._key()) for move in moves]
        if data.draw(st.booleans(), label="with a replay"):
            postings.insert(data.draw(st.integers(0, len(postings))), replace(self._past(data), id=ids.new_id()))
            postings.append(replace(postings[0], id=ids.new_id()))
        postings = [one for one in postings if one.reverses_id is None and one.source == Source.MANUAL]
        trial = Model(self.model.accounts, dict(self.model.balances), dict(self.model.used), self.model.reversed)
        expected: list[Posted | Refused] = []
        for posting in postings:
            expected.append(trial.expect(posting))
            outcome = expected[-1]
            if isinstance(outcome, Posted) and not outcome.is_replay:
                trial.take(posting, outcome)
        refused = {outcome for outcome in expected if not isinstance(outcome, Posted)}
        if refused:
            with pytest.raises((InsufficientFunds, KeyReused, UnbalancedPosting)) as refusal:
                self.bank.post_many(*postings)
            assert refusal.type in refused | ({InsufficientFunds} if UnbalancedPosting in refused else set())
            return
        answers = self.bank.post_many(*postings)
        assert [(answer.id, answer.is_replay) for answer in answers] == [
            (outcome.id, outcome.is_replay) for outcome in expected if isinstance(outcome, Posted)
        ]
        self.model = trial

    @rule(data=st.data(), is_repeated=st.booleans())
    def reverse(self, data: st.DataObject, is_repeated: bool) -> None:  # noqa: FBT001
        original = self._past(data)
        original_id = self.model.used[original.key][1].id
        key = self.model.reversed.get(original_id, "") if is_repeated else ""
        key = key or self._key()
        back = tuple(Leg(leg.account_id, -leg.amount) for leg in original.legs)
        mirror = Posting(original.source, key, "reversal", back, reverses_id=original_id)
        is_taken = original_id in self.model.reversed and self.model.reversed[original_id] != key
        expected: Posted | Refused = AlreadyReversed
        if original.reverses_id is None and not is_taken:
            expected = self.model.expect(mirror)
        try:
            with self.bank.database.transaction() as session:
                answer: Posted | Refused = ledger.reverse(
                    session, ADMIN, ReverseTransaction(key=key, transaction_id=original_id, reason="essai")
                )
        except (AlreadyReversed, InsufficientFunds) as refusal:
            answer = type(refusal)
        if isinstance(answer, Posted) and isinstance(expected, Posted) and not answer.is_replay:
            assert answer == replace(expected, id=answer.id)
            self.model.take(mirror, answer)
            self.model.reversed[original_id] = key
        else:
            assert answer == expected

    @rule(target=reserves, available=accounts, minor=amounts)
    def reserve(self, available: Account, minor: int) -> tuple[str, Account, Account, int]:
        held = self._open(AccountKind.WALLET_RESERVED, available.currency)
        key = self._key()
        self._post(Move(available, held, minor).posting(key))
        return key, available, held, minor

    @rule(reserved=reserves, is_void=st.booleans())
    def finish(self, reserved: tuple[str, Account, Account, int], is_void: bool) -> None:  # noqa: FBT001
        """Post or void a reserve: the shared key lets only the first happen, however often either is asked."""
        key, available, held, minor = reserved
        if held.currency != Currency.XOF or key not in self.model.used:
            return
        self._post(Move(held, available if is_void else self.purse, minor).posting(f"{key}:end"))

    @rule(most=st.integers(1, 40))
    def seal(self, most: int) -> None:
        assert self.bank.seal(most) <= most

    @invariant()
    def balances_are_the_models(self) -> None:
        query = "select jsonb_object_agg(id, ledger_balance(id)) from ledger_account where id = any(%s)"
        stored = self.bank.figure(query, list(self.model.balances)) or {}
        own_side = {account: stored[str(account)] for account in self.model.balances}
        purse = getattr(self, "purse", None)
        if purse is not None:
            own_side[purse.id] = -own_side[purse.id]  # the purse is on the debit side
        assert own_side == self.model.balances

    @invariant()
    def books_hold(self) -> None:
        assert self.bank.broken() == set()


def run(database: Database, examples: int, steps: int, *, is_repeatable: bool = False) -> None:
    class Machine(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(Bank(database))

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=is_repeatable,
            phases=[Phase.generate] if is_repeatable else list(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_is_done_the_ledger_says_what_the_model_says(database: Database) -> None:
    run(database, examples=12, steps=30)


@pytest.mark.slow
def test_whatever_is_done_at_length(database: Database) -> None:
    run(database, examples=200, steps=60)


MUTATIONS = {
    "a used key answers whatever is asked": (
        "ledger_post",
        "known.content is distinct from fingerprint",
        "known.content is null",
    ),
    "a batch forgets the floor on its way": ("ledger_post_many", "line.balance_after < line.min_balance", "false"),
    "a replay says what is left now": ("ledger_post", "array_agg(e.balance_after) into", "array_agg(0::bigint) into"),
    "legs of another currency pass": ("ledger_post", "and leg.currency = locked.currency", ""),
}


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_machine_sees_a_ledger_gone_wrong(own_database: Database, mutation: str) -> None:
    with Bank(own_database).owner() as owner:
        rewrite(owner, *MUTATIONS[mutation])

    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run(own_database, examples=60, steps=40, is_repeatable=True)
