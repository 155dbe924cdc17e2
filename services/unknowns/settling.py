"""An operator settles what no provider answers: with a proof, a reason and, where money leaves, a second person."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import Field

from core.database import Session
from core.errors import InvalidInput, WrongState
from core.i18n import t
from core.money import Money
from core.orders import Order
from core.permissions import Actor, Permission
from models.transfers import TransferState
from providers.answers import Reason
from services import approvals
from services.approvals import ApprovalRow, AskApproval
from services.transfers.rows import TransferRow, find
from services.transfers.settling import SettleTransfer
from services.transfers.settling import settle as take_transition
from services.unknowns.cases import close_mismatches
from services.unknowns.proofs import count_proofs
from services.unknowns.refusals import NotUnknown, ProofNeeded

Ending = Literal["succeeded", "failed", "expired", "cancelled"]


class SettleUnknown(Order):
    """How an unknown ended, as its proof says: `detail` in the operator's words, `reason` one of the known reasons."""

    transfer_id: UUID
    to: Ending
    detail: str = Field(min_length=3, max_length=400)
    reason: Reason | None = None
    provider_ref: str = Field(default="", max_length=100)
    fee_minor: int = Field(default=0, ge=0)


@dataclass(frozen=True, slots=True)
class Settlement:
    """Either the transfer as it now is, or the question a second person is to answer."""

    transfer: TransferRow
    approval: ApprovalRow | None = None


def settle(session: Session, actor: Actor, order: SettleUnknown) -> Settlement:
    """Settle an unknown collect at once; ask a second person about an unknown payout or refund.

    Refuses with `ProofNeeded`, `NotUnknown` (the provider, or somebody else, was faster) and `AlreadyAsked`.
    """
    actor.require(Permission.PAYMENTS_ACT)
    row = find(session, order.transfer_id, is_locked=True)
    _require_settleable(session, row, order)
    if row.is_collect:
        return Settlement(_settle(session, actor, order, order.detail))
    approval = approvals.ask(
        session,
        actor,
        AskApproval(
            kind=SETTLE.name,
            subject_type="transfer",
            subject_id=row.id,
            summary=f"{row.reference} · {row.amount.on_screen()} → {order.to}",
            payload=order.model_dump(mode="json"),
            reason=order.detail,
        ),
    )
    return Settlement(row, approval)


def _require_settleable(session: Session, row: TransferRow, order: SettleUnknown) -> None:
    if row.state is not TransferState.UNKNOWN:
        raise NotUnknown
    if order.to == "failed" and order.reason is None:
        raise InvalidInput({"reason": t("dites pourquoi il a échoué")})
    if order.fee_minor > row.amount.minor:
        raise InvalidInput({"fee_minor": t("les frais dépassent le montant")})
    if not count_proofs(session, row.id):
        raise ProofNeeded


def _settle(session: Session, actor: Actor, order: SettleUnknown, detail: str) -> TransferRow:
    row = find(session, order.transfer_id, is_locked=True)
    wanted = SettleTransfer(
        transfer_id=order.transfer_id,
        to=TransferState(order.to),
        reason=order.reason or "",
        detail=detail,
        provider_ref=order.provider_ref,
        fee=Money(order.fee_minor, row.amount.currency),
    )
    try:
        settled = take_transition(session, actor, wanted)
    except WrongState as error:
        raise NotUnknown from error
    close_mismatches(session, actor, settled, detail)
    return settled


def _apply(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    """Settle as it was asked; refused when the transfer became known while the question waited."""
    order = SettleUnknown.model_validate(approval.payload)
    _settle(session, actor, order, f"{order.detail} ({approval.asked_by_name})")


SETTLE = approvals.register(
    approvals.Kind(
        name="settle_unknown",
        title="Régler un transfert inconnu",
        asks=Permission.PAYMENTS_ACT,
        decides=Permission.PAYMENTS_ACT,
        on_approved=_apply,
    )
)
