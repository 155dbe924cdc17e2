"""Paying for a service: the wallet is debited, our service income credited, once per key."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core import ids
from core.database import Session, fetch_one
from core.money import Currency, Money
from core.states import transition
from models.ledger import AccountKind, Source
from models.ussd import UssdService
from models.wallets import OPERATION_STEPS, OperationState, OperationType
from services import ledger
from services.ledger import InsufficientFunds, KeyReused, Leg, Posting
from services.tariffs import Quote
from services.wallets.outside import Holder, fee_legs, guard_ceilings, write_operation

KIND = OperationType.SUBSCRIPTION


@dataclass(frozen=True, slots=True)
class Payment:
    """What was debited, now or when this key came first."""

    operation_id: UUID
    reference: str
    balance: Money


@dataclass(frozen=True, slots=True)
class Till:
    """A person's wallet, locked, with what it holds."""

    holder: Holder
    balance_minor: int


def open_till(session: Session, holder: Holder) -> Till:
    """Lock a person's wallet until the transaction ends."""
    return Till(holder, ledger.lock_balances(session, [holder.account_id])[holder.account_id])


def find_payment(session: Session, holder: Holder, key: str, amount: Money) -> Payment | None:
    """Return what this key paid before; other content under it is refused."""
    row = fetch_one(
        session,
        """
        select o.id, o.reference, o.payer_id, o.type, o.amount_minor, e.balance_after
        from ussd_operation o
        join ledger_entry e on e.transaction_id = o.transaction_id and e.account_id = %s
        where o.key = %s
        """,
        (holder.account_id, key),
    )
    if row is None:
        return None
    if (row["payer_id"], row["type"], row["amount_minor"]) != (holder.wallet_id, KIND, amount.minor):
        raise KeyReused
    return Payment(row["id"], row["reference"], Money(row["balance_after"], amount.currency))


def find_timezone(session: Session, holder: Holder) -> str:
    """Return in which zone a person's days are counted: that of the service he subscribes at, or of his currency's."""
    row = fetch_one(
        session,
        """
        select v.timezone from ussd_service v
        where v.currency = %(currency)s
        order by exists (
            select from ussd_operation o join ussd_session s on s.id = o.session_id
            where o.payer_id = %(wallet)s and o.type = %(kind)s and s.service_id = v.id) desc, v.created_at
        limit 1
        """,
        {"currency": holder.currency, "wallet": holder.wallet_id, "kind": KIND},
    )
    return str(row["timezone"]) if row else UssdService.model_fields["timezone"].default


def pay(
    session: Session, till: Till, priced: Quote, *, key: str, timezone: str, session_id: UUID | None = None, label: str
) -> Payment:
    """Debit a locked wallet and write the operation; refuses with `CeilingReached` or `InsufficientFunds`."""
    holder = till.holder
    guard_ceilings(session, holder, KIND, priced.total, timezone)
    if till.balance_minor < priced.total.minor:
        raise InsufficientFunds
    operation = write_operation(session, holder, priced, key, session_id)
    operation.party_name = label
    posted = ledger.post(
        session,
        Posting(
            source=Source.USSD,
            key=key,
            kind=KIND,
            legs=_legs(session, holder, priced),
            reference=operation.reference,
            actor=holder.name,
            id=ids.new_id(),
        ),
    )
    operation.transaction_id = posted.id
    transition(operation, OPERATION_STEPS, OperationState.COMPLETED)
    session.add(operation)
    session.flush()
    return Payment(operation.id, operation.reference, Money(posted.balances[holder.account_id], priced.amount.currency))


def _legs(session: Session, holder: Holder, priced: Quote) -> tuple[Leg, ...]:
    income = ledger.house_account(session, AccountKind.SERVICE_INCOME, Currency(priced.amount.currency))
    paid: tuple[Any, ...] = (Leg(holder.account_id, priced.total), Leg(income, -priced.amount))
    return (*paid, *fee_legs(session, -priced.fee))
