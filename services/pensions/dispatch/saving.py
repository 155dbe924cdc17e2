"""What the rail answered, saved in groups: attempts, transfers, payments, money and counters in one transaction.

A group is some two hundred answers; every table is written by one statement, whatever their number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock, ids
from core.database import Session, driver
from core.permissions import SYSTEM
from models.transfers import TRANSFER_STEPS, TransferState
from providers.wire import Exchange
from services.pensions.dispatch import payments
from services.pensions.dispatch.payments import Move
from services.pensions.dispatch.shapes import Outcome, Standing
from services.transfers.cases import open_case
from services.transfers.transitions import ENDS

Cause = Literal["submit", "read", "time"]

_TRANSFERS = """
update transfer t set state = m.state, handles = t.handles || m.handles, lease_until = m.lease_until,
    reason = case when m.is_moved or m.reason <> '' then m.reason else t.reason end,
    next_read_at = case when m.read_until is not null and t.next_read_at is distinct from m.read_until
        then t.next_read_at else m.next_read_at end,
    late_read_at = coalesce(m.second_look_at, t.late_read_at),
    hint_id = case when m.read_until is not null then null else t.hint_id end,
    connect_failures = coalesce(m.connect_failures, t.connect_failures), reads = t.reads + m.reads,
    provider_fee_minor = greatest(t.provider_fee_minor, m.fee_minor),
    transaction_id = coalesce(m.transaction_id, t.transaction_id),
    ended_at = case when m.is_ended then %(now)s else t.ended_at end,
    unknown_at = case when m.state = 'unknown' and m.is_moved then %(now)s else t.unknown_at end
from unnest(%(ids)s::uuid[], %(was)s::text[], %(states)s::text[], %(moved)s::bool[], %(ended)s::bool[],
        %(handles)s::jsonb[], %(leases)s::timestamptz[], %(reasons)s::text[], %(reads_at)s::timestamptz[],
        %(read_until)s::timestamptz[], %(reads)s::int[], %(failures)s::int[], %(fees)s::bigint[],
        %(transactions)s::uuid[], %(looks_at)s::timestamptz[])
    as m (id, was, state, is_moved, is_ended, handles, lease_until, reason, next_read_at, read_until, reads,
        connect_failures, fee_minor, transaction_id, second_look_at)
where t.id = m.id and t.state = m.was
"""
_ATTEMPTS = """
insert into transfer_attempt (id, created_at, transfer_id, account_id, n, operation, method, url, request, response,
    http_status, sent_at, answered_at, answer, error_kind)
select m.id, %(now)s, m.transfer_id, m.account_id,
    m.n + (select count(*) from transfer_attempt a where a.transfer_id = m.transfer_id),
    m.operation, m.method, m.url, m.request, m.response, m.http_status, m.sent_at, m.answered_at, m.answer, m.error_kind
from unnest(%(ids)s::uuid[], %(transfers)s::uuid[], %(accounts)s::uuid[], %(n)s::int[], %(operations)s::text[],
        %(methods)s::text[], %(urls)s::text[], %(requests)s::text[], %(responses)s::text[], %(statuses)s::int[],
        %(sent)s::timestamptz[], %(answered)s::timestamptz[], %(answers)s::text[], %(errors)s::text[])
    as m (id, transfer_id, account_id, n, operation, method, url, request, response, http_status, sent_at, answered_at,
        answer, error_kind)
"""
_EVENTS = """
insert into transfer_event (id, created_at, transfer_id, from_state, to_state, cause, reason, detail, attempt_id, actor)
select m.id, %(now)s, m.transfer_id, m.was, m.state, m.cause, m.reason, m.detail, m.attempt_id, %(actor)s
from unnest(%(ids)s::uuid[], %(transfers)s::uuid[], %(was)s::text[], %(states)s::text[], %(causes)s::text[],
        %(reasons)s::text[], %(details)s::text[], %(attempts)s::uuid[])
    as m (id, transfer_id, was, state, cause, reason, detail, attempt_id)
"""


class StrayedTransferError(Exception):
    """A transfer had left the state it was locked in, or was to take a step it may not."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer to be saved. `word` is the answer in a word; `read_until` what the reader had planned by claiming."""

    on: Standing
    outcome: Outcome
    exchanges: tuple[Exchange, ...] = ()
    word: str = ""
    cause: Cause = "submit"
    read_until: datetime | None = None


def save(session: Session, entries: Sequence[Entry]) -> dict[UUID, UUID]:
    """Write a group, the caller holding what it speaks of; return the last attempt of each transfer that had one."""
    if not entries:
        return {}
    attempts = _write_attempts(session, entries)
    moves = {entry.on.transfer_id: _move_of(entry) for entry in entries if _has_news(entry)}
    transactions = _post(session, entries, moves)
    payments.void(session, list(moves.values()))
    _write_transfers(session, entries, transactions)
    _write_events(session, entries, attempts)
    payments.move(session, list(moves.values()))
    for entry in entries:
        if entry.outcome.case is not None:
            _open_case(session, entry)
    return attempts


def _has_news(entry: Entry) -> bool:
    outcome = entry.outcome
    return outcome.stage is not None or bool(outcome.name_verdict)


def _move_of(entry: Entry) -> Move:
    on, outcome = entry.on, entry.outcome
    return Move(
        payment_id=on.payment_id,
        batch_id=on.batch_id,
        was=on.stage,
        to=outcome.stage or on.stage,
        amount=on.amount,
        payer=on.payer,
        code=outcome.code,
        reason=outcome.reason,
        is_retryable=outcome.is_retryable,
        fee_minor=_fee_due(entry),
        next_try_at=outcome.next_try_at,
        is_unsent=outcome.is_unsent,
        fsp_id=outcome.found.fsp_id if outcome.found else "",
        name_found=outcome.name_found,
        name_verdict=outcome.name_verdict,
    )


def _fee_due(entry: Entry) -> int:
    """Return what the organisation owes beyond the amount; where it sends a fixed sum, the payee bears the fee."""
    is_sent_whole = entry.outcome.handles.get("amount_type", entry.on.handles.get("amount_type")) == "SEND"
    return 0 if is_sent_whole else entry.outcome.fee_minor


def _post(session: Session, entries: Sequence[Entry], moves: dict[UUID, Move]) -> dict[UUID, UUID]:
    """Post what was paid, account by account."""
    transactions: dict[UUID, UUID] = {}
    for account_id in sorted({entry.on.account_id for entry in entries}):
        paid = {
            entry.on.transfer_id: moves[entry.on.transfer_id]
            for entry in entries
            if entry.on.account_id == account_id and entry.outcome.to is TransferState.SUCCEEDED
        }
        transactions |= payments.post(session, account_id, paid)
    return transactions


def _write_transfers(session: Session, entries: Sequence[Entry], transactions: dict[UUID, UUID]) -> None:
    for entry in entries:
        to = entry.outcome.to
        if to is not None and to not in TRANSFER_STEPS[entry.on.state]:
            raise StrayedTransferError(entry.on.transfer_id, entry.on.state, to)
    columns = {
        "ids": [entry.on.transfer_id for entry in entries],
        "was": [str(entry.on.state) for entry in entries],
        "states": [str(entry.outcome.to or entry.on.state) for entry in entries],
        "moved": [entry.outcome.to is not None for entry in entries],
        "ended": [entry.outcome.to in ENDS for entry in entries],
        "handles": [Jsonb(entry.outcome.handles) for entry in entries],
        "leases": [entry.outcome.lease_until for entry in entries],
        "reasons": [str(entry.outcome.reason) for entry in entries],
        "reads_at": [entry.outcome.next_read_at for entry in entries],
        "read_until": [entry.read_until for entry in entries],
        "reads": [int(entry.cause == "read") for entry in entries],
        "failures": [entry.outcome.connect_failures for entry in entries],
        "fees": [entry.outcome.fee_minor for entry in entries],
        "transactions": [transactions.get(entry.on.transfer_id) for entry in entries],
        "looks_at": [entry.outcome.second_look_at for entry in entries],
    }
    written = driver(session).execute(_TRANSFERS, {"now": clock.now(), **columns})
    if written.rowcount != len(entries):
        raise StrayedTransferError(written.rowcount, len(entries))


def _write_attempts(session: Session, entries: Sequence[Entry]) -> dict[UUID, UUID]:
    lines = [
        (ids.new_id(), entry, number, exchange, entry.word if number == len(entry.exchanges) else "")
        for entry in entries
        for number, exchange in enumerate(entry.exchanges, start=1)
    ]
    if not lines:
        return {}
    columns = {
        "ids": [line[0] for line in lines],
        "transfers": [line[1].on.transfer_id for line in lines],
        "accounts": [line[1].on.account_id for line in lines],
        "n": [line[2] for line in lines],
        "operations": [line[3].operation for line in lines],
        "methods": [line[3].method for line in lines],
        "urls": [line[3].url for line in lines],
        "requests": [line[3].request for line in lines],
        "responses": [line[3].response for line in lines],
        "statuses": [line[3].http_status for line in lines],
        "sent": [line[3].sent_at for line in lines],
        "answered": [line[3].answered_at for line in lines],
        "answers": [line[4] for line in lines],
        "errors": [line[3].error_kind for line in lines],
    }
    driver(session).execute(_ATTEMPTS, {"now": clock.now(), **columns})
    return {line[1].on.transfer_id: line[0] for line in lines}


def _write_events(session: Session, entries: Sequence[Entry], attempts: dict[UUID, UUID]) -> None:
    moved = [entry for entry in entries if entry.outcome.to is not None]
    if not moved:
        return
    columns = {
        "ids": [ids.new_id() for _ in moved],
        "transfers": [entry.on.transfer_id for entry in moved],
        "was": [str(entry.on.state) for entry in moved],
        "states": [str(entry.outcome.to) for entry in moved],
        "causes": [entry.cause for entry in moved],
        "reasons": [str(entry.outcome.reason) for entry in moved],
        "details": [f"{entry.outcome.code} {entry.outcome.detail}".strip()[:500] for entry in moved],
        "attempts": [attempts.get(entry.on.transfer_id) for entry in moved],
    }
    driver(session).execute(_EVENTS, {"now": clock.now(), "actor": SYSTEM.name, **columns})


def _open_case(session: Session, entry: Entry) -> None:
    assert entry.outcome.case is not None  # noqa: S101  # the caller looked
    open_case(
        session,
        account_id=entry.on.account_id,
        kind=entry.outcome.case,
        dedupe_key=str(entry.on.transfer_id),
        transfer_id=entry.on.transfer_id,
        amount=entry.on.amount,
        detail=str(entry.outcome.reason) or entry.outcome.detail,
        is_outgoing=True,
    )
