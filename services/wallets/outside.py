"""What the wallet's outside operations share: the person, the operation's own state, and what he is told.

An outside operation is a transfer with a row in the person's statement; the transfer moves it, never the other way.
"""

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock, ids
from core.database import Session, fetch_one
from core.errors import NotFound
from core.i18n import language
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.phone import mask_phone, normalise
from core.states import transition
from models.ledger import AccountKind
from models.messages import Channel
from models.transfers import TransferState
from models.wallets import OPERATION_STEPS, OperationState, OperationType, UssdOperation
from services import ledger, messages, routes
from services.ledger import Leg, Posted
from services.messages import OutgoingMessage
from services.tariffs import AboveMaximum, BelowMinimum, Quote, quote
from services.transfers import TransferRow, reasons
from services.wallets.movements import CANDIDATES, CEILING_DAYS
from services.wallets.refusals import CeilingReached, NoWallet, QuoteChanged, WalletSuspended

_OPERATION_OF = {
    TransferState.SUBMITTED: OperationState.SENT,
    TransferState.UNKNOWN: OperationState.UNKNOWN,
    TransferState.SUCCEEDED: OperationState.COMPLETED,
    TransferState.FAILED: OperationState.FAILED,
    TransferState.EXPIRED: OperationState.FAILED,
    TransferState.CANCELLED: OperationState.FAILED,
    TransferState.REVERSED: OperationState.REVERSED,
}

_PREFIXES = {
    OperationType.RECHARGE: "RE",
    OperationType.CASH_OUT: "RT",
    OperationType.BILL: "FA",
    OperationType.AIRTIME: "CR",
    OperationType.SUBSCRIPTION: "AB",
}

_HOLDER = """
select w.id as wallet_id, w.account_id, w.level, w.currency, u.id as user_id, u.phone, u.phone_proved_at, u.country,
       u.language, u.first_name, u.last_name, u.state = 'active' and w.state = 'active' as is_open
from wallet w join users u on u.id = w.user_id
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """The person whose wallet it is."""

    wallet_id: UUID
    account_id: UUID
    level: str
    currency: Currency
    user_id: UUID
    phone: str
    phone_proved_at: Any
    country: str
    language: str
    name: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class OutsideOperation:
    """What was asked for, now or when this key came first."""

    id: UUID
    reference: str
    type: OperationType
    state: OperationState
    amount: Money
    fee: Money
    transfer_id: UUID
    is_replay: bool


def find_holder(session: Session, user_id: UUID, currency: Currency) -> Holder:
    """Return a person with his wallet in a currency, ready to move money, or refuse."""
    row = fetch_one(session, f"{_HOLDER} where w.user_id = %s and w.currency = %s", (user_id, currency))
    if row is None or row["phone"] is None:
        raise NoWallet
    holder = _holder(row)
    if not holder.is_open:
        raise WalletSuspended
    return holder


def holder_of(session: Session, operation_id: UUID) -> Holder:
    """Return whose operation it is."""
    row = fetch_one(session, f"{_HOLDER} join ussd_operation o on o.payer_id = w.id where o.id = %s", (operation_id,))
    if row is None:
        raise NotFound(thing="operation")
    return _holder(row)


def require_own(actor: Actor, user_id: UUID) -> None:
    """Refuse who acts on another's wallet without the right to."""
    if actor.user_id != user_id:
        actor.require(Permission.PAYMENTS_ACT)


def guard_price(session: Session, kind: OperationType, order: Any, user_id: UUID) -> Quote:
    """Price again what was shown (`order.amount`, `.fee`, `.tariff_id`): it is charged as shown, or shown again."""
    try:
        priced = quote(session, kind, order.amount, user_id)
    except (BelowMinimum, AboveMaximum) as refusal:
        raise CeilingReached from refusal
    if (priced.tariff_id, priced.fee) != (order.tariff_id, order.fee):
        raise QuoteChanged(priced)
    return priced


def guard_ceilings(session: Session, holder: Holder, kind: OperationType, total: Money, timezone: str) -> None:
    """Refuse what would take the day or the 30 days over the ceiling of the holder's level."""
    now = clock.now()
    today = now.astimezone(ZoneInfo(timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    row = fetch_one(
        session,
        """
        with spent as (
            select type, sum(amount_minor + fee_minor) as month,
                   coalesce(sum(amount_minor + fee_minor) filter (where created_at >= %(day)s), 0) as day
            from ussd_operation
            where payer_id = %(wallet)s and created_at >= %(month)s
              and state not in ('failed', 'reversed') and type <> 'recharge'
            group by type)
        select exists (
            select from wallet_limit l cross join lateral (
                select coalesce(sum(s.day), 0) + %(total)s as day, coalesce(sum(s.month), 0) + %(total)s as month
                from spent s where l.type is null or s.type = l.type) out
            where l.level = %(level)s and l.currency = %(currency)s and (l.type is null or l.type = %(type)s)
              and (out.day > l.day_minor or out.month > l.month_minor)) as is_over
        """,
        {
            "wallet": holder.wallet_id,
            "level": holder.level,
            "currency": holder.currency,
            "type": kind,
            "total": total.minor,
            "day": today.astimezone(UTC),
            "month": (today - timedelta(days=CEILING_DAYS - 1)).astimezone(UTC),
        },
    )
    if row is not None and row["is_over"]:
        raise CeilingReached


def write_operation(
    session: Session, holder: Holder, priced: Quote, key: str, session_id: UUID | None
) -> UssdOperation:
    """Write the operation of a transfer that is about to be asked for."""
    operation = UssdOperation(
        reference=_free_reference(session, _PREFIXES[priced.type]),
        type=priced.type,
        payer_id=holder.wallet_id,
        currency=holder.currency,
        amount_minor=priced.amount.minor,
        fee_minor=priced.fee.minor,
        tariff_id=priced.tariff_id,
        key=key,
        state=OperationState.RESERVED,
        session_id=session_id,
    )
    session.add(operation)
    session.flush()
    return operation


def _free_reference(session: Session, prefix: str) -> str:
    """Return a reference nobody has: what is read aloud is short, and among a million draws some are drawn again."""
    drawn = [ids.reference(prefix) for _ in range(CANDIDATES)]
    free = fetch_one(
        session,
        "select c.drawn from unnest(%s::text[]) c (drawn)"
        " where not exists (select from ussd_operation o where o.reference = c.drawn) limit 1",
        (drawn,),
    )
    return str(free["drawn"]) if free is not None else drawn[0]


def move_operation(session: Session, row: TransferRow, posted: Posted | None) -> UssdOperation:
    """Bring an operation to where its transfer is; what was unknown and is pending again stays unknown until known."""
    operation = get_operation(session, row.subject_id)
    to = _OPERATION_OF.get(row.state)
    if to is not None and to != operation.state and to in OPERATION_STEPS[OperationState(operation.state)]:
        transition(operation, OPERATION_STEPS, to)
    if row.state is TransferState.SUCCEEDED and posted is not None:
        operation.transaction_id = posted.id
    if to is OperationState.FAILED:
        operation.refusal = row.reason or row.state
    session.add(operation)
    session.flush()
    return operation


def get_operation(session: Session, operation_id: UUID) -> UssdOperation:
    """Return an operation, locked until the transaction ends."""
    operation = session.get(UssdOperation, operation_id, with_for_update=True, populate_existing=True)
    if operation is None:
        raise NotFound(thing="operation")
    return operation


def as_asked(operation: UssdOperation, row: TransferRow, *, is_replay: bool) -> OutsideOperation:
    """Return an operation as its door shows it."""
    currency = Currency(operation.currency)
    return OutsideOperation(
        id=operation.id,
        reference=operation.reference,
        type=OperationType(operation.type),
        state=OperationState(operation.state),
        amount=Money(operation.amount_minor, currency),
        fee=Money(operation.fee_minor, currency),
        transfer_id=row.id,
        is_replay=is_replay,
    )


def tell(  # what an SMS is made of
    session: Session,
    holder: Holder,
    code: str,
    reference: str,
    variables: dict[str, str],
    posted: Posted | None = None,
    *,
    occasion: UUID | str = "",
) -> None:
    """Write one SMS about an operation to its owner, once for each kind of news and `occasion`."""
    messages.enqueue(
        session,
        OutgoingMessage(
            dedupe_key=f"{code}:{occasion or reference}",
            type=code,
            channel=Channel.SMS,
            address=holder.phone,
            template_code=code,
            recipient_id=holder.user_id,
            locale=holder.language,
            variables={**variables, "ref": reference},
            transaction_id=posted.id if posted else None,
        ),
    )


def balance_after(session: Session, holder: Holder, posted: Posted | None) -> str:
    """Return the holder's balance as his phone shows it, just after a posting."""
    known = posted.balances.get(holder.account_id) if posted is not None else None
    if known is not None:
        return Money(known, holder.currency).on_phone()
    return ledger.get_balance(session, holder.account_id).on_phone()


def operator_name(method: str) -> str:
    """Return the operator's name as an SMS has room for it."""
    return routes.label_of(method).partition(" (")[0]


def shown_phone(holder: Holder, e164: str) -> str:
    """Return a number as its owner writes it."""
    return normalise(e164, None).seen_from(normalise(holder.phone, None).country)


def tell_doubt(session: Session, row: TransferRow) -> None:
    """Ask the owner not to repeat what nobody knows the end of."""
    operation, holder = get_operation(session, row.subject_id), holder_of(session, row.subject_id)
    amount = Money(operation.amount_minor, holder.currency)
    tell(session, holder, "wallet_incertain", operation.reference, {"montant": amount.on_phone()})


def short_reason(holder: Holder, row: TransferRow) -> str:
    """Return why, in the owner's own language, as an SMS has room for it."""
    token = language.set(holder.language)
    try:
        return reasons.short(row.reason)
    finally:
        language.reset(token)


def reserve_account(session: Session, holder: Holder) -> UUID:
    """Return the account where what leaves a wallet waits."""
    kind = AccountKind.WALLET_RESERVED
    return ledger.open_account(
        session, kind, "wallet", holder.wallet_id, holder.currency, label=mask_phone(holder.phone)
    )


def fee_legs(session: Session, fee: Money) -> tuple[Leg, ...]:
    """Return the leg of our fee (negative: income), none when there is none."""
    if fee.minor == 0:
        return ()
    return (Leg(ledger.house_account(session, AccountKind.FEE_INCOME, fee.currency), fee),)


def _holder(row: dict[str, Any]) -> Holder:
    return Holder(
        wallet_id=row["wallet_id"],
        account_id=row["account_id"],
        level=row["level"],
        currency=Currency(row["currency"]),
        user_id=row["user_id"],
        phone=row["phone"] or "",
        phone_proved_at=row["phone_proved_at"],
        country=row["country"] or "",
        language=row["language"],
        name=f"{row['first_name']} {row['last_name']}".strip(),
        is_open=row["is_open"],
    )
