"""Paying somebody outside the house from a wallet: a bill, airtime. Reserved at once, sent by the worker, known later.

The order's own transaction reserves amount and fee and writes the transfer; the phone that asked never waits for a
connector. What the connector's answers bring is in `outside_purposes.py`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor
from core.phone import normalise
from models.ledger import Source
from models.transfers import Direction
from models.wallets import OperationState, OperationType
from providers import registry
from providers.answers import Account, Unknown
from providers.connectors.biller import BadReference, Bill, Biller
from providers.wire import Wire
from services import ledger, provider_accounts, routes, tariffs, transfers
from services.ledger import InsufficientFunds, KeyReused
from services.routes import NoRoute, Route
from services.tariffs import AboveMaximum, BelowMinimum
from services.transfers import RequestTransfer
from services.transfers.requests import guard_limits
from services.wallets.reads import REPEAT_WINDOW, RecentSame, ago_text
from services.wallets.refusals import (
    CeilingReached,
    NoWallet,
    QuoteChanged,
    SentAlready,
    WalletSuspended,
    guard_velocity,
)

CEILING_DAYS = 30
CANDIDATES = 4  # references drawn at once: among a million taken ones, four in a row are never all taken
BILL, AIRTIME = "bill", "airtime"


class PayOutside(Order):
    """What both orders have: the price as it was shown (`fee`, `tariff_id`) and confirmed by PIN.

    `key` is `ussd:{session}:{visit}`. `connector` is the method whose routes serve it. `timezone` is the service's.
    """

    key: str
    payer_id: UUID
    country: str
    connector: str
    amount: Money
    fee: Money
    tariff_id: UUID
    is_repeat_confirmed: bool = False
    session_id: UUID | None = None
    timezone: str = "Africa/Douala"


class PayBill(PayOutside):
    """The order to pay `amount` of what `reference` is known by at a biller."""

    connector: str = BILL
    biller: str = Field(min_length=1, max_length=40)
    biller_name: str
    reference: str = Field(min_length=1, max_length=40)
    customer_name: str = ""


class BuyAirtime(PayOutside):
    """The order to send `amount` of airtime to a number (E.164), the payer's own or another."""

    connector: str = AIRTIME
    phone: str


@dataclass(frozen=True, slots=True)
class OutsideOperation:
    """What was asked, now or when this key came first; `balance` is what the payer's wallet holds now."""

    id: UUID
    reference: str
    type: OperationType
    state: OperationState
    amount: Money
    fee: Money
    balance: Money
    party: str
    party_name: str
    created_at: datetime
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class _Party:
    """Who is paid: as the operation keeps it, and as the transfer names it."""

    type: OperationType
    text: str
    name: str
    reference: str = ""
    phone: str = ""
    code: str = ""
    customer: str = ""


@dataclass(frozen=True, slots=True)
class _Payer:
    wallet_id: UUID
    account_id: UUID
    level: str
    language: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class _Facts:
    reference: str
    same_at: datetime | None
    is_over_ceiling: bool


def pay_bill(session: Session, actor: Actor, order: PayBill) -> OutsideOperation:
    """Reserve what a bill costs and have it paid, once per key.

    Nothing is written when it refuses: `WalletSuspended`, `SentAlready`, `QuoteChanged`, `CeilingReached`,
    `InsufficientFunds`, `NoRoute`, `AmountTooSmall`, `AmountTooLarge`, `DayLimitReached`, `TooManyRequests`;
    `KeyReused` when the key served for something else.
    """
    return _pay(
        session,
        actor,
        order,
        _Party(
            OperationType.BILL,
            text=bill_party(order.biller, order.reference),
            name=order.biller_name,
            reference=order.reference,
            code=order.biller,
            customer=order.customer_name,
        ),
    )


def buy_airtime(session: Session, actor: Actor, order: BuyAirtime) -> OutsideOperation:
    """Reserve what airtime costs and have it sent, once per key; refuses as `pay_bill` does."""
    phone = normalise(order.phone, None)
    party = _Party(OperationType.AIRTIME, text=phone.e164, name=phone.national, phone=phone.e164)
    return _pay(session, actor, order, party)


def bill_party(biller: str, reference: str) -> str:
    """Return how an operation names whose bill it paid."""
    return f"{biller} {reference}"


def look_up_bill(account: Account, biller: str, reference: str) -> Bill | BadReference | Unknown:
    """Ask a biller whose bill it is and what is due; outside any transaction, at most 2.5 s."""
    adapter = registry.adapter(account.adapter)
    assert isinstance(adapter, Biller)  # noqa: S101  # `get_bill_account` gives no other
    return adapter.lookup(account, biller, reference, Wire())


def _pay(session: Session, actor: Actor, order: PayOutside, party: _Party) -> OutsideOperation:
    payer = _read_payer(session, order)
    balance = ledger.lock_balances(session, [payer.account_id])[payer.account_id]
    known = _find_known(session, order, payer, party)
    if known is not None:
        return known
    guard_velocity(session, "operations", str(order.payer_id))
    facts = _read_facts(session, order, payer, party)
    _guard_price(session, order, party.type)
    _guard_money(order, payer, facts, balance)
    route = _choose_route(session, order, party)
    operation_id = _write_operation(session, order, payer, party, facts.reference)
    _request(session, actor, order, payer, party, route, operation_id)
    return get_outside(session, operation_id)


def _read_payer(session: Session, order: PayOutside) -> _Payer:
    row = fetch_one(
        session,
        """
        select w.id as wallet_id, w.account_id, w.level, u.language,
               u.state = 'active' and w.state = 'active' as is_open
        from wallet w join users u on u.id = w.user_id where w.user_id = %s and w.currency = %s
        """,
        (order.payer_id, order.amount.currency),
    )
    if row is None:
        raise NoWallet
    return _Payer(**row)


def _find_known(session: Session, order: PayOutside, payer: _Payer, party: _Party) -> OutsideOperation | None:
    """Return what this key did before; another content under it is refused."""
    row = fetch_one(
        session, "select id, payer_id, type, party, amount_minor from ussd_operation where key = %s", (order.key,)
    )
    if row is None:
        return None
    if (row["payer_id"], row["type"], row["party"], row["amount_minor"]) != (
        payer.wallet_id,
        party.type,
        party.text,
        order.amount.minor,
    ):
        raise KeyReused
    return replace(get_outside(session, row["id"]), is_replay=True)


_SAME = """
select max(created_at) from ussd_operation
where payer_id = %(payer)s and type = %(type)s and party = %(party)s and amount_minor = %(amount)s
  and (state in ('reserved', 'sent', 'unknown') or state <> 'failed' and created_at > %(recent)s)
"""

_FACTS = f"""
with spent as (
    select type, coalesce(sum(amount_minor + fee_minor), 0) as month,
           coalesce(sum(amount_minor + fee_minor) filter (where created_at >= %(day)s), 0) as day
    from ussd_operation
    where payer_id = %(payer)s and created_at >= %(month)s
      and state not in ('failed', 'reversed') and type <> 'recharge'
    group by type
)
select
    (select r from unnest(%(references)s::text[]) r
     where not exists (select from ussd_operation where reference = r) limit 1) as reference,
    ({_SAME}) as same_at,
    exists (
        select from wallet_limit l
        cross join lateral (
            select coalesce(sum(s.day), 0) + %(total)s as day, coalesce(sum(s.month), 0) + %(total)s as month
            from spent s where l.type is null or s.type = l.type) out
        where l.level = %(level)s and l.currency = %(currency)s and (l.type is null or l.type = %(type)s)
          and (out.day > l.day_minor or out.month > l.month_minor)) as is_over_ceiling
"""


def _read_facts(session: Session, order: PayOutside, payer: _Payer, party: _Party) -> _Facts:
    now = clock.now()
    today = now.astimezone(ZoneInfo(order.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    row = fetch_one(
        session,
        _FACTS,
        {
            "payer": payer.wallet_id,
            "level": payer.level,
            "type": party.type,
            "party": party.text,
            "currency": order.amount.currency,
            "amount": order.amount.minor,
            "total": (order.amount + order.fee).minor,
            "day": today.astimezone(UTC),
            "month": (today - timedelta(days=CEILING_DAYS - 1)).astimezone(UTC),
            "recent": now - REPEAT_WINDOW,
            "references": [ids.reference(party.type[:2].upper()) for _ in range(CANDIDATES)],
        },
    )
    assert row is not None  # noqa: S101  # a select without from returns one row
    return _Facts(**row)


def _guard_price(session: Session, order: PayOutside, kind: OperationType) -> None:
    """Price it again: what was shown is what is charged, or it is shown again."""
    try:
        quote = tariffs.quote(session, kind, order.amount, order.payer_id)
    except (BelowMinimum, AboveMaximum) as refusal:
        raise CeilingReached from refusal
    if (quote.tariff_id, quote.fee) != (order.tariff_id, order.fee):
        raise QuoteChanged(quote)


def _guard_money(order: PayOutside, payer: _Payer, facts: _Facts, balance_minor: int) -> None:
    if not payer.is_open:
        raise WalletSuspended
    if facts.same_at is not None and not order.is_repeat_confirmed:
        raise SentAlready(ago_text((clock.now() - facts.same_at).total_seconds()))
    if facts.is_over_ceiling:
        raise CeilingReached
    if balance_minor < (order.amount + order.fee).minor:
        raise InsufficientFunds


def _choose_route(session: Session, order: PayOutside, party: _Party) -> Route:
    """Choose who carries it, and refuse what he does not carry, before anything is written."""
    route = routes.choose(session, order.connector, order.country, Direction.PAYOUT, order.amount.currency)
    guard_limits(session, route.account_id, Direction.PAYOUT, order.amount)
    return replace(route, party_code=party.code or route.party_code)


def _write_operation(session: Session, order: PayOutside, payer: _Payer, party: _Party, reference: str) -> UUID:
    operation_id = ids.new_id()
    driver(session).execute(
        """
        insert into ussd_operation (id, created_at, reference, type, payer_id, currency, amount_minor, fee_minor,
            tariff_id, key, state, session_id, repeat_confirmed, refusal, party, party_name)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s, %s)
        """,
        (
            operation_id,
            clock.now(),
            reference,
            party.type,
            payer.wallet_id,
            order.amount.currency,
            order.amount.minor,
            order.fee.minor,
            order.tariff_id,
            order.key,
            OperationState.RESERVED,
            order.session_id,
            order.is_repeat_confirmed,
            party.text,
            party.name,
        ),
    )
    return operation_id


def _request(  # everything the transfer copies for ever
    session: Session,
    actor: Actor,
    order: PayOutside,
    payer: _Payer,
    party: _Party,
    route: Route,
    operation_id: UUID,
) -> None:
    transfer = transfers.request(
        session,
        actor,
        RequestTransfer(
            key=order.key,
            source=Source.USSD,
            direction=Direction.PAYOUT,
            purpose=party.type,
            subject_id=operation_id,
            method=order.connector,
            country=order.country,
            amount=order.amount,
            party_phone=party.phone,
            party_name=party.customer,
            party_reference=party.reference,
            label=party.name,
            language=payer.language,
            route=route,
        ),
    )
    driver(session).execute(
        "update ussd_operation set transaction_id = %s where id = %s", (transfer.hold_transaction_id, operation_id)
    )


# Reads


def get_outside(session: Session, operation_id: UUID) -> OutsideOperation:
    """Return an operation as it stands now: what a phone is told when it asks again; refuses with `NotFound`."""
    row = fetch_one(
        session,
        """
        select o.*, a.balance from ussd_operation o
        join wallet w on w.id = o.payer_id join ledger_account a on a.id = w.account_id
        where o.id = %s and o.type in ('bill', 'airtime')
        """,
        (operation_id,),
    )
    if row is None:
        raise NotFound(thing="operation")
    currency = Currency(row["currency"])
    return OutsideOperation(
        id=row["id"],
        reference=row["reference"],
        type=OperationType(row["type"]),
        state=OperationState(row["state"]),
        amount=Money(row["amount_minor"], currency),
        fee=Money(row["fee_minor"], currency),
        balance=Money(row["balance"], currency),
        party=row["party"],
        party_name=row["party_name"],
        created_at=row["created_at"],
    )


def get_recent_outside(
    session: Session, payer_id: UUID, kind: OperationType, party: str, amount: Money
) -> RecentSame | None:
    """Return the same bill or airtime of the last ten minutes, or one nobody knows the end of; None if there is none.

    `party` is `bill_party(…)` or a number (E.164). The verbs ask again under their lock.
    """
    now = clock.now()
    row = fetch_one(
        session,
        f"""
        select o.reference, o.created_at from ussd_operation o
        where o.payer_id = (select id from wallet where user_id = %(user)s and currency = %(currency)s)
          and o.type = %(type)s and o.party = %(party)s and o.created_at = (
            {_SAME.replace("%(payer)s", "o.payer_id")})
        """,
        {
            "user": payer_id,
            "currency": amount.currency,
            "type": kind,
            "party": party,
            "amount": amount.minor,
            "recent": now - REPEAT_WINDOW,
        },
    )
    if row is None:
        return None
    return RecentSame(kind, row["reference"], ago_text((now - row["created_at"]).total_seconds()))


def get_bill_account(session: Session, country: str, currency: Currency, connector: str = BILL) -> Account:
    """Return the account that serves bills here, secrets in clear for one look-up; refuses with `NoRoute`."""
    route = routes.choose(session, connector, country, Direction.PAYOUT, currency)
    account = provider_accounts.view(session, route.account_id)
    if not isinstance(registry.adapter(account.adapter), Biller):
        raise NoRoute(moyen=routes.label_of(connector))
    return account
