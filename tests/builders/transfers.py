"""A small bank with wallets, and a provider that answers what the test wrote: for the service alone, without a wire."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from core import clock, ids
from core.database import Database, Session, driver, fetch_all, fetch_one
from core.money import Currency, Money
from core.permissions import SYSTEM, Actor
from core.phone import PhoneNumber
from models.ledger import AccountKind, Source
from models.transfers import ProviderAccount, ProviderRoute
from models.users import User
from models.wallets import OperationType, Tariff, Wallet, WalletLimit
from providers import registry
from providers.answers import (
    Accepted,
    Account,
    Hint,
    InboundCall,
    NotOffered,
    NotSeen,
    Order,
    Page,
    Prepared,
    Refusal,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.wire import Wire
from services import books, ledger, tariffs, transfers, wallets
from services.ledger import Leg, Posting
from services.transfers import TransferRow
from services.transfers.rows import find
from services.wallets import OutsideOperation, RechargeWallet, WithdrawMoney

NOW = datetime.fromisoformat("2026-11-21T10:00:00+00:00")
AWA, BEN = "+2290197000101", "+2290197000102"
METHOD = "mtn_momo"

Answer = Any


@dataclass
class Scripted:
    """A provider that answers from two queues; with nothing queued it accepts, and what it is asked about is paid."""

    name: str = "mtn"
    offers: frozenset[str] = frozenset({"collect", "payout", "refund"})
    not_seen_is_proof: bool = True
    is_resend_safe: bool = True
    schedule: Mapping[str, str] = field(default_factory=lambda: {"collect": "S1", "payout": "S3", "refund": "S3"})
    submissions: deque[Answer] = field(default_factory=deque)
    reads: deque[Answer] = field(default_factory=deque)
    sent: list[Order] = field(default_factory=list)
    asked: list[Order] = field(default_factory=list)
    closed: list[Order] = field(default_factory=list)
    prepared: Prepared | Rejected | Unknown = field(default_factory=lambda: Prepared({}))
    before_answer: Callable[[Order], None] = lambda _order: None

    def prepare(self, _order: Order, _wire: Wire) -> Prepared | Rejected | Unknown:
        return self.prepared

    def collect(self, order: Order, _wire: Wire) -> Accepted | Rejected | Unknown:
        return self._submit(order)

    def payout(self, order: Order, _wire: Wire) -> Accepted | Rejected | Unknown:
        return self._submit(order)

    def refund(self, order: Order, _wire: Wire) -> Accepted | Rejected | Unknown:
        return self._submit(order)

    def _submit(self, order: Order) -> Accepted | Rejected | Unknown:
        self.sent.append(order)
        self.before_answer(order)
        answer = self.submissions.popleft() if self.submissions else Accepted(provider_ref=f"P-{order.reference[-6:]}")
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Accepted | Rejected | Unknown)
        return answer

    def status(self, order: Order, _wire: Wire) -> Seen | NotSeen | Unknown:
        self.asked.append(order)
        answer: Any = self.reads.popleft() if self.reads else paid(order)
        said = answer(order) if callable(answer) else answer
        assert isinstance(said, Seen | NotSeen | Unknown)
        return said

    def expire(self, order: Order, _wire: Wire) -> None:
        self.closed.append(order)

    def list(self, _account: Account, _day: date, _cursor: str | None, _wire: Wire) -> Page | NotOffered | Unknown:
        return NotOffered()

    def verify_callback(self, _call: InboundCall, _accounts: Sequence[Account]) -> Hint | Refusal:
        return Refusal(404)

    def name_of(self, _account: Account, _phone: PhoneNumber, _wire: Wire) -> NotOffered:
        return NotOffered()

    def balance(self, _account: Account, _wire: Wire) -> NotOffered:
        return NotOffered()

    def probe(self, _account: Account, _wire: Wire) -> bool:
        return True


def seen(state: str, order: Order | None = None, **more: Any) -> Seen:
    """Return the provider's record of an order, as it was asked for unless told otherwise."""
    known: dict[str, Any] = {"amount": order.amount, "party": order.party} if order else {}
    return Seen(SeenState(state), more.pop("word", state.upper()), **{**known, **more})


def paid(order: Order) -> Seen:
    """Return a success of exactly what was asked for, 1 % of it taken by the provider."""
    fee = Money(order.amount.minor // 100, order.amount.currency)
    return seen("succeeded", order, fee=fee, provider_ref=f"P-{order.reference[-6:]}")


@contextmanager
def speaking(*adapters: Scripted) -> Iterator[None]:
    """Let these adapters speak for their names while the block lasts."""
    before = registry.ADAPTERS
    registry.ADAPTERS = MappingProxyType({**before, **{adapter.name: adapter for adapter in adapters}})
    try:
        yield
    finally:
        registry.ADAPTERS = before


@dataclass
class House:
    """A database with two wallets of 10 000, prices of 1 %, one scripted provider, and a clock to move."""

    database: Database
    provider: Scripted
    clock: clock.Traveller
    account_id: UUID = field(default_factory=ids.new_id)
    currency: Currency = Currency.XOF

    def person(self, phone: str) -> Actor:
        """Return who holds a wallet, as he acts on it."""
        return Actor(self.user_id(phone), phone)

    def user_id(self, phone: str) -> UUID:
        found: UUID = self.one("select id from users where phone = %s", phone)["id"]
        return found

    def one(self, query: str, *parameters: Any) -> dict[str, Any]:
        with self.database.transaction() as session:
            row = fetch_one(session, query, parameters)
        assert row is not None
        return row

    def all(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        with self.database.transaction() as session:
            return fetch_all(session, query, parameters)

    def recharge(self, phone: str = AWA, amount: int = 1_000, key: str = "", method: str = METHOD) -> OutsideOperation:
        """Top a wallet up, as the phone menu does."""
        with self.database.transaction() as session:
            price = Money(amount, self.currency)
            priced = tariffs.quote(session, OperationType.RECHARGE, price, self.user_id(phone))
            order = RechargeWallet(
                key=key or f"ussd:{ids.new_id()}:7",
                user_id=self.user_id(phone),
                method=method,
                amount=priced.amount,
                fee=priced.fee,
                tariff_id=priced.tariff_id,
            )
            return wallets.recharge(session, self.person(phone), order)

    def withdraw(self, phone: str = AWA, amount: int = 1_000, key: str = "", method: str = METHOD) -> OutsideOperation:
        """Send money of a wallet to its owner's mobile money."""
        with self.database.transaction() as session:
            price = Money(amount, self.currency)
            priced = tariffs.quote(session, OperationType.CASH_OUT, price, self.user_id(phone))
            order = WithdrawMoney(
                key=key or f"ussd:{ids.new_id()}:7",
                user_id=self.user_id(phone),
                method=method,
                amount=priced.amount,
                fee=priced.fee,
                tariff_id=priced.tariff_id,
                is_number_proved=True,
            )
            return wallets.withdraw(session, self.person(phone), order)

    def submit(self) -> int:
        return transfers.submit_due(self.database)

    def read(self) -> int:
        return transfers.read_due(self.database)

    def row_now(self) -> datetime:
        """Return the instant the stopped clock shows."""
        return clock.now()

    def run(self, minutes: float, step_s: int = 5) -> int:
        """Let time pass and do what is due as it falls due; return how many reads that took."""
        reads = 0
        for _ in range(int(minutes * 60 / step_s)):
            self.clock.advance(step_s)
            self.submit()
            reads += self.read()
        return reads

    def live(self, minutes: float) -> int:
        """Let time pass from one due moment to the next; return how many reads that took."""
        reads, end = 0, clock.now() + timedelta(minutes=minutes)
        while True:
            self.submit()
            due = self.one("select min(next_read_at) as due from transfer")["due"]
            if due is None or due > end:
                self.clock.advance(max((end - clock.now()).total_seconds(), 0))
                return reads
            self.clock.advance(max((due - clock.now()).total_seconds(), 0) + 1)
            reads += self.read()

    def hint(self, operation: OutsideOperation) -> None:
        """Let a callback come and be read."""
        with self.database.transaction() as session:
            transfers.plan_read(session, operation.transfer_id)
        self.clock.advance(1)
        self.read()

    def row(self, operation: OutsideOperation) -> TransferRow:
        with self.database.transaction() as session:
            return find(session, operation.transfer_id)

    def state(self, operation: OutsideOperation) -> str:
        return self.row(operation).state.value

    def said(self, phone: str = AWA) -> list[str]:
        """Return the types of what a phone was sent, oldest first."""
        rows = self.all("select type from message where address = %s order by created_at, id", phone)
        return [row["type"] for row in rows]

    def balance(self, phone: str = AWA) -> int:
        with self.database.transaction() as session:
            return wallets.get_balance(session, self.user_id(phone), self.currency).minor

    def house(self, kind: AccountKind, *, is_provider: bool = True) -> int:
        """Return a house balance: of the provider account, or of the platform."""
        owner = ("provider_account", self.account_id) if is_provider else ("platform", None)
        with self.database.transaction() as session:
            return ledger.get_balance(session, ledger.house_account(session, kind, self.currency, *owner)).minor

    def reserved(self) -> int:
        row = self.one("select coalesce(sum(balance), 0) as held from ledger_account where kind = 'wallet_reserved'")
        return int(row["held"])

    def cases(self) -> list[tuple[str, int | None]]:
        rows = self.all("select kind, amount_minor from transfer_case order by created_at, id")
        return [(row["kind"], row["amount_minor"]) for row in rows]

    def events(self, operation: OutsideOperation) -> list[str]:
        """Return the history of a transfer in words: `created submitted pending succeeded`."""
        rows = self.all(
            "select to_state from transfer_event where transfer_id = %s order by created_at, id", operation.transfer_id
        )
        return [row["to_state"] for row in rows]

    def postings(self) -> int:
        return int(self.one("select count(*) as n from ledger_transaction where kind <> 'opening'")["n"])

    def force(self, operation: OutsideOperation, **columns: Any) -> None:
        """Put a transfer where a test wants it."""
        assignments = ", ".join(f"{name} = %s" for name in columns)
        with self.database.transaction() as session:
            driver(session).execute(
                f"update transfer set {assignments} where id = %s".encode(),
                (*columns.values(), operation.transfer_id),
            )

    def assert_books_hold(self) -> None:
        with self.database.transaction() as session:
            broken = [(f.invariant.view, f.violations) for f in books.list_findings(session) if not f.holds]
        assert broken == []


def xof(minor: int) -> Money:
    return Money(minor, Currency.XOF)


@contextmanager
def running(database: Database, provider: Scripted | None = None) -> Iterator[House]:
    """Give the small world with its clock stopped and its provider speaking, while the block lasts."""
    provider = provider or Scripted()
    with clock.travel(NOW) as traveller, speaking(provider):
        yield build(database, traveller, provider)


def build(database: Database, traveller: clock.Traveller, provider: Scripted) -> House:
    """Write the small world."""
    house = House(database, provider, traveller)
    with database.transaction() as session:
        house.account_id = add_account(session, provider.name)
        add_prices(session, Currency.XOF)
        for phone in (AWA, BEN):
            add_person(session, phone, Currency.XOF)
    return house


def add_prices(session: Session, currency: Currency) -> None:
    """Write the limits of a level, and 1 % for whatever goes in or out."""
    session.add(WalletLimit(level="1", currency=currency, max_minor=1_000_000, balance_max_minor=2_000_000))
    for kind in (OperationType.RECHARGE, OperationType.CASH_OUT):
        session.add(
            Tariff(
                type=kind,
                currency=currency,
                from_minor=1,
                to_minor=1_000_000,
                bps=100,
                valid_from=NOW - timedelta(days=30),
            )
        )


def add_account(session: Session, adapter: str, code: str = "", rank: int = 1) -> UUID:
    """Write an active account of a scripted provider, with its routes."""
    account = ProviderAccount(
        code=code or adapter,
        label="MTN MoMo",
        adapter=adapter,
        environment="fake",
        country="BJ",
        currency="XOF",
        base_url=f"http://127.0.0.1:9/{adapter}",
        offers=["collect", "payout", "refund"],
        state="active",
    )
    session.add(account)
    session.flush()
    add_routes(session, account.id, METHOD, "BJ", rank)
    return account.id


def add_routes(
    session: Session, account_id: UUID, method: str, country: str, rank: int = 1, party_code: str = ""
) -> None:
    """Let an account serve a method in a country, both ways."""
    for direction in ("collect", "payout", "refund"):
        session.add(
            ProviderRoute(
                method=method,
                country=country,
                direction=direction,
                account_id=account_id,
                rank=rank,
                party_code=party_code,
            )
        )
    session.flush()


def add_person(session: Session, phone: str, currency: Currency) -> None:
    """Write a person with 10 000 in a wallet."""
    user = User(phone=phone, phone_proved_at=NOW - timedelta(days=30), first_name="Awa", last_name=phone, country="BJ")
    session.add(user)
    session.flush()
    wallet_id = ids.new_id()
    account = ledger.open_account(session, AccountKind.WALLET, "wallet", wallet_id, currency)
    session.add(Wallet(id=wallet_id, user_id=user.id, currency=currency, level="1", account_id=account))
    session.flush()
    opening = ledger.house_account(session, AccountKind.OPENING, currency)
    amount = Money(10_000, currency)
    legs = (Leg(opening, amount), Leg(account, -amount))
    ledger.post(session, Posting(Source.MANUAL, f"opening:{wallet_id}", "opening", legs, "", actor=SYSTEM.name))
