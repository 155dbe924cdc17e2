"""Paying somebody outside the house from a wallet: a bill, airtime. Reserved at once, sent by the worker, known later.

The order's own transaction reserves amount and fee and writes the transfer; the phone that asked never waits for a
connector. Done: the reserve is spent, the amount is owed to whoever executed it, the fee is ours. Refused: the reserve
goes back. While nobody knows, it stays.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from core import clock
from core.database import Session, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor
from core.phone import normalise
from models.ledger import AccountKind, Source
from models.transfers import Direction, TransferState
from models.wallets import OperationState, OperationType, UssdOperation
from providers import registry
from providers.answers import Account, Unknown
from providers.connectors.biller import BadReference, Bill, Biller
from providers.wire import Wire
from services import ledger, pins, provider_accounts, routes, transfers
from services.ledger import InsufficientFunds, KeyReused, Leg, Posted
from services.routes import NoRoute, Route
from services.tariffs import Quote
from services.transfers import NoLongerDue, RequestTransfer, TransferRow, purposes
from services.transfers.purposes import Purpose
from services.wallets.outside import (
    Holder,
    balance_after,
    fee_legs,
    find_holder,
    get_operation,
    guard_ceilings,
    guard_price,
    holder_of,
    move_operation,
    require_own,
    reserve_account,
    short_reason,
    shown_phone,
    tell,
    tell_doubt,
    write_operation,
)
from services.wallets.reads import REPEAT_WINDOW, RecentSame, ago_text
from services.wallets.refusals import SentAlready, guard_velocity

BILLER, AIRTIME = "biller", "airtime"  # methods, as the routes name them

_GIVEN_BACK = frozenset({TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED, TransferState.REVERSED})


class Purchase(Order):
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


class PayBill(Purchase):
    """The order to pay `amount` of what is known by `reference` at a biller."""

    connector: str = BILLER
    biller: str = Field(min_length=1, max_length=40)
    biller_name: str
    reference: str = Field(min_length=1, max_length=40)
    customer_name: str = ""


class BuyAirtime(Purchase):
    """The order to send `amount` of airtime to a number (E.164), the payer's own or another."""

    connector: str = AIRTIME
    phone: str


@dataclass(frozen=True, slots=True)
class Purchased:
    """What was asked, now or when this key came first, as it stands; `balance` is what the wallet holds now."""

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


def pay_bill(session: Session, actor: Actor, order: PayBill) -> Purchased:
    """Reserve what a bill costs and have it paid, once per key; told by SMS how it ended.

    Nothing is written when it refuses: `WalletSuspended`, `ProofDue`, `SentAlready`, `QuoteChanged`, `CeilingReached`,
    `InsufficientFunds`, `NoRoute`, `AmountTooSmall`, `AmountTooLarge`, `DayLimitReached`, `TooManyRequests`;
    `KeyReused` when the key served for something else.
    """
    party = _Party(
        OperationType.BILL,
        text=bill_party(order.biller, order.reference),
        name=order.biller_name,
        reference=order.reference,
        code=order.biller,
        customer=order.customer_name,
    )
    return _pay(session, actor, order, party)


def buy_airtime(session: Session, actor: Actor, order: BuyAirtime) -> Purchased:
    """Reserve what airtime costs and have it sent, once per key; refuses as `pay_bill` does."""
    phone = normalise(order.phone, None)
    party = _Party(OperationType.AIRTIME, text=phone.e164, name=phone.national, phone=phone.e164)
    return _pay(session, actor, order, party)


def bill_party(biller: str, reference: str) -> str:
    """Return how an operation names whose bill it paid."""
    return f"{biller} {reference}"


def look_up_bill(account: Account, biller: str, reference: str) -> Bill | BadReference | Unknown:
    """Ask a biller whose bill it is and what is due; outside any transaction, at most 2.5 s a try."""
    adapter = registry.adapter(account.adapter)
    assert isinstance(adapter, Biller)  # noqa: S101  # `get_bill_account` gives no other
    return adapter.lookup(account, biller, reference, Wire())


def _pay(session: Session, actor: Actor, order: Purchase, party: _Party) -> Purchased:
    require_own(actor, order.payer_id)
    holder = find_holder(session, order.payer_id, order.amount.currency)
    balance_minor = ledger.lock_balances(session, [holder.account_id])[holder.account_id]
    known = _find_known(session, order, holder, party)
    if known is not None:
        return known
    guard_velocity(session, "operations", str(order.payer_id))
    priced = guard_price(session, party.type, order, order.payer_id)
    pins.require_proved(session, order.payer_id)
    _guard_repeat(session, order, holder, party)
    guard_ceilings(session, holder, party.type, priced.total, order.timezone)
    if balance_minor < priced.total.minor:
        raise InsufficientFunds
    route = transfers.choose_route(session, order.connector, order.country, Direction.PAYOUT, order.amount)
    operation = _write(session, order, holder, priced, party)
    transfers.request(session, actor, _request(order, holder, party, route, operation.id))
    return get_purchase(session, operation.id)


def _find_known(session: Session, order: Purchase, holder: Holder, party: _Party) -> Purchased | None:
    """Return what this key did before; another content under it is refused."""
    row = fetch_one(
        session, "select id, payer_id, type, party, amount_minor from ussd_operation where key = %s", (order.key,)
    )
    if row is None:
        return None
    asked = (holder.wallet_id, party.type, party.text, order.amount.minor)
    if asked != (row["payer_id"], row["type"], row["party"], row["amount_minor"]):
        raise KeyReused
    return replace(get_purchase(session, row["id"]), is_replay=True)


def _guard_repeat(session: Session, order: Purchase, holder: Holder, party: _Party) -> None:
    """Refuse the same money for the same party while nobody said «once more»; asked again under the wallet's lock."""
    same = get_recent_purchase(session, holder.user_id, party.type, party.text, order.amount)
    if same is not None and not order.is_repeat_confirmed:
        raise SentAlready(same.ago)


def _write(session: Session, order: Purchase, holder: Holder, priced: Quote, party: _Party) -> UssdOperation:
    operation = write_operation(session, holder, priced, order.key, order.session_id)
    operation.party, operation.party_name = party.text, party.name
    operation.repeat_confirmed = order.is_repeat_confirmed
    session.flush()
    return operation


def _request(order: Purchase, holder: Holder, party: _Party, route: Route, operation_id: UUID) -> RequestTransfer:
    return RequestTransfer(
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
        language=holder.language,
        route=replace(route, party_code=party.code or route.party_code),
    )


class _Purchase(Purpose):
    """A payout from a wallet; the two that exist differ by the receipt."""

    provider_kind = AccountKind.PAYABLE
    receipt: ClassVar[str]

    def named(self, operation: UssdOperation, holder: Holder) -> dict[str, str]:
        """Return the variables of the receipt that say what was paid."""
        raise NotImplementedError

    def authorise(self, session: Session, actor: Actor, order: RequestTransfer) -> None:
        require_own(actor, holder_of(session, order.subject_id).user_id)

    def guard(self, session: Session, row: TransferRow) -> None:
        if get_operation(session, row.subject_id).state != OperationState.RESERVED:
            raise NoLongerDue

    def reference(self, session: Session, row: TransferRow) -> str:
        return get_operation(session, row.subject_id).reference

    def hold(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        holder, total = holder_of(session, row.subject_id), row.amount + _fee(session, row)
        return Leg(holder.account_id, total), Leg(reserve_account(session, holder), -total)

    def settle(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        fee = _fee(session, row)
        reserved = reserve_account(session, holder_of(session, row.subject_id))
        return Leg(reserved, row.amount + fee), *fee_legs(session, -fee)

    def follow(self, session: Session, row: TransferRow, _was: TransferState, posted: Posted | None) -> None:
        operation = move_operation(session, row, posted)
        holder = holder_of(session, operation.id)
        figures = {"montant": row.amount.on_phone(), "solde": balance_after(session, holder, posted)}
        if row.state is TransferState.SUCCEEDED:
            figures |= self.named(operation, holder)
            tell(session, holder, self.receipt, operation.reference, figures, posted)
        elif row.state in _GIVEN_BACK:
            figures["motif"] = short_reason(holder, row)
            tell(session, holder, "wallet_refus", operation.reference, figures, posted)

    def doubt(self, session: Session, row: TransferRow) -> None:
        tell_doubt(session, row)


class _BillPayment(_Purchase):
    """A bill, paid for a customer of a biller."""

    name: ClassVar[str] = OperationType.BILL
    receipt = "wallet_facture"

    def named(self, operation: UssdOperation, holder: Holder) -> dict[str, str]:
        reference = operation.party.partition(" ")[2]
        fee = Money(operation.fee_minor, holder.currency)
        return {"nom": operation.party_name, "reference": reference, "frais": fee.on_phone()}


class _AirtimePurchase(_Purchase):
    """Airtime, sent to a number."""

    name: ClassVar[str] = OperationType.AIRTIME
    receipt = "wallet_credit"

    def named(self, operation: UssdOperation, holder: Holder) -> dict[str, str]:
        return {"tel": shown_phone(holder, operation.party)}


def _fee(session: Session, row: TransferRow) -> Money:
    return Money(get_operation(session, row.subject_id).fee_minor, row.amount.currency)


BILL_PAYMENT = purposes.register(_BillPayment())
AIRTIME_PURCHASE = purposes.register(_AirtimePurchase())


# Reads


def get_purchase(session: Session, operation_id: UUID) -> Purchased:
    """Return a bill or airtime as it stands now: what a phone is told when it asks again; refuses with `NotFound`."""
    row = fetch_one(
        session,
        """
        select o.id, o.reference, o.type, o.state, o.amount_minor, o.fee_minor, o.currency, o.party, o.party_name,
               o.created_at, a.balance
        from ussd_operation o
        join wallet w on w.id = o.payer_id join ledger_account a on a.id = w.account_id
        where o.id = %s and o.type in ('bill', 'airtime')
        """,
        (operation_id,),
    )
    if row is None:
        raise NotFound(thing="operation")
    currency = Currency(row["currency"])
    return Purchased(
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


def get_recent_purchase(
    session: Session, payer_id: UUID, kind: OperationType, party: str, amount: Money
) -> RecentSame | None:
    """Return the same bill or airtime of the last ten minutes, or one nobody knows the end of; None if there is none.

    `party` is `bill_party(…)` or a number (E.164). The verbs ask again under their lock.
    """
    now = clock.now()
    row = fetch_one(
        session,
        """
        select o.reference, o.created_at from ussd_operation o join wallet w on w.id = o.payer_id
        where w.user_id = %s and w.currency = %s and o.type = %s and o.party = %s and o.amount_minor = %s
          and (o.state in ('reserved', 'sent', 'unknown') or o.state <> 'failed' and o.created_at > %s)
        order by o.created_at desc limit 1
        """,
        (payer_id, amount.currency, kind, party, amount.minor, now - REPEAT_WINDOW),
    )
    if row is None:
        return None
    return RecentSame(kind, row["reference"], ago_text((now - row["created_at"]).total_seconds()))


def get_bill_account(session: Session, country: str, currency: Currency, connector: str = BILLER) -> Account:
    """Return the account that serves bills here, secrets in clear for one look-up; refuses with `NoRoute`."""
    route = routes.choose(session, connector, country, Direction.PAYOUT, currency)
    account = provider_accounts.view(session, route.account_id)
    if not isinstance(registry.adapter(account.adapter), Biller):
        raise NoRoute(moyen=routes.label_of(connector))
    return account
