"""The one way a transfer changes state: a guarded update, and with it the ledger, the trail, the messages, the event.

    UPDATE transfer SET state = :to WHERE id = :id AND state = :from

Everything else happens in the same transaction, and only if that changed one row.
"""

from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.errors import WrongState
from core.permissions import SYSTEM, Actor
from models.transfers import TRANSFER_STEPS, TransferState
from services import audit
from services.transfers import postings, purposes
from services.transfers.bell import ring_after_commit
from services.transfers.rows import TransferRow, from_record

Cause = Literal["request", "submit", "read", "list", "operator", "time"]

ENDS = frozenset({TransferState.SUCCEEDED, TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED})
_UNAUDITED = frozenset({TransferState.SUBMITTED, TransferState.PENDING})


@dataclass(frozen=True, slots=True)
class Proof:
    """What made a transition happen."""

    cause: Cause
    detail: str = ""
    attempt_id: UUID | None = None
    inbound_event_id: UUID | None = None
    actor: Actor = field(default=SYSTEM)


def take(
    session: Session,
    row: TransferRow,
    to: TransferState,
    proof: Proof,
    *,
    reason: str = "",
    **columns: Any,
) -> TransferRow | None:
    """Move a transfer from the state it was read in to `to`; None when it had left that state meanwhile.

    Refuses with `WrongState` when the table of transitions has no such arrow. `columns` are written with it.
    """
    if to not in TRANSFER_STEPS[row.state]:
        raise WrongState(state=str(row.state), wanted=str(to))
    moved = _update(session, row, to, {"reason": reason, **_times(to), **columns})
    if moved is None:
        return None
    _write_event(session, row.id, row.state, to, proof, reason)
    posted = postings.follow_state(session, moved)
    if to not in _UNAUDITED:
        changes = {"from": row.state, "cause": proof.cause, "reason": reason, "reference": row.reference}
        audit.record(session, proof.actor, f"transfer.{to}", "transfer", row.id, proof.detail, changes)
    purposes.get(row.purpose).follow(session, moved, row.state, posted)
    ring_after_commit(session)
    return moved


def _times(to: TransferState) -> dict[str, Any]:
    """Return what a state says of time: an end is read no more, an unknown is counted from now."""
    now = clock.now()
    if to in ENDS:
        return {"ended_at": now, "next_read_at": None, "lease_until": None, "next_step": {}}
    if to is TransferState.UNKNOWN:
        return {"unknown_at": now, "lease_until": None}
    return {}


def _update(session: Session, row: TransferRow, to: TransferState, columns: dict[str, Any]) -> TransferRow | None:
    values = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in columns.items()}
    assignments = "".join(f", {name} = %({name})s" for name in values)
    record = fetch_one(
        session,
        f"update transfer set state = %(to)s{assignments} where id = %(id)s and state = %(from)s returning *",
        {**values, "to": to, "id": row.id, "from": row.state},
    )
    return None if record is None else from_record(record)


def write_first_event(session: Session, row: TransferRow, actor: Actor) -> None:
    """Note that a transfer was asked for: the first line of its history."""
    _write_event(session, row.id, "", row.state, Proof("request", actor=actor), "")


def _write_event(session: Session, transfer_id: UUID, was: str, to: TransferState, proof: Proof, reason: str) -> None:
    driver(session).execute(
        """
        insert into transfer_event (id, created_at, transfer_id, from_state, to_state, cause, reason, detail,
            attempt_id, inbound_event_id, actor)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            ids.new_id(),
            clock.now(),
            transfer_id,
            was,
            to,
            proof.cause,
            reason,
            proof.detail[:500],
            proof.attempt_id,
            proof.inbound_event_id,
            proof.actor.name,
        ),
    )
