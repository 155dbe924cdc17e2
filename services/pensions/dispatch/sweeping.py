"""What time does: batches begin, leases end, what nobody will send any more is closed, what is over is marked over."""

from datetime import datetime
from typing import Any

import structlog

from core import clock
from core.database import Database, Session, fetch_all
from core.permissions import SYSTEM
from models.pension_stages import BatchStage
from models.transfers import TransferState
from providers.answers import Reason
from services import audit
from services.pensions import messages, seal, steps
from services.pensions.dispatch import outcomes, rails, saving, standing, stops
from services.pensions.dispatch.rails import ADAPTER
from services.pensions.dispatch.saving import Entry
from services.pensions.dispatch.shapes import Outcome
from services.transfers.bell import ring_after_commit

MOST = 200
SEAL_TIMEOUT_MS = 600_000

_TO_BEGIN = """
select b.id, a.rail_account_id, b.rail from pension_batch b
join pension_account a on a.id = b.account_id
join organisation o on o.id = b.organisation_id
where b.stage = 'QUEUED' and b.lookups_left = 0 and (b.not_before is null or b.not_before <= %(now)s) and o.is_active
  and not exists (
    select from pension_batch other join pension_account same on same.id = other.account_id
    where same.rail_account_id = a.rail_account_id and other.stage = 'PAUSED' and other.pause_reason = any(%(stopped)s))
order by b.confirmed_at, b.id
"""
_LOST = """
select t.id, p.batch_id, t.account_id from transfer t join pension_payment p on p.id = t.subject_id
where t.state = 'submitted' and t.lease_until < %(now)s and t.adapter = %(adapter)s
order by t.lease_until limit %(most)s
"""
# A payment that ended while its transfer waited to be sent again: the transfer ends with it.
_LEFT = """
select t.id, p.batch_id from transfer t join pension_payment p on p.id = t.subject_id
where t.state = 'submitted' and t.lease_until is null and t.adapter = %(adapter)s
  and p.stage in ('CANCELLED', 'FAILED') limit %(most)s
"""
_OVER = """
select id from pension_batch where stage in ('PROCESSING', 'PAUSED', 'CANCELLING')
  and waiting_count + held_count + sending_count + sent_count + unknown_count = 0
"""

_log = structlog.get_logger(__name__)


def begin_due(database: Database) -> int:
    """Let batches begin whose time has come and whose seal still holds; return how many began."""
    with database.transaction() as session:
        due = fetch_all(session, _TO_BEGIN, {"now": clock.now(), "stopped": list(stops.BY_A_PERSON)})
        ready = [
            row for row in due if row["rail"] != ADAPTER or rails.find_rail(session, row["rail_account_id"]).is_ready
        ]
    begun = 0
    for row in ready:
        with database.transaction(statement_timeout_ms=SEAL_TIMEOUT_MS) as session:
            begun += _begin(session, row)
    return begun


def recover(database: Database) -> int:
    """Make unknown what a dead worker left out, and close what nobody will send; return how many both were."""
    now = clock.now()
    with database.transaction() as session:
        lost = fetch_all(session, _LOST, {"now": now, "adapter": ADAPTER, "most": MOST})
        left = fetch_all(session, _LEFT, {"adapter": ADAPTER, "most": MOST})
    for rows, is_lost in ((lost, True), (left, False)):
        if rows:
            with database.transaction() as session:
                _recover(session, rows, now, is_lost=is_lost)
    return len(lost) + len(left)


def end_over(database: Database) -> int:
    """End the batches of which nothing is open; return how many. Whoever settles the last payment does so already."""
    with database.transaction() as session:
        return sum(
            steps.end_if_over(session, row["id"]) is not None for row in fetch_all(session, f"{_OVER} order by id")
        )


def _begin(session: Session, row: dict[str, Any]) -> bool:
    batch = steps.lock_batch(session, row["id"])
    if batch.stage is not BatchStage.QUEUED:
        return False
    is_whole = bool(batch.seal) and seal.compute(session, batch.id) == batch.seal
    if is_whole:
        steps.take(session, batch, BatchStage.PROCESSING, started_at=clock.now())
        steps.end_if_over(session, batch.id)
    else:
        steps.take(session, batch, BatchStage.PAUSED, pause_reason=stops.SEAL_BROKEN)
        messages.tell_paused(session, batch.id)
        _log.error("pensions.seal_broken", bulk_id=batch.bulk_id)
    audit.record(
        session,
        SYSTEM,
        "pension_batch.begin" if is_whole else "pension_batch.seal_broken",
        "pension_batch",
        batch.id,
        batch.bulk_id,
        {"seal": batch.seal},
        organisation_id=batch.organisation_id,
    )
    return is_whole


def _recover(session: Session, rows: list[dict[str, Any]], now: datetime, *, is_lost: bool) -> None:
    found = standing.lock(session, [row["batch_id"] for row in rows], [row["id"] for row in rows])
    entries = []
    for on in found.values():
        if on.state is not TransferState.SUBMITTED or (on.lease_until is not None) is not is_lost:
            continue  # its worker was faster
        if not is_lost:
            outcome = Outcome(TransferState.FAILED, reason=Reason.NOT_APPROVED, detail="its payment ended")
        elif on.lease_until is not None and on.lease_until < now:
            rail = rails.find_rail(session, on.account_id)
            outcome = outcomes.of_lost_lease(on, now, rail.last_departure)
        else:
            continue
        entries.append(Entry(on, outcome, cause="time"))
    saving.save(session, entries)
    ring_after_commit(session)
