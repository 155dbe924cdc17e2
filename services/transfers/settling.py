"""A person settles what no provider answers: with a proof and a reason, checked by who calls this (rule 13)."""

from uuid import UUID

from pydantic import Field

from core.database import Session
from core.errors import WrongState
from core.money import Money
from core.orders import Order
from core.permissions import Actor, Permission
from models.transfers import TransferState
from services.transfers.postings import fee_within
from services.transfers.rows import TransferRow, find
from services.transfers.transitions import Proof, take

SETTLED = frozenset({TransferState.SUCCEEDED, TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED})


class SettleTransfer(Order):
    """How an unknown ended, as its proof says; `reason` is one of the provider reasons, empty for a success."""

    transfer_id: UUID
    to: TransferState
    reason: str = ""
    detail: str = Field(min_length=3, max_length=500)
    provider_ref: str = ""
    fee: Money | None = None


def settle(session: Session, actor: Actor, order: SettleTransfer) -> TransferRow:
    """Take the transition a person has proved; the caller has seen to the proof and to the second person.

    Refuses with `WrongState` anything but an unknown, which includes the second of two who settle at once.
    """
    actor.require(Permission.PAYMENTS_ACT)
    row = find(session, order.transfer_id, is_locked=True)
    if row.state is not TransferState.UNKNOWN or order.to not in SETTLED:
        raise WrongState(state=str(row.state), wanted=str(order.to))
    columns: dict[str, object] = {"provider_fee_minor": fee_within(row.amount, order.fee).minor}
    if order.provider_ref:
        columns["provider_ref"] = order.provider_ref
    proof = Proof("operator", detail=order.detail, actor=actor)
    settled = take(session, row, order.to, proof, reason=order.reason, **columns)
    if settled is None:
        raise WrongState(state=str(row.state), wanted=str(order.to))
    return settled
