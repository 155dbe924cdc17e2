"""One submission, step by step (rule 1): claim and commit, call outside any transaction, save in one transaction.

A worker that dies between leaves a lease that ends; `recover_leases` makes such a transfer unknown, and it is read.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock
from core.database import Database, Session, driver, fetch_all, fetch_one
from core.errors import Refusal
from core.money import Money
from models.transfers import TransferState
from providers.answers import Accepted, Order, Prepared, Rejected, Unknown
from providers.wire import Wire
from services import breaker
from services.transfers import attempts, dispatch, faults, outcomes, purposes
from services.transfers.refusals import AmountTooLarge, AmountTooSmall
from services.transfers.rows import TransferRow, find, from_record
from services.transfers.transitions import Proof, take

MOST_CLAIMED = 100
LEASE = timedelta(seconds=120)

# Created; or submitted before, but not one byte of it left: it is sent under the same id, whatever the breaker says, so
# that it ends.
_DUE = """
(t.state = 'created' and not t.is_held and a.breaker = 'closed'
 or t.state = 'submitted' and t.lease_until is null and t.next_read_at <= %(now)s)
and a.state = 'active' and (a.slowed_until is null or a.slowed_until <= %(now)s)
and not (a.are_payouts_paused and t.direction <> 'collect')
"""
_CLAIM = f"""
select t.*, a.min_minor, a.max_minor from transfer t join provider_account a on a.id = t.account_id
where {_DUE} and (%(account)s::uuid is null or t.account_id = %(account)s)
order by t.created_at, t.id limit %(most)s for update of t skip locked
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A transfer that is ours to send until its lease ends, with the order its adapter takes."""

    row: TransferRow
    order: Order


def submit_due(database: Database) -> int:
    """Send what is due, up to 100 transfers one after the other; return how many were claimed."""
    with database.transaction() as session:
        claimed = claim(session)
    for one in claimed:
        submit(database, one)
    return len(claimed)


def claim(session: Session, *, account_id: UUID | None = None, most: int = MOST_CLAIMED) -> list[Claimed]:
    """Take up to `most` due transfers, of one account or of all; the caller commits before it calls anybody.

    One that is no longer due, or outside the account's bounds by now, is cancelled instead.
    """
    asked = {"now": clock.now(), "account": account_id, "most": most}
    claimed = []
    for record in fetch_all(session, _CLAIM, asked):
        row = _lease(session, from_record(record), record)
        if row is not None:
            claimed.append(Claimed(row, dispatch.build_order(session, row)))
    return claimed


def submit(database: Database, claimed: Claimed) -> None:
    """Call the provider, once, and save what it answered."""
    faults.at(faults.CLAIMED)
    adapter, order = dispatch.adapter_of(claimed.row), claimed.order
    wire = dispatch.new_wire(order)
    ready = _prepare(database, claimed, wire)
    if isinstance(ready, Order):
        operation = {"collect": adapter.collect, "payout": adapter.payout, "refund": adapter.refund}[order.direction]
        answer: Accepted | Rejected | Unknown = dispatch.ask(operation, ready, wire, claimed.row.id)
    else:
        answer = ready
    faults.at(faults.ANSWERED)
    with database.transaction() as session:
        row = find(session, claimed.row.id, is_locked=True)
        attempt_id = attempts.save(session, row, wire.exchanges, answer)
        outcomes.apply_submission(session, row, answer, attempt_id)
        breaker.note(session, row.account_id, answer)
        faults.at(faults.SAVING)


def list_due_accounts(session: Session) -> list[UUID]:
    """Return the accounts that have something to send now."""
    rows = fetch_all(
        session,
        "select distinct t.account_id from transfer t join provider_account a on a.id = t.account_id"
        f" where t.state in ('created', 'submitted') and {_DUE}",
        {"now": clock.now()},
    )
    return [row["account_id"] for row in rows]


def _prepare(database: Database, claimed: Claimed, wire: Wire) -> Order | Rejected | Unknown:
    """Make the first call that moves no money, and keep what it gave before the second one."""
    order = claimed.order
    if order.handles:
        return order
    ready = dispatch.ask(dispatch.adapter_of(claimed.row).prepare, order, wire, claimed.row.id)
    if isinstance(ready, Rejected):
        return ready
    if not isinstance(ready, Prepared):
        return replace(ready, is_sent=False)  # whatever became of it, it moved nothing: it may be made again
    if not ready.handles:
        return order
    with database.transaction() as session:
        driver(session).execute(
            "update transfer set handles = handles || %s where id = %s", (Jsonb(dict(ready.handles)), claimed.row.id)
        )
    return replace(order, handles={**order.handles, **ready.handles})


def _lease(session: Session, row: TransferRow, record: dict[str, Any]) -> TransferRow | None:
    lease: dict[str, Any] = {"lease_until": clock.now() + LEASE, "next_read_at": None}
    if row.state is TransferState.SUBMITTED:
        again = fetch_one(
            session,
            "update transfer set lease_until = %(lease_until)s, next_read_at = null where id = %(id)s returning *",
            {"lease_until": lease["lease_until"], "id": row.id},
        )
        return None if again is None else from_record(again)
    try:
        _guard(session, row, record)
    except Refusal as refusal:
        proof = Proof("submit", detail=f"{refusal.code}: {refusal}")
        take(session, row, TransferState.CANCELLED, proof)
        return None
    return take(session, row, TransferState.SUBMITTED, Proof("submit"), submitted_at=clock.now(), **lease)


def _guard(session: Session, row: TransferRow, account: dict[str, Any]) -> None:
    currency = row.amount.currency
    if row.amount.minor < account["min_minor"]:
        raise AmountTooSmall(Money(account["min_minor"], currency))
    if account["max_minor"] is not None and row.amount.minor > account["max_minor"]:
        raise AmountTooLarge(Money(account["max_minor"], currency))
    purposes.get(row.purpose).guard(session, row)
