"""Held payments: a person looks at what differs, and lets the payment go on or ends it."""

from pydantic import Field

from core.database import Session
from core.orders import Order
from core.permissions import Actor
from models.pension_stages import PaymentStage
from services import audit
from services.pensions import payment_reading, policy, steps
from services.pensions.accounts import find_account
from services.pensions.dispatch import payments
from services.pensions.dispatch.payments import Move
from services.pensions.dispatch.shapes import Payer
from services.pensions.policy import Act
from services.pensions.reading import get_batch
from services.pensions.refusals import WrongStage
from services.pensions.shapes import PaymentRow

RELEASED, REFUSED = "released", "refused_by_operator"


class HeldDecision(Order):
    """What a person decides about one held payment; `transfer_id` is any of the payment's names."""

    bulk_id: str
    transfer_id: str
    reason: str = Field(min_length=3, max_length=500)


def release(session: Session, actor: Actor, order: HeldDecision) -> PaymentRow:
    """Let a held payment go on as it is; `WrongStage` when it is not held any more."""
    return _decide(session, actor, order, PaymentStage.WAITING, "", RELEASED)


def refuse(session: Session, actor: Actor, order: HeldDecision) -> PaymentRow:
    """End a held payment unpaid; its money is available again, and the person may be paid by another batch."""
    return _decide(session, actor, order, PaymentStage.FAILED, REFUSED, "")


def _decide(
    session: Session, actor: Actor, order: HeldDecision, to: PaymentStage, code: str, reason: str
) -> PaymentRow:
    batch = steps.lock_batch(session, get_batch(session, actor, order.bulk_id).id)
    policy.require(session, actor, Act.RELEASE if to is PaymentStage.WAITING else Act.REFUSE, batch)
    payment = payment_reading.find_payment(session, batch.id, batch.bulk_id, order.transfer_id)
    if payment.stage is not PaymentStage.HELD:
        raise WrongStage(stage=str(payment.stage))
    account = find_account(session, batch.account_id)
    move = Move(
        payment_id=payment.id,
        batch_id=batch.id,
        was=payment.stage,
        to=to,
        amount=payment.amount,
        payer=Payer(account.available_account_id, account.reserved_account_id, account.fees_account_id),
        code=code,
        reason=reason,
        is_reserved=batch.confirmed_by is not None,
    )
    payments.void(session, [move])
    payments.move(session, [move])
    act = "release" if to is PaymentStage.WAITING else "refuse"
    changes = {"bulk_id": batch.bulk_id, "line": payment.line, "held_for": payment.code, "reason": order.reason}
    audit.record(
        session,
        actor,
        f"pension_payment.{act}",
        "pension_payment",
        payment.id,
        payment.shown_id,
        changes,
        organisation_id=batch.organisation_id,
    )
    return payment_reading.find_payment(session, batch.id, batch.bulk_id, order.transfer_id)
