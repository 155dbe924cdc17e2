"""A wallet and its owner's mobile money: topping up from it, giving a top-up back, sending money out to it.

A top-up collects amount and fee together and moves nothing here before the operator says it succeeded. What goes out is
set aside first, and comes back if it did not arrive.
"""

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from core import clock
from core.database import Session, fetch_one
from core.errors import Refusal
from core.money import Money
from core.orders import Order
from core.permissions import Actor
from core.phone import normalise
from core.states import transition
from models.ledger import Source
from models.transfers import Direction, TransferState
from models.wallets import OPERATION_STEPS, OperationState, OperationType
from services import ledger, pins, transfers
from services.ledger import InsufficientFunds, KeyReused, Leg, Posted
from services.routes import Route
from services.transfers import NothingLeftToRefund, RequestTransfer, TransferRow, purposes
from services.transfers.purposes import Purpose
from services.transfers.rows import find
from services.wallets.outside import (
    Holder,
    OutsideOperation,
    as_asked,
    balance_after,
    fee_legs,
    find_holder,
    get_operation,
    guard_ceilings,
    guard_price,
    holder_of,
    move_operation,
    operator_name,
    require_own,
    reserve_account,
    short_reason,
    shown_phone,
    tell,
    tell_doubt,
    write_operation,
)
from services.wallets.refusals import PayeeFull, guard_velocity

PROOF_IS_FRESH_FOR = timedelta(days=90)
CHANGE_RESTS_FOR = timedelta(hours=72)
LONGEST_LINK = 200  # a link that would be cut is of no use to anybody

_ENDED_BADLY = frozenset({TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED})


class NumberToConfirm(Refusal):
    """Nothing is paid out to a number that changed lately, or that nobody has proved for long."""

    code = "numero_a_confirmer"
    status = 409
    sentence = "Confirmez d'abord ce numéro par un code. Rien n'a été débité."


class RechargeWallet(Order):
    """The order to collect `amount` and `fee` from the caller's own number, as shown and confirmed by PIN."""

    key: str
    user_id: UUID
    method: str
    amount: Money
    fee: Money
    tariff_id: UUID
    source: Source = Source.USSD
    session_id: UUID | None = None


class WithdrawMoney(Order):
    """The order to send `amount` from the wallet to the caller's own mobile money, for `fee`.

    `is_number_proved`: he calls from that number now, or has just confirmed it by code.
    """

    key: str
    user_id: UUID
    method: str
    amount: Money
    fee: Money
    tariff_id: UUID
    source: Source = Source.USSD
    session_id: UUID | None = None
    is_number_proved: bool = False
    timezone: str = "Africa/Douala"


def recharge(session: Session, actor: Actor, order: RechargeWallet) -> OutsideOperation:
    """Ask the caller's operator for the total, once per key; the wallet is credited when it succeeded, by SMS told.

    Refuses with `NoWallet`, `WalletSuspended`, `QuoteChanged`, `CeilingReached`, `PayeeFull`, `NoRoute`,
    `ProviderResting`, `TooManyRequests`, and what a transfer refuses.
    """
    require_own(actor, order.user_id)
    holder = find_holder(session, order.user_id, order.amount.currency)
    balances = ledger.lock_balances(session, [holder.account_id])
    known = _find_known(session, order, holder)
    if known is not None:
        return known
    guard_velocity(session, "operations", str(order.user_id))
    priced = guard_price(session, OperationType.RECHARGE, order, order.user_id)
    _guard_room(session, holder, balances[holder.account_id] + order.amount.minor)
    route = _choose_route(session, order, holder, Direction.COLLECT, priced.total)
    operation = write_operation(session, holder, priced, order.key, order.session_id)
    wanted = _request(order, holder, operation.id, Direction.COLLECT, RECHARGE.name, route)
    row = transfers.request(session, actor, wanted)
    return as_asked(operation, row, is_replay=False)


def withdraw(session: Session, actor: Actor, order: WithdrawMoney) -> OutsideOperation:
    """Set amount and fee aside and send the amount to the caller's own number, once per key; told by SMS.

    Refuses as `recharge`, with `InsufficientFunds`, and with `NumberToConfirm`.
    """
    require_own(actor, order.user_id)
    holder = find_holder(session, order.user_id, order.amount.currency)
    balances = ledger.lock_balances(session, [holder.account_id])
    known = _find_known(session, order, holder)
    if known is not None:
        return known
    guard_velocity(session, "operations", str(order.user_id))
    pins.require_proved(session, order.user_id)
    _guard_number(holder, is_proved=order.is_number_proved)
    priced = guard_price(session, OperationType.CASH_OUT, order, order.user_id)
    guard_ceilings(session, holder, OperationType.CASH_OUT, priced.total, order.timezone)
    if balances[holder.account_id] < priced.total.minor:
        raise InsufficientFunds
    route = _choose_route(session, order, holder, Direction.PAYOUT, priced.amount)
    operation = write_operation(session, holder, priced, order.key, order.session_id)
    wanted = _request(order, holder, operation.id, Direction.PAYOUT, WITHDRAWAL.name, route)
    row = transfers.request(session, actor, wanted)
    return as_asked(operation, row, is_replay=False)


class _Recharge(Purpose):
    """Money for the wallet: Dr float and fee expense, Cr wallet amount, Cr fees."""

    name: ClassVar[str] = "recharge"
    refund_name: ClassVar[str] = "recharge_refund"

    def authorise(self, session: Session, actor: Actor, order: RequestTransfer) -> None:
        require_own(actor, holder_of(session, order.subject_id).user_id)

    def reference(self, session: Session, row: TransferRow) -> str:
        return get_operation(session, row.subject_id).reference

    def settle(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        operation = get_operation(session, row.subject_id)
        holder = holder_of(session, row.subject_id)
        amount, fee = Money(operation.amount_minor, holder.currency), Money(operation.fee_minor, holder.currency)
        return Leg(holder.account_id, -amount), *fee_legs(session, -fee)

    def follow(self, session: Session, row: TransferRow, _was: TransferState, posted: Posted | None) -> None:
        operation = move_operation(session, row, posted)
        holder = holder_of(session, operation.id)
        figures = {"montant": Money(operation.amount_minor, holder.currency).on_phone()}
        figures["operateur"] = operator_name(row.method)
        if row.state is TransferState.SUCCEEDED:
            figures["frais"] = Money(operation.fee_minor, holder.currency).on_phone()
            figures["solde"] = balance_after(session, holder, posted)
            tell(session, holder, "wallet_recharge", operation.reference, figures, posted)
        elif row.state in _ENDED_BADLY:
            figures["motif"] = short_reason(holder, row)
            tell(session, holder, "wallet_recharge_refusee", operation.reference, figures)
        elif row.state is TransferState.PENDING and row.next_step.get("url"):
            # Whoever asked by phone has no screen to open a link on: it comes to him.
            figures |= {"montant": row.amount.on_phone(), "lien": row.next_step["url"]}
            tell(session, holder, "wallet_recharge_lien", operation.reference, figures)

    def invite(self, session: Session, row: TransferRow) -> None:
        """Send the link by SMS: the dialogue that asked is over."""
        link = str(row.next_step.get("url", ""))
        if not 0 < len(link) <= LONGEST_LINK:
            return
        operation, holder = get_operation(session, row.subject_id), holder_of(session, row.subject_id)
        figures = {"montant": row.amount.on_phone(), "operateur": operator_name(row.method), "lien": link}
        tell(session, holder, "wallet_recharge_lien", operation.reference, figures)

    def doubt(self, session: Session, row: TransferRow) -> None:
        tell_doubt(session, row)


class _Withdrawal(Purpose):
    """Money of the wallet for its owner's mobile money: the reserve pays the float and our fee."""

    name: ClassVar[str] = "withdrawal"

    def authorise(self, session: Session, actor: Actor, order: RequestTransfer) -> None:
        require_own(actor, holder_of(session, order.subject_id).user_id)

    def reference(self, session: Session, row: TransferRow) -> str:
        return get_operation(session, row.subject_id).reference

    def hold(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        operation = get_operation(session, row.subject_id)
        holder = holder_of(session, row.subject_id)
        total = row.amount + Money(operation.fee_minor, holder.currency)
        return Leg(holder.account_id, total), Leg(reserve_account(session, holder), -total)

    def settle(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        operation = get_operation(session, row.subject_id)
        holder = holder_of(session, row.subject_id)
        fee = Money(operation.fee_minor, holder.currency)
        return Leg(reserve_account(session, holder), row.amount + fee), *fee_legs(session, -fee)

    def follow(self, session: Session, row: TransferRow, _was: TransferState, posted: Posted | None) -> None:
        operation = move_operation(session, row, posted)
        fee = Money(operation.fee_minor, row.amount.currency)
        _tell_payout(session, row, holder_of(session, operation.id), operation.reference, fee, posted)

    def doubt(self, session: Session, row: TransferRow) -> None:
        tell_doubt(session, row)


class _RechargeRefund(Purpose):
    """A top-up given back: the wallet pays its amount; the fee comes back too when it is given back whole."""

    name: ClassVar[str] = "recharge_refund"

    def guard(self, session: Session, row: TransferRow) -> None:
        """Refuse to give back in parts more than the wallet received: the fee is given back with the whole only."""
        parent = _parent(session, row)
        left = transfers.get_refundable(session, parent)  # this one counts as given
        fee = get_operation(session, parent.subject_id).fee_minor
        if row.amount != parent.amount and left.minor < fee:
            raise NothingLeftToRefund

    def hold(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        holder, from_fees = self._shares(session, row)
        legs = [Leg(holder.account_id, row.amount - from_fees), Leg(reserve_account(session, holder), -row.amount)]
        return *legs, *fee_legs(session, from_fees)

    def settle(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        holder, _ = self._shares(session, row)
        return (Leg(reserve_account(session, holder), row.amount),)

    def follow(self, session: Session, row: TransferRow, _was: TransferState, posted: Posted | None) -> None:
        holder, _ = self._shares(session, row)
        operation = get_operation(session, _parent(session, row).subject_id)
        if row.state is TransferState.SUCCEEDED and row.amount == _parent(session, row).amount:
            transition(operation, OPERATION_STEPS, OperationState.REVERSED)
            session.add(operation)
        _tell_payout(session, row, holder, operation.reference, Money.zero(row.amount.currency), posted)

    def _shares(self, session: Session, row: TransferRow) -> tuple[Holder, Money]:
        """Return whose top-up it was, and what the house gives back of its fee."""
        parent = _parent(session, row)
        operation = get_operation(session, parent.subject_id)
        fee = operation.fee_minor if row.amount == parent.amount else 0
        return holder_of(session, parent.subject_id), Money(fee, row.amount.currency)


def _find_known(session: Session, order: RechargeWallet | WithdrawMoney, holder: Holder) -> OutsideOperation | None:
    row = fetch_one(
        session,
        "select o.id, t.id as transfer_id from ussd_operation o"
        " join transfer t on t.source = %s and t.key = o.key where o.key = %s",
        (order.source, order.key),
    )
    if row is None:
        return None
    operation = get_operation(session, row["id"])
    if (operation.payer_id, operation.amount_minor) != (holder.wallet_id, order.amount.minor):
        raise KeyReused
    return as_asked(operation, find(session, row["transfer_id"]), is_replay=True)


def _choose_route(
    session: Session, order: RechargeWallet | WithdrawMoney, holder: Holder, direction: Direction, amount: Money
) -> Route:
    """Choose who carries it, so that what he refuses is refused before the operation is written."""
    country = normalise(holder.phone, None).country
    return transfers.choose_route(session, order.method, country, direction, amount)


def _request(  # what a transfer copies for ever
    order: RechargeWallet | WithdrawMoney,
    holder: Holder,
    operation_id: UUID,
    direction: Direction,
    purpose: str,
    route: Route,
) -> RequestTransfer:
    return RequestTransfer(
        key=order.key,
        source=order.source,
        direction=direction,
        purpose=purpose,
        subject_id=operation_id,
        method=order.method,
        country=normalise(holder.phone, None).country,
        amount=order.amount + order.fee if direction is Direction.COLLECT else order.amount,
        party_phone=holder.phone,
        party_name=holder.name,
        language=holder.language,
        route=route,
    )


def _guard_room(session: Session, holder: Holder, after_minor: int) -> None:
    row = fetch_one(
        session,
        "select min(balance_max_minor) as most from wallet_limit"
        " where level = %s and currency = %s and (type is null or type = %s)",
        (holder.level, holder.currency, OperationType.RECHARGE),
    )
    if row is not None and row["most"] is not None and after_minor > row["most"]:
        raise PayeeFull


def _guard_number(holder: Holder, *, is_proved: bool) -> None:
    """Refuse a payout to a number that changed in the last 72 h, or was proved over 90 days ago, unless proved now."""
    if is_proved:
        return
    age = clock.now() - holder.phone_proved_at if holder.phone_proved_at is not None else None
    if age is None or age < CHANGE_RESTS_FOR or age > PROOF_IS_FRESH_FOR:
        raise NumberToConfirm


def _tell_payout(
    session: Session, row: TransferRow, holder: Holder, reference: str, fee: Money, posted: Posted | None
) -> None:
    figures = {"montant": row.amount.on_phone(), "solde": balance_after(session, holder, posted)}
    if row.state is TransferState.SUCCEEDED:
        figures |= {"operateur": operator_name(row.method), "tel": shown_phone(holder, row.party_phone)}
        figures["frais"] = fee.on_phone()
        tell(session, holder, "wallet_versement", reference, figures, posted, occasion=row.id)
    elif row.state in _ENDED_BADLY or row.state is TransferState.REVERSED:
        figures["motif"] = short_reason(holder, row)
        tell(session, holder, "wallet_refus", reference, figures, posted, occasion=row.id)


def _parent(session: Session, row: TransferRow) -> TransferRow:
    assert row.parent_id is not None  # noqa: S101  # a refund is made from what it gives back
    return find(session, row.parent_id)


RECHARGE = purposes.register(_Recharge())
WITHDRAWAL = purposes.register(_Withdrawal())
RECHARGE_REFUND = purposes.register(_RechargeRefund())
