"""What time does to transfers that nobody is busy with: ended leases, doubts to tell, prompts that come too late."""

from datetime import timedelta
from typing import Any

from core import clock
from core.database import Database, Session, driver, fetch_all
from models.transfers import WITH_OWN_WORKERS, TransferState
from providers.answers import Reason
from services.transfers import purposes
from services.transfers.outcomes import lose_sight
from services.transfers.rows import from_record
from services.transfers.transitions import Proof, take

BATCH = 100
DOUBT_AFTER = timedelta(minutes=10)
# A person who asked to pay is not prompted any more when the provider is back much later.
STALE_AFTER = timedelta(minutes=15)

_ENDED_LEASES = """
select * from transfer where state = 'submitted' and lease_until < %(now)s and adapter <> all(%(others)s)
order by lease_until limit %(most)s for update skip locked
"""
_DOUBTS = """
select * from transfer where state = 'unknown' and doubt_told_at is null and unknown_at <= %(before)s
order by unknown_at limit %(most)s for update skip locked
"""
_STALE = """
select * from transfer where state = 'created' and direction = 'collect' and not is_held
  and (created_at <= %(before)s or deadline_at <= %(now)s)
order by created_at limit %(most)s for update skip locked
"""


def recover_leases(database: Database) -> int:
    """Make unknown what a dead worker left submitted, to be read at once; return how many."""
    with database.transaction() as session:
        return sum(_recover(session, record) for record in _batch(session, _ENDED_LEASES))


def tell_doubts(database: Database) -> int:
    """Tell the person of every transfer unknown for ten minutes not to pay twice, once; return how many."""
    with database.transaction() as session:
        records = _batch(session, _DOUBTS, before=clock.now() - DOUBT_AFTER)
        for record in records:
            row = from_record(record)
            purposes.get(row.purpose).doubt(session, row)
            driver(session).execute("update transfer set doubt_told_at = %s where id = %s", (clock.now(), row.id))
        return len(records)


def cancel_stale(database: Database) -> int:
    """Cancel collects that could not be sent for a quarter of an hour; return how many."""
    with database.transaction() as session:
        cancelled = 0
        for record in _batch(session, _STALE, before=clock.now() - STALE_AFTER):
            proof = Proof("time", detail="never sent")
            moved = take(
                session, from_record(record), TransferState.CANCELLED, proof, reason=Reason.PROVIDER_UNAVAILABLE
            )
            cancelled += moved is not None
        return cancelled


def _recover(session: Session, record: dict[str, Any]) -> bool:
    row = from_record(record)
    lost = lose_sight(session, row, Reason.NO_ANSWER, Proof("submit", detail="lease"))
    driver(session).execute("update transfer set next_read_at = %s where id = %s", (clock.now(), row.id))
    return lost.state is TransferState.UNKNOWN


def _batch(session: Session, query: str, **times: Any) -> list[dict[str, Any]]:
    return fetch_all(session, query, {"now": clock.now(), "most": BATCH, "others": list(WITH_OWN_WORKERS), **times})
