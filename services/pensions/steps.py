"""The steps of a batch: one place that takes them, and its end, which is taken once and never left."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock
from core.database import Session, driver, fetch_one
from core.i18n import t
from models.pension_stages import BATCH_STEPS, BatchStage
from services.pensions import messages, reading
from services.pensions.counters import ring
from services.pensions.refusals import BatchNotFound, WrongStage
from services.pensions.shapes import BatchRow
from services.pensions.stages import STAGE_WORDS

_END = """
update pension_batch set
    stage = case
        when completed_count = total_count then 'COMPLETED'
        when completed_count + reversed_count > 0 then 'PARTIALLY_COMPLETED'
        when stage = 'CANCELLING' then 'CANCELLED'
        else 'FAILED' end,
    completed_at = %(now)s, pause_reason = '', version = version + 1
where id = %(id)s and stage in ('PROCESSING', 'PAUSED', 'CANCELLING')
    and waiting_count + held_count + sending_count + sent_count + unknown_count = 0
returning id
"""


def lock_batch(session: Session, batch_id: UUID) -> BatchRow:
    """Return a batch as it is now; nobody else changes it until the transaction ends."""
    if fetch_one(session, "select id from pension_batch where id = %s for update", (batch_id,)) is None:
        raise BatchNotFound
    return reading.find_batch(session, batch_id)


def take(session: Session, batch: BatchRow, to: BatchStage, **columns: Any) -> BatchRow:
    """Take one step of a locked batch and write what comes with it; `WrongStage` when there is no such step."""
    if to not in BATCH_STEPS[batch.stage]:
        raise WrongStage(stage=t(STAGE_WORDS[batch.stage]))
    return write(session, batch, stage=to, **columns)


def write(session: Session, batch: BatchRow, **columns: Any) -> BatchRow:
    """Write columns of a locked batch as a new version of it."""
    values = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in columns.items()}
    assignments = "".join(f"{name} = %({name})s, " for name in values)
    driver(session).execute(
        f"update pension_batch set {assignments}version = version + 1 where id = %(id)s", {**values, "id": batch.id}
    )
    ring(session, batch.id)
    return reading.find_batch(session, batch.id)


def end_if_over(session: Session, batch_id: UUID) -> BatchRow | None:
    """End a batch of which nothing is open; return it when it was this call that ended it.

    All paid: COMPLETED; some: PARTIALLY_COMPLETED; none: CANCELLED if it was being cancelled, else FAILED.
    """
    if fetch_one(session, _END, {"id": batch_id, "now": clock.now()}) is None:
        return None
    ring(session, batch_id)
    messages.tell_ended(session, batch_id)
    return reading.find_batch(session, batch_id)
