"""Sending money from wallet to wallet, once, under the lock of both accounts.

Round trips: who (1), lock (1), facts under the lock (1), price (1), posting (1), the operation (1), both receipts (1).
Everything that may be refused is looked at before the first write.
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
from core.permissions import Actor
from core.phone import normalise
from models.ledger import AccountKind, Source
from models.messages import Channel
from models.wallets import OperationState, OperationType
from services import ledger, messages, tariffs
from services.ledger import InsufficientFunds, KeyReused, Leg, Posting
from services.messages import OutgoingMessage
from services.tariffs import AboveMaximum, BelowMinimum, Quote
from services.wallets.people import shown_name
from services.wallets.reads import REPEAT_WINDOW, ago_text
from services.wallets.refusals import (
    CeilingReached,
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


class TransferMoney(Order):
    """The order to send `amount`, as it was shown (`fee`, `tariff_id`) and confirmed by PIN.

    `key` is `ussd:{session}:{visit}`. `timezone` is the service's: its calendar day bounds the daily ceiling.
    """

    key: str
    payer_id: UUID
    payee_phone: str
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
class _Side:
    """One of the two persons, read under the lock."""

    wallet_id: UUID
    account_id: UUID
    user_id: UUID
    phone: str
    name: str
    language: str
    is_open: bool
    balance_minor: int


@dataclass(frozen=True, slots=True)
class _Facts:
    """Everything a transfer is judged by, read after both accounts were locked."""

    payer: _Side
    payee: _Side
    reference: str
    same_at: datetime | None
    is_over_ceiling: bool
    payee_ceiling_minor: int | None


def transfer(session: Session, actor: Actor, order: TransferMoney) -> Operation:
    """Move `amount` to the payee and `fee` to the house, once per key, and tell both by SMS.

    Nothing is written when it refuses: `OwnNumber`, `UnknownPayee`, `WalletSuspended`, `PayeeClosed`, `SentAlready`,
    `QuoteChanged`, `CeilingReached`, `InsufficientFunds`, `PayeeFull`, `TooManyRequests`; `KeyReused` when the key
    served for something else.
    """
    wallets = _resolve(session, order)
    balances = ledger.lock_balances(session, [wallets["payer_account"], wallets["payee_account"]])
    known = _find_known(session, order, wallets)
    if known is not None:
        return known
    guard_velocity(session, "operations", str(order.payer_id))
    facts = _read_facts(session, order, wallets, balances)
    quote = _guard_price(session, order)
    _guard_money(facts, quote, is_repeat_confirmed=order.is_repeat_confirmed)
    posted = ledger.post(
        session,
        Posting(
            source=Source.USSD,
            key=order.key,
            kind=OperationType.TRANSFER,
            legs=_legs(session, facts, quote),
            reference=facts.reference,
            actor=actor.name,
        ),
    )
    operation = _write_operation(session, order, facts, quote, posted)
    messages.enqueue_many(session, _receipts(facts, operation, posted))
    return operation


def _resolve(session: Session, order: TransferMoney) -> dict[str, UUID]:
    """Name both wallets and accounts: they never change, so they are read before the lock."""
    row = fetch_one(
        session,
        """
        select payer.id as payer, payer.account_id as payer_account,
               payee.id as payee, payee.account_id as payee_account
        from wallet payer
        left join users u on u.phone = %s
        left join wallet payee on payee.user_id = u.id and payee.currency = payer.currency
        where payer.user_id = %s and payer.currency = %s
        """,
        (order.payee_phone, order.payer_id, order.amount.currency),
    )
    if row is None:
        raise NoWallet
    if row["payee"] is None:
        raise UnknownPayee
    if row["payee"] == row["payer"]:
        raise OwnNumber
    return row


def _find_known(session: Session, order: TransferMoney, wallets: dict[str, UUID]) -> Operation | None:
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
    if (row["payer_id"], row["payee_id"], row["amount_minor"]) != (
        wallets["payer"],
        wallets["payee"],
        order.amount.minor,
    ):
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
        payee_name=shown_name(row["first_name"], row["last_name"]),
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
    (select min(balance_max_minor) from wallet_limit l
     where l.level = payee.level and l.currency = %(currency)s and (l.type is null or l.type = %(type)s))
        as payee_ceiling_minor
from side payer, side payee where payer.id = %(payer)s and payee.id = %(payee)s
"""


def _read_facts(session: Session, order: TransferMoney, wallets: dict[str, UUID], balances: dict[UUID, int]) -> _Facts:
    now = clock.now()
    today = now.astimezone(ZoneInfo(order.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    row = fetch_one(
        session,
        _FACTS,
        {
            **wallets,
            "type": OperationType.TRANSFER,
            "currency": order.amount.currency,
            "amount": order.amount.minor,
            "total": (order.amount + order.fee).minor,
            "day": today.astimezone(UTC),
            "month": (today - timedelta(days=CEILING_DAYS - 1)).astimezone(UTC),
            "recent": now - REPEAT_WINDOW,
            "references": [ids.reference("TR") for _ in range(CANDIDATES)],
        },
    )
    assert row is not None  # noqa: S101  # both wallets were found, and none is ever deleted
    return _Facts(
        payer=_side(row["payer"], balances),
        payee=_side(row["payee"], balances),
        reference=row["reference"],
        same_at=row["same_at"],
        is_over_ceiling=row["is_over_ceiling"],
        payee_ceiling_minor=row["payee_ceiling_minor"],
    )


def _side(found: dict[str, Any], balances: dict[UUID, int]) -> _Side:
    account_id = UUID(found["account_id"])
    return _Side(
        wallet_id=UUID(found["id"]),
        account_id=account_id,
        user_id=UUID(found["user_id"]),
        phone=found["phone"],
        name=shown_name(found["first_name"], found["last_name"], found["phone"]),
        language=found["language"],
        is_open=found["is_open"],
        balance_minor=balances[account_id],
    )


def _guard_price(session: Session, order: TransferMoney) -> Quote:
    """Price the transfer again: what was shown is what is charged, or it is shown again."""
    try:
        quote = tariffs.quote(session, OperationType.TRANSFER, order.amount, order.payer_id)
    except (BelowMinimum, AboveMaximum) as refusal:
        raise CeilingReached from refusal
    if (quote.tariff_id, quote.fee) != (order.tariff_id, order.fee):
        raise QuoteChanged(quote)
    return quote


def _guard_money(facts: _Facts, quote: Quote, *, is_repeat_confirmed: bool) -> None:
    if not facts.payer.is_open:
        raise WalletSuspended
    if not facts.payee.is_open:
        raise PayeeClosed
    if facts.same_at is not None and not is_repeat_confirmed:
        raise SentAlready(ago_text((clock.now() - facts.same_at).total_seconds()))
    if facts.is_over_ceiling:
        raise CeilingReached
    if facts.payer.balance_minor < quote.total.minor:
        raise InsufficientFunds
    ceiling = facts.payee_ceiling_minor
    if ceiling is not None and facts.payee.balance_minor + quote.amount.minor > ceiling:
        raise PayeeFull


def _legs(session: Session, facts: _Facts, quote: Quote) -> tuple[Leg, ...]:
    legs = (Leg(facts.payer.account_id, quote.total), Leg(facts.payee.account_id, -quote.amount))
    if quote.fee.minor == 0:
        return legs
    return (*legs, Leg(ledger.house_account(session, AccountKind.FEE_INCOME, quote.fee.currency), -quote.fee))


def _write_operation(
    session: Session, order: TransferMoney, facts: _Facts, quote: Quote, posted: ledger.Posted
) -> Operation:
    operation = Operation(
        id=ids.new_id(),
        reference=facts.reference,
        type=OperationType.TRANSFER,
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
            fee_minor, tariff_id, key, state, session_id, transaction_id, repeat_confirmed, refusal)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '')
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
        ),
    )
    return operation


def _receipts(facts: _Facts, operation: Operation, posted: ledger.Posted) -> list[OutgoingMessage]:
    """Write to both: each reads the other's name and number, and his own balance."""
    both = {"montant": operation.amount.on_phone(), "ref": operation.reference}
    sent = {"frais": operation.fee.on_phone(), "solde": operation.balance.on_phone()}
    received = {"solde": Money(posted.balances[facts.payee.account_id], operation.amount.currency).on_phone()}
    return [
        _receipt("wallet_envoi", facts.payer, facts.payee, operation, posted, both | sent),
        _receipt("wallet_reception", facts.payee, facts.payer, operation, posted, both | received),
    ]


def _receipt(
    template: str, to: _Side, other: _Side, operation: Operation, posted: ledger.Posted, figures: dict[str, str]
) -> OutgoingMessage:
    home = normalise(to.phone, None).country
    return OutgoingMessage(
        dedupe_key=f"{template}:{operation.reference}",
        type=template,
        channel=Channel.SMS,
        address=to.phone,
        template_code=template,
        recipient_id=to.user_id,
        locale=to.language,
        variables={"nom": other.name, "tel": normalise(other.phone, None).seen_from(home), **figures},
        transaction_id=posted.id,
    )
