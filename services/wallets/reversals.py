"""Taking an operation back: an operator's act, a new ledger transaction, told to both; never from a phone."""

from uuid import UUID

from pydantic import Field

from core.database import Session, fetch_all
from core.errors import NotFound
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.messages import Channel
from models.wallets import OPERATION_STEPS, OperationState, UssdOperation
from services import audit, ledger, messages
from services.ledger import Posted, ReverseTransaction
from services.messages import OutgoingMessage


class ReverseOperation(Order):
    """An operator's order; `key` is made when the dialog opens."""

    key: str
    operation_id: UUID
    reason: str = Field(min_length=1)


def reverse_operation(session: Session, actor: Actor, order: ReverseOperation) -> Posted:
    """Give amount and fee of a completed operation back, once, and tell both sides by SMS.

    Refuses with `InsufficientFunds` when the payee no longer holds the amount, `AlreadyReversed`, `WrongState`, or
    `CarriedByTransfer` when its money went through an operator.
    """
    actor.require(Permission.LEDGER_REVERSE)
    operation = session.get(UssdOperation, order.operation_id, with_for_update=True, populate_existing=True)
    if operation is None:
        raise NotFound(thing="operation")
    ledger.require_inside(session, operation.key)
    if operation.transaction_id is None:
        raise NotFound(thing="operation")
    if operation.state != OperationState.REVERSED:
        transition(operation, OPERATION_STEPS, OperationState.REVERSED)
    reversal = ReverseTransaction(key=order.key, transaction_id=operation.transaction_id, reason=order.reason)
    posted = ledger.reverse(session, actor, reversal)
    if posted.is_replay:
        return posted
    messages.enqueue_many(session, _notices(session, operation, posted))
    audit.record(
        session,
        actor,
        "operation.reverse",
        "ussd_operation",
        str(operation.id),
        summary=order.reason,
        changes={"reference": operation.reference},
    )
    return posted


def _notices(session: Session, operation: UssdOperation, posted: Posted) -> list[OutgoingMessage]:
    currency = Currency(operation.currency)
    people = fetch_all(
        session,
        "select w.id, w.account_id, u.id as user_id, u.phone, u.language from wallet w join users u on u.id = w.user_id"
        " where w.id = any(%s) and u.phone is not null order by w.id",
        ([operation.payer_id, operation.payee_id],),
    )
    return [
        OutgoingMessage(
            dedupe_key=f"wallet_annulation:{operation.reference}:{person['id']}",
            type="wallet_annulation",
            channel=Channel.SMS,
            address=person["phone"],
            template_code="wallet_annulation",
            recipient_id=person["user_id"],
            locale=person["language"],
            variables={
                "montant": Money(operation.amount_minor, currency).on_phone(),
                "solde": Money(posted.balances[person["account_id"]], currency).on_phone(),
                "ref": operation.reference,
            },
            transaction_id=posted.id,
        )
        for person in people
    ]
