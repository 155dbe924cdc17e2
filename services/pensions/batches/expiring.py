"""What time does by itself: drafts and approvals that waited too long end, cancelled batches empty, originals go."""

from datetime import timedelta

from core import clock
from core.database import Session, driver, fetch_one
from core.permissions import SYSTEM
from models.pension_stages import BatchStage
from services.pensions import reading, steps
from services.pensions.batches import accepting, voiding
from services.pensions.batches.ground import lock_long

ORIGINALS_KEPT = timedelta(days=90)

_DUE = """
select id from pension_batch
where stage in ('DRAFT', 'AWAITING_APPROVAL') and expires_at <= %s
order by expires_at limit 1 for update skip locked
"""
_CANCELLING = """
select b.id from pension_batch b
where b.stage = 'CANCELLING' and b.waiting_count + b.held_count > 0
    and exists (select 1 from pension_payment p where p.batch_id = b.id and p.stage in ('WAITING', 'HELD'))
order by b.created_at limit 1 for update skip locked
"""
_DROP = """
update pension_file set original = null
where id in (
    select id from pension_file where original is not null and created_at < %s limit 100 for update skip locked)
"""


def expire_next(session: Session) -> bool:
    """End the draft or approval that has waited too long the longest; say whether there was one."""
    row = fetch_one(session, _DUE, (clock.now(),))
    if row is None:
        return False
    lock_long(session)
    voiding.void_all(session, reading.find_batch(session, row["id"]))
    expired = steps.take(
        session, reading.find_batch(session, row["id"]), BatchStage.EXPIRED, completed_at=clock.now(), expires_at=None
    )
    accepting.record(session, SYSTEM, "expire", expired)
    return True


def void_next(session: Session) -> bool:
    """End one more slice of a batch that is being cancelled, and the batch with the last; say whether there was one."""
    row = fetch_one(session, _CANCELLING)
    if row is None:
        return False
    batch = reading.find_batch(session, row["id"])
    voided = voiding.void_slice(session, batch)
    while not voided.count and not voided.is_over:
        voided = voiding.void_slice(session, batch, voided.last_line)
    steps.end_if_over(session, row["id"])
    return voided.count > 0


def drop_originals(session: Session) -> int:
    """Forget some of the files that were kept long enough; return how many."""
    return driver(session).execute(_DROP, (clock.now() - ORIGINALS_KEPT,)).rowcount
