"""Taking a money operation back with two persons: an operator asks, an administrator agrees, both sides are told."""

from uuid import UUID

from pydantic import Field

from core.database import Session
from core.errors import NotFound, WrongState
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from models.wallets import OperationState, UssdOperation
from services import approvals, ledger, wallets
from services.approvals import ApprovalRow, AskApproval, Kind
from services.wallets import ReverseOperation

SUBJECT = "ussd_operation"


class RequestReversal(Order):
    """The wish to give amount and fee of one operation back."""

    operation_id: UUID
    reason: str = Field(min_length=3, max_length=500)


def request_reversal(session: Session, actor: Actor, order: RequestReversal) -> ApprovalRow:
    """Ask a second person to give an operation back; refuses what is not completed or went through an operator."""
    actor.require(Permission.USSD_ACT)
    operation = session.get(UssdOperation, order.operation_id)
    if operation is None:
        raise NotFound(thing="operation")
    if operation.state != OperationState.COMPLETED or operation.transaction_id is None:
        raise WrongState(state=operation.state, wanted=OperationState.REVERSED)
    ledger.require_inside(session, operation.key)
    amount = Money(operation.amount_minor + operation.fee_minor, Currency(operation.currency))
    return approvals.ask(
        session,
        actor,
        AskApproval(
            kind=REVERSAL.name,
            subject_type=SUBJECT,
            subject_id=operation.id,
            summary=f"{operation.reference} : {amount.on_phone()}",
            payload={"operation_id": str(operation.id), "amount": amount.plain, "currency": amount.currency},
            reason=order.reason,
        ),
    )


def _agreed(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    order = ReverseOperation(
        key=f"reversal:{approval.subject_id}", operation_id=approval.subject_id, reason=approval.reason
    )
    wallets.reverse_operation(session, actor, order)


REVERSAL = approvals.register(
    Kind(
        name="operation_reversal",
        title="Annuler une opération",
        asks=Permission.USSD_ACT,
        decides=Permission.LEDGER_REVERSE,
        on_approved=_agreed,
    )
)
