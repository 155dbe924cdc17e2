"""What is done to a batch: confirmed, approved or rejected, cancelled, paused, resumed, tried again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from api.deps import Door, SignedIn
from api.pensions import shapes
from api.pensions.parameters import Reason, batch_name
from api.pensions.reading import ROOT
from core.database import Session
from core.orders import Order
from services.pensions import batches
from services.pensions.batches import (
    ApproveBatch,
    CancelBatch,
    Cancelled,
    ConfirmBatch,
    PauseBatch,
    RejectBatch,
    ResumeBatch,
    RetryBatch,
)
from services.pensions.shapes import BatchRow

# A batch of a million rows is sealed, claimed or given back in one act.
LONGEST_ACT_MS = 300_000
MOST_LINES = 100_000

router = APIRouter(prefix=ROOT + "/{bulk_id}", tags=["pensions: batches"])


class ConfirmBody(Order):
    """Control totals, a start, and the lines of people who shall be paid again in the cycle."""

    on_error: Literal["refuse", "split"] = "refuse"
    expected_count: int | None = Field(default=None, ge=0, le=10**9)
    expected_total: int | None = Field(default=None, ge=0, le=10**18)
    not_before: datetime | None = None
    accept_duplicates: tuple[int, ...] = Field(default=(), max_length=MOST_LINES)


class ApproveBody(Order):
    """The seal of the rows that the approver read."""

    seal: str = Field(max_length=200)


class MaybeReason(Order):
    """Why, for who wants to say it."""

    reason: str = Field(default="", max_length=500)


class RetryBody(Order):
    """Which payments to try again; none named: all that another try may mend."""

    transfer_ids: tuple[str, ...] | None = Field(default=None, max_length=MOST_LINES)


@router.post("/confirm")
def confirm(door: SignedIn, bulk_id: str, body: ConfirmBody | None = None) -> Response:
    """Let a draft go on: its money is reserved, its people are claimed, its rows are sealed."""
    order = ConfirmBatch(bulk_id=batch_name(bulk_id), **(body or ConfirmBody()).model_dump())
    return _act(door, lambda session: batches.confirm(session, door.actor, order))


@router.post("/approve")
def approve(door: SignedIn, bulk_id: str, body: ApproveBody) -> Response:
    """Agree, as the second person, to the rows under this seal."""
    order = ApproveBatch(bulk_id=batch_name(bulk_id), seal=body.seal)
    return _act(door, lambda session: batches.approve(session, door.actor, order))


@router.post("/reject")
def reject(door: SignedIn, bulk_id: str, body: Reason) -> Response:
    """Say no, as the second person: the money is free again."""
    order = RejectBatch(bulk_id=batch_name(bulk_id), reason=body.reason)
    return _act(door, lambda session: batches.reject(session, door.actor, order))


@router.post("/cancel")
def cancel(door: SignedIn, bulk_id: str, body: Reason) -> Response:
    """Stop what has not left; the answer says how much had left already and is followed to its end."""
    order = CancelBatch(bulk_id=batch_name(bulk_id), reason=body.reason)

    def write(cancelled: Cancelled) -> dict[str, Any]:
        return {**shapes.acted(cancelled.batch), "already_sent": cancelled.already_sent}

    return door.answer(
        lambda session: batches.cancel(session, door.actor, order), write, statement_timeout_ms=LONGEST_ACT_MS
    )


@router.post("/pause")
def pause(door: SignedIn, bulk_id: str, body: MaybeReason | None = None) -> Response:
    """Send nothing new until somebody resumes."""
    order = PauseBatch(bulk_id=batch_name(bulk_id), reason=body.reason if body else "")
    return _act(door, lambda session: batches.pause(session, door.actor, order))


@router.post("/resume")
def resume(door: SignedIn, bulk_id: str, body: MaybeReason | None = None) -> Response:
    """Let a paused batch go on."""
    order = ResumeBatch(bulk_id=batch_name(bulk_id), reason=body.reason if body else "")
    return _act(door, lambda session: batches.resume(session, door.actor, order))


@router.post("/retry", status_code=201)
def retry(door: SignedIn, bulk_id: str, body: RetryBody | None = None) -> Response:
    """Make a new draft of the failed payments of an ended batch that another try may mend."""
    order = RetryBatch(bulk_id=batch_name(bulk_id), transfer_ids=body.transfer_ids if body else None)
    return _act(door, lambda session: batches.retry(session, door.actor, order), 201)


def _act(door: Door, verb: Callable[[Session], BatchRow], status: int = 200) -> Response:
    return door.answer(verb, shapes.acted, status, statement_timeout_ms=LONGEST_ACT_MS)
