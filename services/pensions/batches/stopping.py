"""A batch is paused, goes on, or is stopped for good; what has left is followed to its end whatever happens."""

from core import clock
from core.database import Session
from core.errors import FieldRefusal, Refusal
from core.permissions import Actor
from models.pension_stages import BatchStage, PaymentStage
from services import breaker
from services.pensions import reading, steps
from services.pensions.batches import accepting, voiding
from services.pensions.batches.ground import lock_long, locked
from services.pensions.batches.orders import CancelBatch, Cancelled, PauseBatch, ResumeBatch
from services.pensions.dispatch.stops import OF_THE_HOUSE, SEAL_BROKEN, UNWELL
from services.pensions.policy import Act
from services.pensions.refusals import BreakerOpen
from services.pensions.shapes import BatchRow
from services.pensions.stages import BEFORE_SENDING

# Why the house itself paused a batch; a person's own words stand there otherwise.
BY_HAND = "by_hand"

AT_ONCE_ROWS = 1_000  # what nobody has to wait for, however busy the database is

_LEFT = (
    PaymentStage.SENDING,
    PaymentStage.SENT,
    PaymentStage.UNKNOWN,
    PaymentStage.COMPLETED,
    PaymentStage.REVERSED,
)


class SealBroken(Refusal):
    """The rows are not those that were sealed: this batch is over."""

    code = "seal_broken"
    status = 409
    sentence = "Le contenu de ce lot ne correspond plus à son sceau : annulez-le et envoyez un nouveau fichier."


class ReasonNeeded(FieldRefusal):
    """A batch that the house stopped goes on with a word on what was mended."""

    code = "reason_required"
    sentence = "Dites ce qui a été réparé avant de reprendre."
    field = "reason"


def pause(session: Session, actor: Actor, order: PauseBatch) -> BatchRow:
    """Let nothing new of a batch leave."""
    batch, _ = locked(session, actor, Act.PAUSE, order.bulk_id, BatchStage.QUEUED, BatchStage.PROCESSING)
    reason = order.reason.strip()
    paused = steps.take(
        session, batch, BatchStage.PAUSED, pause_reason=BY_HAND if reason in ("", *OF_THE_HOUSE) else reason
    )
    accepting.record(session, actor, "pause", paused, {"reason": order.reason})
    return paused


def resume(session: Session, actor: Actor, order: ResumeBatch) -> BatchRow:
    """Let a paused batch go on: from where it stood, or to the queue when nothing had left yet."""
    batch, _ = locked(session, actor, Act.RESUME, order.bulk_id, BatchStage.PAUSED)
    if batch.pause_reason == SEAL_BROKEN:
        raise SealBroken
    if batch.pause_reason == UNWELL and breaker.is_open(session, batch.rail_account_id):
        raise BreakerOpen
    if batch.pause_reason in OF_THE_HOUSE and not order.reason.strip():
        raise ReasonNeeded
    to = BatchStage.QUEUED if batch.started_at is None else BatchStage.PROCESSING
    resumed = steps.take(session, batch, to, pause_reason="")
    accepting.record(session, actor, "resume", resumed, {"was": batch.pause_reason, "reason": order.reason})
    return resumed


def cancel(session: Session, actor: Actor, order: CancelBatch) -> Cancelled:
    """End what has not left: nothing more of it is sent from this moment on.

    Few payments end with this call. Many follow by themselves, each slice in a transaction of its own.
    """
    stages = (*BEFORE_SENDING, BatchStage.PROCESSING, BatchStage.PAUSED)
    batch, _ = locked(session, actor, Act.CANCEL, order.bulk_id, *stages)
    already_sent = sum(batch.sums[stage].count for stage in _LEFT)
    ended = {"ended_by": actor.user_id, "end_reason": order.reason, "pause_reason": "", "expires_at": None}
    lock_long(session)
    has_begun = batch.stage is BatchStage.PROCESSING or batch.started_at is not None
    are_few = batch.waiting.count <= AT_ONCE_ROWS
    if are_few and not has_begun:
        voiding.void_all(session, batch)
        batch = reading.find_batch(session, batch.id)
        cancelled = steps.take(session, batch, BatchStage.CANCELLED, completed_at=clock.now(), **ended)
    else:
        batch = steps.take(session, batch, BatchStage.CANCELLING, **ended)
        if are_few:
            voiding.void_slice(session, batch)
        cancelled = steps.end_if_over(session, batch.id) or reading.find_batch(session, batch.id)
    accepting.record(session, actor, "cancel", cancelled, {"reason": order.reason, "already_sent": already_sent})
    return Cancelled(cancelled, already_sent)
