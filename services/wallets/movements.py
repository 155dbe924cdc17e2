"""Money from wallet to wallet: what a transfer, a cash-out, a sale and a payment share (`docs/ussd.md`, 4.3).

Round trips: who (1), lock (1), facts under the lock (1), price (1), posting (1), the operation (1), both receipts (1),
the payee's count (1). Everything that may be refused is looked at before the first write.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.money import Currency, Money
from core.orders import Order
from models.ledger import AccountKind, Source
from models.wallets import OperationState, OperationType, WalletLevel
from services import ledger, messages, tariffs
from services.ledger import InsufficientFunds, KeyReused, Leg, Posting
from services.pins import SILENCE, ProofDue
from services.tariffs import AboveMaximum, BelowMinimum, Quote
from services.wallets.cases import note_received
from services.wallets.kinds import Kind, Shares, share
from services.wallets.people import shown_name
from services.wallets.reads import REPEAT_WINDOW, ago_text
from services.wallets.receipts import Receipt, Side, both_receipts
from services.wallets.refusals import (
    CeilingReached,
    NotASeller,
    NoWallet,
    OwnNumber,
    PayeeClosed,
    PayeeFull,
    QuoteChanged,
    SentAlready,
    UnknownPayee,
    WalletSuspended,
    guard_velocity,
)

CEILING_DAYS = 30
CANDIDATES = 4  # references drawn at once: among a million taken ones, four in a row are never all taken
SELLERS = frozenset({WalletLevel.AGENT, WalletLevel.MERCHANT})


class MoveMoney(Order):
    """What every movement has: the price as it was shown (`fee`, `tariff_id`) and confirmed by PIN.

    `key` is `ussd:{session}:{visit}`. `timezone` is the service's: its calendar day bounds the daily ceiling.
    """

    key: str
    payer_id: UUID
    amount: Money
    fee: Money
    tariff_id: UUID
    is_repeat_confirmed: bool = False
    session_id: UUID | None = None
    timezone: str = "Africa/Douala"


@dataclass(frozen=True, slots=True)
class Operation:
    """What was done, now or when this key came first; `balance` is the payer's just after it."""

    id: UUID
    reference: str
    type: OperationType
    state: OperationState
    amount: Money
    fee: Money
    balance: Money
    payee_name: str
    created_at: datetime
    is_replay: bool


@dataclass(frozen=True, slots=True)
class Payable:
    """Who is paid: by number, or by wallet; `name` is what he goes by where it is not his own."""

    phone: str | None = None
    wallet_id: UUID | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Facts:
    """Everything a movement is judged by, read after both accounts were locked."""

    payer: Side
    payee: Side
    reference: str
    same_at: datetime | None
    is_over_ceiling: bool
    is_proof_due: bool
    payee_ceiling_minor: int | None


def move(session: Session, actor_name: str, order: MoveMoney, kind: Kind, payee: Payable) -> Operation:
    """Move `amount` to the payee and what it costs to the house, once per key, and tell both by SMS.

    Nothing is written when it refuses: `OwnNumber`, `UnknownPayee`, `WalletSuspended`, `PayeeClosed`, `NotASeller`,
    `ProofDue`, `SentAlready`, `QuoteChanged`, `CeilingReached`, `InsufficientFunds`, `PayeeFull`, `TooManyRequests`;
    `KeyReused` when the key served for something else.
    """
    wallets = _resolve(session, order, payee)
    balances = ledger.lock_balances(session, [wallets["payer_account"], wallets["payee_account"]])
    known = _find_known(session, order, kind, wallets)
    if known is not None:
        return known
    guard_velocity(session, "operations", str(order.payer_id))
    facts = _read_facts(session, order, kind, wallets, balances, payee.name)
    quote = _guard_price(session, order, kind)
    shares = share(quote, kind)
    _guard_people(facts, kind)
    _guard_money(facts, quote, shares, is_repeat_confirmed=order.is_repeat_confirmed)
    posted = ledger.post(
        session,
        Posting(
            source=Source.USSD,
            key=order.key,
            kind=kind.type,
            legs=_legs(session, shares, facts),
            reference=facts.reference,
            actor=actor_name,
        ),
    )
    operation = _write_operation(session, order, facts, quote, posted, payee.name)
    receipt = Receipt(quote, operation.reference, posted, facts.payer, facts.payee)
    messages.enqueue_many(session, both_receipts(kind, receipt))
    note_received(session, facts.payee.wallet_id, operation.created_at)
    return operation


def _legs(session: Session, shares: Shares, facts: _Facts) -> tuple[Leg, ...]:
    """Write the shares down: debits are positive, and nobody has a leg of nothing."""
    currency = shares.payer.currency
    house = ((AccountKind.FEE_INCOME, -shares.income), (AccountKind.COMMISSION_EXPENSE, shares.expense))
    moved = [(facts.payer.account_id, shares.payer), (facts.payee.account_id, -shares.payee)]
    moved += [(ledger.house_account(session, kind, currency), money) for kind, money in house if money.minor]
    return tuple(Leg(account_id, money) for account_id, money in moved if money.minor)


def _resolve(session: Session, order: MoveMoney, payee: Payable) -> dict[str, UUID]:
    """Name both wallets and accounts: they never change, so they are read before the lock."""
    row = fetch_one(
        session,
        """
        select payer.id as payer, payer.account_id as payer_account,
               payee.id as payee, payee.account_id as payee_account
        from wallet payer
        left join users u on u.phone = %(phone)s
        left join wallet payee on payee.currency = payer.currency
            and (%(wallet)s::uuid is null and payee.user_id = u.id or payee.id = %(wallet)s::uuid)
        where payer.user_id = %(payer)s and payer.currency = %(currency)s
        """,
        {
            "phone": payee.phone,
            "wallet": payee.wallet_id,
            "payer": order.payer_id,
            "currency": order.amount.currency,
        },
    )
    if row is None:
        raise NoWallet
    if row["payee"] is None:
        raise UnknownPayee
    if row["payee"] == row["payer"]:
        raise OwnNumber
    return row


def _find_known(session: Session, order: MoveMoney, kind: Kind, wallets: dict[str, UUID]) -> Operation | None:
    """Return what this key did before; another content under it is refused."""
    row = fetch_one(
        session,
        """
        select o.*, e.balance_after, u.first_name, u.last_name
        from ussd_operation o
        join wallet w on w.id = o.payee_id join users u on u.id = w.user_id
        join ledger_entry e on e.transaction_id = o.transaction_id and e.account_id = %s
        where o.key = %s
        """,
        (wallets["payer_account"], order.key),
    )
    if row is None:
        return None
    asked = (kind.type, wallets["payer"], wallets["payee"], order.amount.minor)
    if (row["type"], row["payer_id"], row["payee_id"], row["amount_minor"]) != asked:
        raise KeyReused
    currency = Currency(row["currency"])
    return Operation(
        id=row["id"],
        reference=row["reference"],
        type=OperationType(row["type"]),
        state=OperationState(row["state"]),
        amount=Money(row["amount_minor"], currency),
        fee=Money(row["fee_minor"], currency),
        balance=Money(row["balance_after"], currency),
        payee_name=row["party_name"] or shown_name(row["first_name"], row["last_name"]),
        created_at=row["created_at"],
        is_replay=True,
    )


_FACTS = """
with side as (
    select w.id, w.account_id, w.level, u.id as user_id, u.phone, u.first_name, u.last_name, u.language,
           u.state = 'active' and w.state = 'active' as is_open
    from wallet w join users u on u.id = w.user_id where w.id in (%(payer)s, %(payee)s)
), spent as (
    select type, coalesce(sum(amount_minor + fee_minor), 0) as month,
           coalesce(sum(amount_minor + fee_minor) filter (where created_at >= %(day)s), 0) as day
    from ussd_operation
    where payer_id = %(payer)s and created_at >= %(month)s
      and state not in ('failed', 'reversed') and type <> 'recharge'
    group by type
)
select to_jsonb(payer) as payer, to_jsonb(payee) as payee,
    (select r from unnest(%(references)s::text[]) r
     where not exists (select from ussd_operation where reference = r) limit 1) as reference,
    (select max(created_at) from ussd_operation
     where payer_id = %(payer)s and type = %(type)s and payee_id = %(payee)s and amount_minor = %(amount)s
       and state <> 'failed' and created_at > %(recent)s) as same_at,
    exists (
        select from wallet_limit l
        cross join lateral (
            select coalesce(sum(s.day), 0) + %(total)s as day, coalesce(sum(s.month), 0) + %(total)s as month
            from spent s where l.type is null or s.type = l.type) out
        where l.level = payer.level and l.currency = %(currency)s and (l.type is null or l.type = %(type)s)
          and (out.day > l.day_minor or out.month > l.month_minor)) as is_over_ceiling,
    exists (select from pin_credential p where p.user_id = payer.user_id
            and (p.doubted_at is not null or coalesce(p.proved_at, p.changed_at) < %(silent)s)) as is_proof_due,
    (select min(balance_max_minor) from wallet_limit l
     where l.level = payee.level and l.currency = %(currency)s and (l.type is null or l.type = %(type)s))
        as payee_ceiling_minor
from side payer, side payee where payer.id = %(payer)s and payee.id = %(payee)s
"""


def _read_facts(
    session: Session, order: MoveMoney, kind: Kind, wallets: dict[str, UUID], balances: dict[UUID, int], payee_name: str
) -> _Facts:
    now = clock.now()
    today = now.astimezone(ZoneInfo(order.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    row = fetch_one(
        session,
        _FACTS,
        {
            **wallets,
            "type": kind.type,
            "currency": order.amount.currency,
            "amount": order.amount.minor,
            "total": (order.amount + order.fee).minor,
            "day": today.astimezone(UTC),
            "month": (today - timedelta(days=CEILING_DAYS - 1)).astimezone(UTC),
            "recent": now - REPEAT_WINDOW,
            "silent": now - SILENCE,
            "references": [ids.reference(kind.prefix) for _ in range(CANDIDATES)],
        },
    )
    assert row is not None  # noqa: S101  # both wallets were found, and none is ever deleted
    return _Facts(
        payer=_side(row["payer"], balances),
        payee=_side(row["payee"], balances, payee_name),
        reference=row["reference"],
        same_at=row["same_at"],
        is_over_ceiling=row["is_over_ceiling"],
        is_proof_due=row["is_proof_due"],
        payee_ceiling_minor=row["payee_ceiling_minor"],
    )


def _side(found: dict[str, Any], balances: dict[UUID, int], name: str = "") -> Side:
    account_id = UUID(found["account_id"])
    return Side(
        wallet_id=UUID(found["id"]),
        account_id=account_id,
        user_id=UUID(found["user_id"]),
        phone=found["phone"],
        name=name or shown_name(found["first_name"], found["last_name"], found["phone"]),
        language=found["language"],
        level=found["level"],
        is_open=found["is_open"],
        balance_minor=balances[account_id],
    )


def _guard_price(session: Session, order: MoveMoney, kind: Kind) -> Quote:
    """Price it again: what was shown is what is charged, or it is shown again."""
    try:
        quote = tariffs.quote(session, kind.type, order.amount, order.payer_id)
    except (BelowMinimum, AboveMaximum) as refusal:
        raise CeilingReached from refusal
    if (quote.tariff_id, quote.fee) != (order.tariff_id, order.fee):
        raise QuoteChanged(quote)
    return quote


def _guard_people(facts: _Facts, kind: Kind) -> None:
    if not facts.payer.is_open:
        raise WalletSuspended
    if not facts.payee.is_open:
        raise PayeeClosed
    if kind.is_for_sellers and facts.payer.level not in SELLERS:
        raise NotASeller
    if facts.is_proof_due:
        raise ProofDue


def _guard_money(facts: _Facts, quote: Quote, shares: Shares, *, is_repeat_confirmed: bool) -> None:
    if facts.same_at is not None and not is_repeat_confirmed:
        raise SentAlready(ago_text((clock.now() - facts.same_at).total_seconds()))
    if facts.is_over_ceiling:
        raise CeilingReached
    if facts.payer.balance_minor < quote.total.minor:
        raise InsufficientFunds
    ceiling = facts.payee_ceiling_minor
    if ceiling is not None and facts.payee.balance_minor + shares.payee.minor > ceiling:
        raise PayeeFull


def _write_operation(
    session: Session, order: MoveMoney, facts: _Facts, quote: Quote, posted: ledger.Posted, party_name: str
) -> Operation:
    operation = Operation(
        id=ids.new_id(),
        reference=facts.reference,
        type=quote.type,
        state=OperationState.COMPLETED,
        amount=quote.amount,
        fee=quote.fee,
        balance=Money(posted.balances[facts.payer.account_id], quote.amount.currency),
        payee_name=facts.payee.name,
        created_at=clock.now(),
        is_replay=False,
    )
    driver(session).execute(
        """
        insert into ussd_operation (id, created_at, reference, type, payer_id, payee_id, currency, amount_minor,
            fee_minor, tariff_id, key, state, session_id, transaction_id, repeat_confirmed, refusal, party_name)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s)
        """,
        (
            operation.id,
            operation.created_at,
            operation.reference,
            operation.type,
            facts.payer.wallet_id,
            facts.payee.wallet_id,
            operation.amount.currency,
            operation.amount.minor,
            operation.fee.minor,
            quote.tariff_id,
            order.key,
            operation.state,
            order.session_id,
            posted.id,
            order.is_repeat_confirmed,
            party_name,
        ),
    )
    return operation
