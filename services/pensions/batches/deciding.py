"""The second person: agrees to the seal he read, or says no."""

import hmac

from core import clock
from core.database import Session
from core.permissions import Actor
from models.pension_stages import BatchStage
from services.pensions import messages, reading, steps
from services.pensions.batches import accepting, voiding
from services.pensions.batches.ground import lock_long, locked
from services.pensions.batches.orders import ApproveBatch, RejectBatch
from services.pensions.policy import Act
from services.pensions.refusals import SealChanged
from services.pensions.shapes import BatchRow


def approve(session: Session, actor: Actor, order: ApproveBatch) -> BatchRow:
    """Send a batch to the queue, under the very seal that was read; never by who uploaded or confirmed it."""
    batch, _ = locked(session, actor, Act.APPROVE, order.bulk_id, BatchStage.AWAITING_APPROVAL)
    if not hmac.compare_digest(batch.seal.encode(), order.seal.strip().encode()):
        raise SealChanged
    approved = steps.take(
        session, batch, BatchStage.QUEUED, approved_by=actor.user_id, approved_at=clock.now(), expires_at=None
    )
    accepting.record(session, actor, "approve", approved, {"seal": approved.seal})
    messages.tell_decided(session, batch.id)
    return approved


def reject(session: Session, actor: Actor, order: RejectBatch) -> BatchRow:
    """End a batch that was to be approved: its money is free again, and nobody is claimed any more."""
    batch, _ = locked(session, actor, Act.REJECT, order.bulk_id, BatchStage.AWAITING_APPROVAL)
    lock_long(session)
    voiding.void_all(session, batch)
    rejected = steps.take(
        session,
        reading.find_batch(session, batch.id),
        BatchStage.REJECTED,
        ended_by=actor.user_id,
        end_reason=order.reason,
        completed_at=clock.now(),
        expires_at=None,
    )
    accepting.record(session, actor, "reject", rejected, {"reason": order.reason})
    messages.tell_decided(session, batch.id)
    return rejected
