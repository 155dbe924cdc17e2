"""Failed payments are tried again: as a new draft, under its own seal, approval, reserve and claims."""

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.permissions import Actor
from models.pension_stages import BatchStage
from models.pensions import PensionBatch
from services.pensions import accounts, policy, reading, steps
from services.pensions.batches import accepting, naming
from services.pensions.batches.ground import locked, require_open
from services.pensions.batches.orders import RetryBatch
from services.pensions.payment_reading import SHOWN_ID
from services.pensions.policy import Act
from services.pensions.refusals import NothingToRetry
from services.pensions.shapes import BatchRow

ENDED = (BatchStage.COMPLETED, BatchStage.PARTIALLY_COMPLETED, BatchStage.FAILED, BatchStage.CANCELLED)

# A retried payment keeps its line, and has an id of its own. An identifier of the other rail is asked for again.
_COPY = f"""
insert into pension_payment
    (id, created_at, next_try_at, batch_id, organisation_id, line, id_type, identifier, identifier_raw, amount_minor,
     purpose, name, occurrence)
select overlay(%(new)s::text placing right(p.id::text, 8) from 29)::uuid, %(now)s, %(now)s, %(new)s, p.organisation_id,
    p.line, p.id_type, p.identifier, p.identifier_raw, p.amount_minor, p.purpose, p.name, p.occurrence
from pension_payment p join pension_batch b on b.id = p.batch_id
where p.batch_id = %(old)s and p.stage = 'FAILED' and p.is_retryable
    and (%(chosen)s::text[] is null or {SHOWN_ID} = any(%(chosen)s))
    and (%(rail)s = 'mojaloop' or p.id_type = 'MSISDN')
"""
_TOTALS = """
select count(*) as count, coalesce(sum(amount_minor), 0)::bigint as minor,
    coalesce(bool_or(occurrence > 1), false) as twice
from pension_payment where batch_id = %s
"""


def retry(session: Session, actor: Actor, order: RetryBatch) -> BatchRow:
    """Make a draft of the failed payments of an ended batch that another try may mend, or of those named among them."""
    old, settings = locked(session, actor, Act.RETRY, order.bulk_id, *ENDED)
    require_open(accounts.find_account(session, old.account_id))
    now = clock.now()
    draft = PensionBatch(
        id=ids.new_id(),
        bulk_id=naming.new_bulk_id(),
        organisation_id=old.organisation_id,
        account_id=old.account_id,
        rail=order.rail or old.rail,
        currency=old.currency,
        cycle=old.cycle,
        created_by=policy.person(actor),
        expires_at=now + naming.DRAFT_LIVES,
        retry_of=old.id,
    )
    session.add(draft)
    session.flush()
    chosen = None if order.transfer_ids is None else list(order.transfer_ids)
    values = {"new": draft.id, "old": old.id, "now": now, "chosen": chosen, "rail": draft.rail}
    driver(session).execute(_COPY, values)
    totals = fetch_one(session, _TOTALS, (draft.id,))
    if totals is None or not totals["count"]:
        raise NothingToRetry
    made = steps.write(
        session,
        reading.find_batch(session, draft.id),
        total_count=totals["count"],
        total_minor=totals["minor"],
        waiting_count=totals["count"],
        waiting_minor=totals["minor"],
        has_same_person=totals["twice"],
    )
    made = accepting.begin_lookups(session, made, settings)
    accepting.record(session, actor, "retry", made, {"retry_of": old.bulk_id, "total_count": made.total.count})
    return made
