"""Asking providers what became of transfers: at their due time, at most five times a second an account."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock
from core.database import Database, Session, driver, fetch_all
from models.transfers import WITH_OWN_WORKERS, Direction, TransferState
from providers.answers import NotSeen, Order, Reason, Seen, Unknown
from services import breaker
from services.transfers import attempts, dispatch, outcomes
from services.transfers.rows import TransferRow, find, from_record
from services.transfers.schedules import PROOF_AFTER

READS_PER_S = 5
CLOSED = "closed_by_us"
READ_LEASE = timedelta(seconds=120)

_ACCOUNTS = """
select distinct t.account_id from transfer t join provider_account a on a.id = t.account_id
where t.next_read_at <= %(now)s and not (t.state = 'submitted' and t.lease_until is null)
  and (a.slowed_until is null or a.slowed_until <= %(now)s) and (a.reads_until is null or a.reads_until <= %(now)s)
  and t.adapter <> all(%(others)s)
"""
# The account's row is the turnstile: whoever holds it counts for every process.
_TURNSTILE = """
select id from provider_account
where id = %(account)s and (slowed_until is null or slowed_until <= %(now)s)
  and (reads_until is null or reads_until <= %(now)s)
for no key update skip locked
"""
_CLAIM = """
with due as (
    select id from transfer
    where account_id = %(account)s and next_read_at <= %(now)s
      and not (state = 'submitted' and lease_until is null)
    order by next_read_at limit %(most)s for update skip locked)
update transfer set next_read_at = %(lease)s where id in (select id from due) returning *
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A transfer that is ours to ask about; `lease` is when somebody else may, should we die."""

    row: TransferRow
    order: Order


def read_due(database: Database) -> int:
    """Ask about what is due, account by account, within the rate of each; return how many were asked about."""
    with database.transaction() as session:
        accounts = list_due_accounts(session)
    asked = 0
    for account_id in accounts:
        with database.transaction() as session:
            questions = claim(session, account_id)
        for question in questions:
            read(database, question)
        asked += len(questions)
    return asked


def claim(session: Session, account_id: UUID, *, most: int = READS_PER_S) -> list[Question]:
    """Take up to `most` due reads of one account, as many as its rate allows now; the caller commits before it asks."""
    now = clock.now()
    most = min(most, READS_PER_S)
    asked = {"account": account_id, "now": now, "most": most, "lease": now + READ_LEASE}
    if most < 1 or not fetch_all(session, _TURNSTILE, asked):
        return []
    rows = [from_record(record) for record in fetch_all(session, _CLAIM, asked)]
    if rows:
        driver(session).execute(
            "update provider_account set reads_until = %s where id = %s",
            (now + timedelta(seconds=len(rows) / READS_PER_S), account_id),
        )
    return [Question(row, dispatch.build_order(session, row)) for row in rows]


def read(database: Database, question: Question) -> None:
    """Make one status query and save what it came to; a link whose time is over is closed first."""
    adapter, order = dispatch.adapter_of(question.row), question.order
    wire = dispatch.new_wire(order)
    is_over = _is_link_to_close(question.row)
    if is_over:
        dispatch.close_link(question.row, order, wire)
    answer = dispatch.ask(adapter.status, order, wire, question.row.id)
    with database.transaction() as session:
        row = find(session, question.row.id, is_locked=True)
        attempt_id = attempts.save(session, row, wire.exchanges, answer)
        was_planned_again = row.next_read_at != question.row.next_read_at
        closed = Jsonb({CLOSED: True} if is_over else {})
        driver(session).execute(
            "update transfer set reads = reads + 1, handles = handles || %s where id = %s", (closed, row.id)
        )
        outcomes.apply_read(session, row, answer, attempt_id)
        if was_planned_again:  # a callback came while we asked: what it knows may be newer than what we heard
            driver(session).execute("update transfer set next_read_at = %s where id = %s", (row.next_read_at, row.id))
        elif row.hint_id is not None:
            driver(session).execute("update transfer set hint_id = null where id = %s", (row.id,))
            driver(session).execute(
                "update inbound_event set handled_at = %s where transfer_id = %s and handled_at is null",
                (clock.now(), row.id),
            )
        breaker.note(session, row.account_id, answer)
    if _may_send_again(row, answer):
        _send_again(database, question)


def _send_again(database: Database, question: Question) -> None:
    """Make the same call under the same id once more (rule 2), and save what it came to."""
    row, order = question.row, question.order
    adapter, wire = dispatch.adapter_of(row), dispatch.new_wire(order)
    operation = adapter.payout if row.direction is Direction.PAYOUT else adapter.refund
    answer = dispatch.ask(operation, order, wire, row.id)
    with database.transaction() as session:
        present = find(session, row.id, is_locked=True)
        attempt_id = attempts.save(session, present, wire.exchanges, answer)
        outcomes.apply_submission(session, present, answer, attempt_id)
        breaker.note(session, row.account_id, answer)


def _may_send_again(row: TransferRow, answer: Seen | NotSeen | Unknown) -> bool:
    """Say whether a payout nobody found may leave again under its own id: after a read, soon, and where it is safe.

    Where not being seen proves that nothing was received, there is no need to; a key may be forgotten after a while.
    """
    adapter = dispatch.adapter_of(row)
    return (
        isinstance(answer, NotSeen)
        and not row.is_collect
        and row.state is TransferState.UNKNOWN
        and row.reason == Reason.NO_ANSWER
        and adapter.is_resend_safe
        and not adapter.not_seen_is_proof
        and row.submitted_at is not None
        and clock.now() - row.submitted_at < PROOF_AFTER
    )


def list_due_accounts(session: Session) -> list[UUID]:
    """Return the accounts with something to ask about, that may be asked now."""
    asked = {"now": clock.now(), "others": list(WITH_OWN_WORKERS)}
    return [row["account_id"] for row in fetch_all(session, _ACCOUNTS, asked)]


def _is_link_to_close(row: TransferRow) -> bool:
    """Say whether a link's time is over and nobody closed it yet; it is asked for once."""
    is_over = row.deadline_at is not None and row.deadline_at <= clock.now()
    return (
        is_over
        and row.state is TransferState.PENDING
        and dispatch.schedule_of(row) == "S2"
        and CLOSED not in row.handles
    )
