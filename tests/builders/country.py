"""A whole country of people with wallets, every operator as a running fake, and the worker: time is moved, not waited.

For proofs on many transfers: the fake's book says what really moved, the ledger what we believe.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from core import clock, ids
from core.database import Database, Session, fetch_all
from core.money import Currency, Money
from core.permissions import SYSTEM, Actor
from core.settings import get_settings
from jobs.fakes import callback_addresses
from models.ledger import AccountKind, Source
from models.users import User
from models.wallets import OperationType, Tariff, Wallet, WalletLimit
from providers import registry
from providers.fakes.accounts import ACCOUNTS
from providers.fakes.behaviour import CODES, DEMO_MIX, NORMAL
from providers.fakes.book import Movement
from providers.fakes.kernel import Kernel
from providers.fakes.server import FakeServer
from providers.tokens import tokens
from services import (
    books,
    ledger,
    provider_seeds,
    reconciliation,
    tariffs,
    transfers,
    wallets,
)
from services.ledger import Leg, Posting
from services.provider_accounts import probing
from services.reconciliation import fetching
from services.transfers import requests
from services.wallets import RechargeWallet, WithdrawMoney

START = datetime.fromisoformat("2026-11-21T10:00:00+00:00")
OPENING = 5_000_000
LARGEST = 90_000_000
PATIENCE_MS = 120_000  # ten thousand exchanges are searched for every secret
REFERENCE_TAIL = 20  # what Orange Cameroon keeps of a reference
LEAVING = frozenset({"payout", "refund"})
SHORTEST_SECRET = 8  # a PIN's four digits stand in many a number
DAY = timedelta(days=1)
IDLE = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Network:
    """Where some people live and how they pay."""

    country: str
    method: str
    phone: str
    currency: Currency = Currency.XOF


NETWORKS = (
    Network("BJ", "mtn_momo", "+2290197{:06}"),
    Network("BJ", "moov_money", "+2290195{:06}"),
    Network("SN", "wave", "+22177{:07}"),
    Network("SN", "orange_money", "+22178{:07}"),
    Network("SN", "free_money", "+22176{:07}"),
    Network("CI", "orange_money", "+22507{:08}"),
    Network("CM", "orange_money", "+23769{:07}", Currency.XAF),
)
HARD_MIX = {code: 20 for code in CODES if code != NORMAL}  # more than half of the transfers go wrong somehow
FIRST_NUMBER = 5_200_000  # of nobody whose last digits choose a story


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a wallet."""

    user_id: UUID
    phone: str
    network: Network


@dataclass
class Country:
    """The people, the operators, the clock."""

    database: Database
    server: FakeServer
    traveller: clock.Traveller
    chance: random.Random
    people: list[Person] = field(default_factory=list)
    asked: int = 0

    @property
    def kernel(self) -> Kernel:
        return self.server.kernel

    def ask(self, count: int, payout_share: float = 0.4) -> None:
        """Ask for `count` transfers, one after the other, through the wallets' own verbs."""
        for _ in range(count):
            n, self.asked = self.asked, self.asked + 1
            person = self.people[n % len(self.people)]
            amount = self.chance.randrange(1_000, 40_000)
            is_payout = self.chance.random() < payout_share
            with self.database.transaction() as session:
                (_withdraw if is_payout else _recharge)(session, person, amount, f"ussd:{n:06}:7")

    def run(self, until: timedelta) -> None:
        """Let time pass, jumping from one thing that is due to the next."""
        end = clock.now() + until
        while clock.now() < end:
            if self.work():
                self.traveller.advance(1)
                continue
            self.traveller.advance(min(max((self._next_due() - clock.now()).total_seconds(), 1.0), _left(end)))

    def work(self) -> int:
        """Do what the workers would do at this instant."""
        self.kernel.catch_up()
        done = transfers.submit_due(self.database)
        asked = transfers.read_due(self.database)
        if done + asked == 0:
            transfers.recover_leases(self.database)
            transfers.tell_doubts(self.database)
            transfers.cancel_stale(self.database)
            probing.probe_due(self.database)
        return done + asked

    def reconcile(self) -> None:
        """Compare every day since the beginning with every operator, once."""
        with self.database.transaction() as session:
            money = list(registry.ADAPTERS)
            found = fetch_all(session, "select id from provider_account where adapter = any(%s)", (money,))
            accounts = [row["id"] for row in found]
        days = (clock.now() - START).days + 1
        for account_id in accounts:
            for back in range(days + 1):
                reconciliation.compare_day(self.database, account_id, START.date() + back * DAY)

    def rows(self, query: str, *parameters: Any, **named: Any) -> list[dict[str, Any]]:
        with self.database.transaction(statement_timeout_ms=PATIENCE_MS) as session:
            return fetch_all(session, query, named or parameters)

    def states(self) -> list[str]:
        """Return how each transfer stands, in the order they were asked for."""
        return [row["state"] for row in self.rows("select state from transfer order by key")]

    def _next_due(self) -> datetime:
        """Return when anything happens next: a read, a lease, a fake's own plan, a breaker's probe."""
        (row,) = self.rows(
            """
            select least(
                (select min(greatest(t.next_read_at, a.reads_until, a.slowed_until)) from transfer t
                 join provider_account a on a.id = t.account_id where t.next_read_at is not null),
                (select min(lease_until) from transfer where state = 'submitted'),
                (select min(greatest(a.slowed_until, %s)) from transfer t join provider_account a on a.id = t.account_id
                 where t.state = 'created')) as at
            """,
            clock.now() + timedelta(seconds=31),
        )
        planned = [at for at in (row["at"], self.kernel.next_due()) if at is not None]
        return min(planned, default=clock.now() + IDLE)


@contextmanager
def opened(
    database: Database, doors: TestClient, seed: int, mix: Mapping[str, int] = DEMO_MIX, people_each: int = 6
) -> Iterator[Country]:
    """Give a country whose operators misbehave as the seed says; callbacks come to `doors`."""
    kernel = Kernel(seed=str(seed), mix=mix, pace=0.0005, is_manual=True)
    server = FakeServer(kernel)
    kernel.configure(callback_addresses(get_settings()))
    kernel.callback = _calling(doors)  # type: ignore[method-assign]  # through our door, without a socket
    chance = random.Random(seed)  # noqa: S311  # a story, not a secret
    patch = pytest.MonkeyPatch()
    patch.setattr(requests, "uuid4", lambda: UUID(int=chance.getrandbits(128), version=4))  # same seed, same references
    patch.setattr(fetching, "READS_PAUSE_S", 0.0)
    patch.setattr(fetching, "WAIT_S", 0.0)
    tokens.clear()
    server.start()
    try:
        with clock.travel(START) as traveller:
            country = Country(database, server, traveller, chance)
            with database.transaction() as session:
                provider_seeds.seed_fakes(session, {fake.name: fake.base_url(server.url) for fake in server.fakes})
                _write_prices(session)
                for n, network in enumerate(NETWORKS * people_each):
                    country.people.append(_write_person(session, network, FIRST_NUMBER + n * 37))
            yield country
    finally:
        patch.undo()
        server.stop()


# What the book and the ledger say


@dataclass(frozen=True, slots=True)
class Verdict:
    """The book beside the ledger. Each list is empty when all is well."""

    twice: list[str]
    lost: list[str]
    unexplained: list[str]
    not_in_queue: list[str]
    difference_minor: Mapping[str, int]


def compare(country: Country) -> Verdict:
    """Hold every movement of the book against the transfers, and both against the ledger."""
    records = country.rows(
        """
        select t.*, (select count(*) from transfer_case c where c.transfer_id = t.id)
            + (select count(*) from reconciliation_item i
               where i.transfer_id = t.id and i.kind <> 'matched' and i.resolved_at is null) as cases
        from transfer t
        """
    )
    mine, strangers = _by_transfer(country.kernel.book, records)
    posted: Counter[str] = Counter()
    twice, lost, unexplained, queueless = [], [], [], []
    for record in records:
        moved = mine[record["id"]]
        executed = [one for one in moved if one.kind == record["direction"]]
        if len(executed) > 1:
            twice.append(record["reference"])
        if record["state"] in {"succeeded", "reversed"} and not _is_exact(record, executed):
            lost.append(record["reference"])
        if executed and record["state"] not in {"succeeded", "reversed"} and not record["cases"]:
            unexplained.append(f"{record['reference']} {record['adapter']} {record['direction']} {record['state']}")
        if record["state"] in {"created", "submitted", "pending"}:
            queueless.append(f"{record['reference']} {record['state']}")
    for one in country.kernel.book:
        posted[one.currency] += _signed(one)
    for one in _unposted(country, records, mine, strangers):
        posted[one.currency] -= _signed(one)
    held = _held(country)
    differences = {c: held[c] - posted[c] for c in {*held, *posted} if held[c] != posted[c]}
    return Verdict(twice, lost, unexplained, queueless, differences)


def assert_books_hold(country: Country) -> None:
    with country.database.transaction() as session:
        broken = [(found.invariant.view, found.violations) for found in books.list_findings(session) if not found.holds]
    assert broken == []


def list_leaks(country: Country) -> list[str]:
    """Return where a secret of an account, or the whole number of a party, was kept of an exchange."""
    secrets = {value for account in ACCOUNTS for value in account.secrets.values() if len(value) > SHORTEST_SECRET}
    pattern = "|".join(map(re.escape, sorted(secrets)))
    rows = country.rows(
        """
        select 'attempt ' || operation as place from transfer_attempt where url || request || response ~ %(secret)s
        union all select 'number ' || a.operation from transfer_attempt a join transfer t on t.id = a.transfer_id
            where t.party_phone <> '' and position(right(t.party_phone, 8) in a.url || a.request || a.response) > 0
        union all select 'audit ' || action from audit_entry where changes::text || summary ~ %(secret)s
        union all select 'event ' || to_state from transfer_event where detail ~ %(secret)s
        union all select 'case ' || kind from transfer_case where detail ~ %(secret)s
        union all select 'transfer ' || adapter from transfer where handles::text || next_step::text ~ %(secret)s
        """,
        secret=pattern,
    )
    return sorted({row["place"] for row in rows})


def _by_transfer(
    book: Any, records: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[UUID, list[Movement]], list[Movement]]:
    index = {
        name: record["id"]
        for record in records
        for name in (str(record["external_id"]), record["reference"], record["reference"][-REFERENCE_TAIL:])
    }
    mine: defaultdict[UUID, list[Movement]] = defaultdict(list)
    strangers = []
    for one in book:
        transfer_id = None if one.kind == "unasked" else index.get(one.payment_id) or index.get(one.reference)
        if transfer_id is None:
            strangers.append(one)
        else:
            mine[transfer_id].append(one)
    return mine, strangers


def _is_exact(record: Mapping[str, Any], executed: Sequence[Movement]) -> bool:
    return [(one.amount_minor, one.currency) for one in executed] == [(record["amount_minor"], record["currency"])]


def _signed(one: Movement) -> int:
    return -one.amount_minor if one.kind in LEAVING else one.amount_minor


def _unposted(
    country: Country,
    records: Sequence[Mapping[str, Any]],
    mine: Mapping[UUID, list[Movement]],
    strangers: Sequence[Movement],
) -> Iterator[Movement]:
    """Give what moved and waits for a person: unknown payouts (still reserved), strangers nobody could see."""
    seen = country.rows("select provider_ref, transfer_id from transfer_case where transaction_id is not null")
    in_suspense = {row["transfer_id"] for row in seen}
    known_refs = {row["provider_ref"] for row in seen}
    for record in records:
        if record["state"] not in {"succeeded", "reversed"} and record["id"] not in in_suspense:
            yield from mine[record["id"]]
    yield from (one for one in strangers if one.provider_ref not in known_refs)


def _held(country: Country) -> Counter[str]:
    """Return what the operators hold for us as the ledger says, with the fees they took, by currency."""
    rows = country.rows(
        "select currency, sum(ledger_balance(id))::bigint as minor from ledger_account"
        " where kind in ('provider_float', 'fee_expense') and owner_type = 'provider_account' group by currency"
    )
    return Counter({row["currency"]: row["minor"] for row in rows})


# Making it


def _calling(doors: TestClient) -> Any:
    def call(url: str, method: str, headers: Mapping[str, str], body: bytes) -> int:
        status: int = doors.request(method, urlsplit(url).path, headers=dict(headers), content=body).status_code
        return status

    return call


def _left(end: datetime) -> float:
    return max((end - clock.now()).total_seconds(), 1.0)


def _write_prices(session: Session) -> None:
    for currency in (Currency.XOF, Currency.XAF):
        session.add(WalletLimit(level="1", currency=currency, max_minor=LARGEST, balance_max_minor=LARGEST))
        for kind in (OperationType.RECHARGE, OperationType.CASH_OUT):
            since = START - timedelta(days=30)
            session.add(Tariff(type=kind, currency=currency, from_minor=1, to_minor=LARGEST, bps=100, valid_from=since))


def _write_person(session: Session, network: Network, number: int) -> Person:
    phone = network.phone.format(number % 10 ** int(network.phone[-2]))
    user = User(phone=phone, phone_proved_at=START, first_name="Awa", last_name=str(number), country=network.country)
    session.add(user)
    session.flush()
    wallet_id = ids.new_id()
    account = ledger.open_account(session, AccountKind.WALLET, "wallet", wallet_id, network.currency)
    session.add(Wallet(id=wallet_id, user_id=user.id, currency=network.currency, level="1", account_id=account))
    session.flush()
    opening = ledger.house_account(session, AccountKind.OPENING, network.currency)
    whole = Money(OPENING, network.currency)
    legs = (Leg(opening, whole), Leg(account, -whole))
    ledger.post(session, Posting(Source.MANUAL, f"opening:{wallet_id}", "opening", legs, "", actor=SYSTEM.name))
    return Person(user.id, phone, network)


def _recharge(session: Session, person: Person, amount: int, key: str) -> None:
    priced = _price(session, OperationType.RECHARGE, person, amount)
    wallets.recharge(session, Actor(person.user_id, person.phone), RechargeWallet(key=key, **priced))


def _withdraw(session: Session, person: Person, amount: int, key: str) -> None:
    priced = _price(session, OperationType.CASH_OUT, person, amount)
    order = WithdrawMoney(key=key, is_number_proved=True, **priced)
    wallets.withdraw(session, Actor(person.user_id, person.phone), order)


def _price(session: Session, kind: OperationType, person: Person, amount: int) -> dict[str, Any]:
    priced = tariffs.quote(session, kind, Money(amount, person.network.currency), person.user_id)
    return {
        "user_id": person.user_id,
        "method": person.network.method,
        "amount": priced.amount,
        "fee": priced.fee,
        "tariff_id": priced.tariff_id,
    }
