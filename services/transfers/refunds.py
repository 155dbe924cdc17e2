"""Giving a payment back to who paid, by the way it came: a transfer of its own, asked by one person, agreed by another.

What was refunded is the sum of the succeeded refunds, never a state of the payment.
"""

from uuid import UUID

from pydantic import Field

from core.database import Session, driver, fetch_one
from core.errors import WrongState
from core.money import Money
from core.orders import Order
from core.permissions import Actor, Permission
from models.transfers import Direction, TransferState
from providers import registry
from services import approvals
from services.approvals import ApprovalRow, AskApproval, Kind
from services.ledger import KeyReused
from services.routes import Route
from services.transfers import purposes, requests
from services.transfers.refusals import NothingLeftToRefund, NotRefundable
from services.transfers.requests import RequestTransfer, release_hold
from services.transfers.rows import TransferRow, find
from services.transfers.transitions import Proof, take

_REFUNDED = """
select coalesce(sum(amount_minor), 0) as refunded from transfer
where parent_id = %s and direction = 'refund' and state in ('created', 'submitted', 'pending', 'unknown', 'succeeded')
"""


class RefundTransfer(Order):
    """The order to give back a payment, whole when no amount is named; it leaves when a second person agreed."""

    key: str
    transfer_id: UUID
    amount: Money | None = None
    reason: str = Field(min_length=3, max_length=500)


def refund(session: Session, actor: Actor, order: RefundTransfer) -> TransferRow:
    """Set the money aside and ask a second person; refuses what is not a success, or what is given back already.

    `NotRefundable` when neither the purpose nor the provider can, `NothingLeftToRefund`, `InsufficientFunds`.
    """
    actor.require(Permission.PAYMENTS_REFUND)
    parent = find(session, order.transfer_id, is_locked=True)
    if not parent.is_collect or parent.state is not TransferState.SUCCEEDED:
        raise WrongState(state=str(parent.state), wanted=str(TransferState.SUCCEEDED))
    purpose = purposes.get(parent.purpose)
    if not purpose.refund_name or "refund" not in registry.adapter(parent.adapter).offers:
        raise NotRefundable
    known = fetch_one(session, "select id from transfer where source = %s and key = %s", (parent.source, order.key))
    if known is not None:
        return _same(find(session, known["id"]), parent, order)
    left = get_refundable(session, parent)
    amount = order.amount or left
    if amount.minor < 1 or amount > left:
        raise NothingLeftToRefund
    row = requests.request(session, actor, _request(parent, amount, order.key, purpose.refund_name))
    return _ask(session, actor, row, order)


def _same(known: TransferRow, parent: TransferRow, order: RefundTransfer) -> TransferRow:
    """Return the refund that this key made before; a key that served for anything else is refused."""
    is_other_amount = order.amount is not None and order.amount != known.amount
    if known.direction is not Direction.REFUND or known.parent_id != parent.id or is_other_amount:
        raise KeyReused
    return known


def _request(parent: TransferRow, amount: Money, key: str, purpose: str) -> RequestTransfer:
    return RequestTransfer(
        key=key,
        source=parent.source,
        direction=Direction.REFUND,
        purpose=purpose,
        subject_id=parent.id,
        parent_id=parent.id,
        method=parent.method,
        country="",
        amount=amount,
        party_phone=parent.party_phone,
        party_name=parent.party_name,
        label=parent.label,
        language=parent.language,
        is_held=True,
        route=Route(parent.account_id, parent.adapter, parent.environment, parent.base_url, parent.party_code),
    )


def _ask(session: Session, actor: Actor, row: TransferRow, order: RefundTransfer) -> TransferRow:
    approval = approvals.ask(
        session,
        actor,
        AskApproval(
            kind=REFUND.name,
            subject_type="transfer",
            subject_id=row.id,
            summary=f"{row.reference}: {row.amount.on_phone()}",
            payload={"transfer_id": str(row.id), "parent_id": str(row.parent_id), "amount": row.amount.plain},
            reason=order.reason,
        ),
    )
    driver(session).execute("update transfer set approval_id = %s where id = %s", (approval.id, row.id))
    return find(session, row.id)


def _let_go(session: Session, _actor: Actor, approval: ApprovalRow) -> None:
    release_hold(session, approval.subject_id)


def _give_up(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    row = find(session, approval.subject_id, is_locked=True)
    if row.state is TransferState.CREATED:
        take(session, row, TransferState.CANCELLED, Proof("operator", detail=approval.decision_reason, actor=actor))


REFUND = approvals.register(
    Kind(
        name="transfer_refund",
        title="Rembourser un paiement",
        asks=Permission.PAYMENTS_REFUND,
        decides=Permission.PAYMENTS_REFUND,
        on_approved=_let_go,
        on_ended=_give_up,
    )
)


# Reads


def get_refundable(session: Session, parent: TransferRow) -> Money:
    """Return what is left to give back of a payment: what is being given back counts as given."""
    row = fetch_one(session, _REFUNDED, (parent.id,))
    return Money(parent.amount.minor - int(row["refunded"] if row else 0), parent.amount.currency)
