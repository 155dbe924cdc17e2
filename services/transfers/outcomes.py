"""What an answer of a provider does to a transfer; each function is one step of the transaction that saves it.

Rule 2: unknown is never failed. Rule 6: compare before crediting. What is final does not move again: late money and
contradictions are cases.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock
from core.database import Session, driver
from models.transfers import CaseKind, Direction, TransferState
from providers.answers import Accepted, NextStep, NotSeen, Reason, Rejected, Seen, SeenState, Unknown
from services.transfers import dispatch, purposes, schedules
from services.transfers.cases import open_case
from services.transfers.comparison import difference, is_comparable
from services.transfers.contradictions import note_final
from services.transfers.postings import fee_within
from services.transfers.rows import TransferRow, find
from services.transfers.transitions import Proof, take

MOST_CONNECT_FAILURES = 5
FIRST_PAUSE_S = 2
_MISMATCHES = frozenset({Reason.MISMATCH_AMOUNT, Reason.MISMATCH_CURRENCY, Reason.MISMATCH_PARTY})
_SEEN = {
    SeenState.FAILED: TransferState.FAILED,
    SeenState.EXPIRED: TransferState.EXPIRED,
    SeenState.CANCELLED: TransferState.CANCELLED,
}


def apply_submission(
    session: Session, row: TransferRow, answer: Accepted | Rejected | Unknown, attempt_id: UUID | None
) -> None:
    """Take the answer to our own call; when a read was faster, it only adds handles."""
    proof = Proof("submit", attempt_id=attempt_id)
    match answer:
        case Accepted():
            _accept(session, _keep_handles(session, row, answer), answer, proof)
        case Rejected() if row.is_open:
            detail = f"{answer.code} {answer.text}".strip()
            take(session, row, TransferState.FAILED, _with(proof, detail), reason=answer.reason)
        case Rejected():
            note_final(session, row, Seen(SeenState.FAILED, answer.code, reason=answer.reason), proof)
        case Unknown(is_sent=False) if row.state is TransferState.SUBMITTED:
            _try_again(session, row, answer, proof)
        case Unknown() if row.state is TransferState.SUBMITTED:
            lose_sight(session, row, Reason.NO_ANSWER, _with(proof, answer.detail))


def apply_read(session: Session, row: TransferRow, answer: Seen | NotSeen | Unknown, attempt_id: UUID | None) -> None:
    """Take the answer to a question of ours, and plan the next one."""
    proof = Proof("read", attempt_id=attempt_id, inbound_event_id=row.hint_id)
    now = clock.now()
    match answer:
        case Seen():
            row = apply_seen(session, row, answer, proof)
        case NotSeen() if row.is_open and _is_proof(row):
            row = take(session, row, TransferState.FAILED, proof, reason=Reason.NEVER_RECEIVED) or row
    if row.is_open and _is_link_over(row, answer):
        late = {"late_read_at": now + schedules.LATE_LOOK}
        row = take(session, row, TransferState.EXPIRED, proof, reason=Reason.LINK_EXPIRED, **late) or row
    plan_next(session, row)


def apply_seen(session: Session, row: TransferRow, seen: Seen, proof: Proof) -> TransferRow:
    """Take the provider's own record of a transfer, from a read, a list or the answer to our call."""
    _note_word(session, row, seen)
    if not row.is_open:
        return note_final(session, row, seen, proof)
    if seen.state is SeenState.PENDING:
        return _stay(session, row, seen, proof)
    if seen.state in _SEEN:
        columns = {"provider_state": seen.provider_state}
        reason = seen.reason or (Reason.UNSPECIFIED if seen.state is SeenState.FAILED else "")
        return take(session, row, _SEEN[seen.state], _with(proof, seen.provider_state), reason=reason, **columns) or row
    return _credit(session, row, seen, proof)


def plan_next(session: Session, row: TransferRow) -> None:
    """Write when a transfer is read next; one whose schedule ended becomes unknown, and is read once a day."""
    now = clock.now()
    if row.submitted_at is None or (row.state is TransferState.SUBMITTED and row.lease_until is None):
        return
    if not row.is_open:
        late = row.late_read_at if row.late_read_at is not None and row.late_read_at > now else None
        _write(session, row, next_read_at=late)
        return
    planned = _planned(row)
    if planned is None and row.state is TransferState.PENDING:
        lose_sight(session, row, Reason.NO_ANSWER, Proof("time", detail="schedule"))
        return
    _write(session, row, next_read_at=planned)


def _accept(session: Session, row: TransferRow, answer: Accepted, proof: Proof) -> None:
    if row.state is TransferState.SUBMITTED:
        columns: dict[str, Any] = {"lease_until": None, "next_step": _step(answer.next)}
        if answer.next.until is not None:
            columns["deadline_at"] = answer.next.until
        elif dispatch.schedule_of(row) == "S2":
            columns["deadline_at"] = clock.now() + schedules.LINK_DEFAULT
        row = take(session, row, TransferState.PENDING, proof, **columns) or row
        _invite(session, row)
    if answer.seen is not None:
        row = apply_seen(session, row, answer.seen, proof)
    if row.state is TransferState.UNKNOWN:
        _write(session, row, next_read_at=clock.now())
    else:
        plan_next(session, row)


def _credit(session: Session, row: TransferRow, seen: Seen, proof: Proof) -> TransferRow:
    """Take a success, if it is exactly what was asked for; a payout that came back was a success before."""
    if not is_comparable(seen):
        return row
    reason = difference(row, seen)
    if reason is not None:
        return _doubt(session, row, seen, reason, proof)
    fee = fee_within(row.amount, seen.fee)
    columns: dict[str, Any] = {"provider_state": seen.provider_state, "provider_fee_minor": fee.minor}
    if seen.provider_ref:
        columns["provider_ref"] = seen.provider_ref
    row = take(session, row, TransferState.SUCCEEDED, proof, **columns) or row
    return note_final(session, row, seen, proof) if seen.state is SeenState.REVERSED else row


def _doubt(session: Session, row: TransferRow, seen: Seen, reason: Reason, proof: Proof) -> TransferRow:
    """Somebody paid, but not this: unknown, a case, and what arrived in suspense."""
    open_case(
        session,
        account_id=row.account_id,
        kind=CaseKind.MISMATCH,
        dedupe_key=str(row.id),
        transfer_id=row.id,
        provider_ref=seen.provider_ref or "",
        amount=seen.amount,
        detail=reason,
        has_money=row.direction is Direction.COLLECT,
    )
    if row.state is TransferState.UNKNOWN:
        _write(session, row, reason=reason)
        return row
    detail = f"{seen.amount.plain} {seen.amount.currency}" if seen.amount else seen.currency_text
    return lose_sight(session, row, reason, _with(proof, detail))


def _stay(session: Session, row: TransferRow, seen: Seen, proof: Proof) -> TransferRow:
    """Nothing is known yet: an unknown is pending again, unless what made it unknown still stands."""
    columns: dict[str, Any] = {"provider_state": seen.provider_state}
    is_invited = seen.next_step is not None and _step(seen.next_step) != row.next_step
    if seen.next_step is not None:
        columns["next_step"] = _step(seen.next_step)
    is_doubted = row.reason in _MISMATCHES or _planned_pending(row) is None
    if row.state is TransferState.UNKNOWN and not is_doubted:
        row = take(session, row, TransferState.PENDING, proof, unknown_at=None, **columns) or row
    else:
        _write(session, row, **columns)
    if is_invited:
        _invite(session, find(session, row.id))
    return row


def _invite(session: Session, row: TransferRow) -> None:
    if row.next_step:
        purposes.get(row.purpose).invite(session, row)


def _try_again(session: Session, row: TransferRow, answer: Unknown, proof: Proof) -> None:
    """No byte left this machine: the same id again after 2, 4, 8, 16, 32 seconds, then it failed for certain."""
    if row.connect_failures >= MOST_CONNECT_FAILURES:
        take(session, row, TransferState.FAILED, _with(proof, answer.detail), reason=Reason.PROVIDER_UNREACHABLE)
        return
    pause = timedelta(seconds=FIRST_PAUSE_S * 2**row.connect_failures)
    due = clock.now() + pause
    _write(session, row, lease_until=None, next_read_at=due, connect_failures=row.connect_failures + 1)


def lose_sight(session: Session, row: TransferRow, reason: str, proof: Proof) -> TransferRow:
    """Make a transfer unknown: it is in the queue, and asked about until it is known."""
    columns: dict[str, Any] = {}
    if row.deadline_at is None and dispatch.schedule_of(row) == "S2" and row.submitted_at is not None:
        columns["deadline_at"] = row.submitted_at + schedules.LINK_NEVER_GIVEN
    lost = take(session, row, TransferState.UNKNOWN, proof, reason=reason, **columns)
    if lost is None:
        return row
    _write(session, lost, next_read_at=_planned(lost))
    return lost


def _planned(row: TransferRow) -> Any:
    assert row.submitted_at is not None  # noqa: S101  # whoever is read was submitted
    schedule = dispatch.schedule_of(row)
    return schedules.next_read(schedule, row.state, row.id, row.submitted_at, clock.now(), row.deadline_at)


def _planned_pending(row: TransferRow) -> Any:
    assert row.submitted_at is not None  # noqa: S101  # idem
    schedule = dispatch.schedule_of(row)
    return schedules.next_read(schedule, TransferState.PENDING, row.id, row.submitted_at, clock.now(), row.deadline_at)


def _is_proof(row: TransferRow) -> bool:
    return (
        dispatch.adapter_of(row).not_seen_is_proof
        and row.submitted_at is not None
        and clock.now() - row.submitted_at >= schedules.PROOF_AFTER
    )


def _is_link_over(row: TransferRow, answer: Seen | NotSeen | Unknown) -> bool:
    """Say whether a link's end has passed and it is unpaid. One nobody was given needs neither grace nor an answer."""
    if dispatch.schedule_of(row) != "S2" or row.deadline_at is None or row.reason in _MISMATCHES:
        return False
    if isinstance(answer, Seen) and answer.state is not SeenState.PENDING:
        return False
    if row.state is TransferState.UNKNOWN and not row.handles:
        return clock.now() >= row.deadline_at
    return not isinstance(answer, Unknown) and clock.now() >= row.deadline_at + schedules.LINK_GRACE


def _note_word(session: Session, row: TransferRow, seen: Seen) -> None:
    """Alert of a word no table knows; it is pending until somebody has looked."""
    if not seen.is_word_known:
        open_case(
            session,
            account_id=row.account_id,
            kind=CaseKind.UNKNOWN_WORD,
            dedupe_key=seen.provider_state[:100],
            transfer_id=row.id,
            detail=seen.provider_state[:100],
        )


def _keep_handles(session: Session, row: TransferRow, answer: Accepted) -> TransferRow:
    driver(session).execute(
        "update transfer set handles = handles || %s, provider_ref = coalesce(provider_ref, %s) where id = %s",
        (Jsonb(dict(answer.handles)), answer.provider_ref, row.id),
    )
    return find(session, row.id)


def _write(session: Session, row: TransferRow, **columns: Any) -> None:
    """Write what is no state; the caller holds the row's lock."""
    values = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in columns.items()}
    assignments = ", ".join(f"{name} = %({name})s" for name in values)
    driver(session).execute(f"update transfer set {assignments} where id = %(id)s", {**values, "id": row.id})


def _step(step: NextStep) -> dict[str, Any]:
    """Return what the payer is to do as it is stored and shown; nothing is an empty document."""
    if step.kind == "nothing":
        return {}
    until = step.until.isoformat() if step.until else None
    return {"kind": step.kind, "url": step.url, "png": step.png, "until": until, "instruction": step.instruction}


def _with(proof: Proof, detail: str) -> Proof:
    return Proof(proof.cause, detail, proof.attempt_id, proof.inbound_event_id, proof.actor)
