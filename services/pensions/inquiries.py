"""Payments of which nobody knows: asked about at a person's wish, and settled by two persons with a proof."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import Field

from core import clock
from core.database import Session, driver, fetch_one, keep
from core.errors import WrongState
from core.orders import Order
from core.permissions import Actor
from models.pension_stages import PaymentStage
from models.transfers import TransferProof, TransferState
from providers.answers import Reason
from services import audit
from services.pensions import payment_reading, policy, steps
from services.pensions.policy import Act
from services.pensions.reading import get_batch
from services.pensions.refusals import PaymentTooYoung, SecondPersonNeeded, WrongStage
from services.pensions.shapes import BatchRow, PaymentRow
from services.transfers.asking import plan_read
from services.transfers.rows import TransferRow, find
from services.transfers.transitions import Proof, take
from services.unknowns.cases import close_mismatches
from services.unknowns.proofs import AttachProof, ProofRow, keep_proof
from services.unknowns.refusals import ProofNeeded

SETTLED_FROM = timedelta(hours=24)
_OUT = frozenset({PaymentStage.SENDING, PaymentStage.SENT, PaymentStage.UNKNOWN})
_ENDINGS = {"completed": TransferState.SUCCEEDED, "failed": TransferState.FAILED}


class Inquire(Order):
    """A person wants to know now what became of a payment."""

    bulk_id: str
    transfer_id: str


class AddProof(Order):
    """A file that shows how a payment ended: the scheme's statement line, or a written answer."""

    bulk_id: str
    transfer_id: str
    file_name: str = Field(min_length=1, max_length=200)
    content_type: str
    content: bytes = Field(repr=False)


class Settle(Order):
    """How a payment ended, as a proof attached to it says."""

    bulk_id: str
    transfer_id: str
    outcome: Literal["completed", "failed"]
    proof_id: UUID
    reason: str = Field(min_length=3, max_length=400)


def inquire(session: Session, actor: Actor, order: Inquire) -> PaymentRow:
    """Have the switch asked now; `WrongStage` when nothing is out, or the end is known."""
    batch, payment = _found(session, actor, Act.INQUIRE, order.bulk_id, order.transfer_id)
    is_planned = payment.stage in _OUT and payment.transfer_id is not None and plan_read(session, payment.transfer_id)
    if not is_planned:
        raise WrongStage(stage=str(payment.stage))
    _record(session, actor, batch, payment, "inquire", {})
    return payment


def add_proof(session: Session, actor: Actor, order: AddProof) -> ProofRow:
    """Attach a proof to a payment in doubt; the same file twice is there once."""
    _, payment = _found(session, actor, Act.SETTLE, order.bulk_id, order.transfer_id)
    attached = order.model_dump(exclude={"bulk_id", "transfer_id"})
    return keep_proof(session, actor, AttachProof(transfer_id=_unknown(payment), **attached))


def settle(session: Session, actor: Actor, order: Settle) -> PaymentRow:
    """Settle a payment in doubt for a day, when two persons say the same; the first one's word is kept.

    Refuses with `SecondPersonNeeded` until then, `ProofNeeded`, `PaymentTooYoung`, and `WrongStage` once it is known.
    """
    batch, payment = _found(session, actor, Act.SETTLE, order.bulk_id, order.transfer_id)
    steps.lock_batch(session, batch.id)
    row = find(session, _unknown(payment), is_locked=True)
    if row.state is not TransferState.UNKNOWN:
        raise WrongStage(stage=str(payment.stage))
    if row.submitted_at is None or clock.now() - row.submitted_at < SETTLED_FROM:
        raise PaymentTooYoung(hours=int(SETTLED_FROM.total_seconds() // 3600))
    proof = session.get(TransferProof, order.proof_id)
    if proof is None or proof.transfer_id != row.id:
        raise ProofNeeded
    first = row.handles.get("settlement") or {}
    if first.get("outcome") != order.outcome or first.get("by") == str(actor.user_id):
        _keep_word(session, actor, row, order)
        _record(session, actor, batch, payment, "settle_asked", order.model_dump(mode="json"))
        keep(session)  # the first person's word stands although the answer is a refusal
        raise SecondPersonNeeded
    _take(session, actor, row, order, first)
    _record(session, actor, batch, payment, "settle", {**order.model_dump(mode="json"), "first": first})
    return payment_reading.find_payment(session, batch.id, batch.bulk_id, order.transfer_id)


def _found(session: Session, actor: Actor, act: Act, bulk_id: str, transfer_id: str) -> tuple[BatchRow, PaymentRow]:
    batch = get_batch(session, actor, bulk_id)
    policy.require(session, actor, act, batch)
    return batch, payment_reading.find_payment(session, batch.id, batch.bulk_id, transfer_id)


def _unknown(payment: PaymentRow) -> UUID:
    if payment.stage is not PaymentStage.UNKNOWN or payment.transfer_id is None:
        raise WrongStage(stage=str(payment.stage))
    return payment.transfer_id


def _keep_word(session: Session, actor: Actor, row: TransferRow, order: Settle) -> None:
    word = {
        "by": str(actor.user_id),
        "name": actor.name,
        "outcome": order.outcome,
        "proof_id": str(order.proof_id),
        "reason": order.reason,
        "at": clock.now().isoformat(),
    }
    driver(session).execute(
        "update transfer set handles = handles || %s where id = %s", (Jsonb({"settlement": word}), row.id)
    )


def _take(session: Session, actor: Actor, row: TransferRow, order: Settle, first: dict[str, str]) -> None:
    """Take the transition: the ledger, the payment and the batch follow it (`services/pensions/purpose.py`)."""
    detail = f"{order.reason} ({first['name']} : {first['reason']})"
    reason = "" if order.outcome == "completed" else Reason.UNSPECIFIED
    settled = take(session, row, _ENDINGS[order.outcome], Proof("operator", detail=detail, actor=actor), reason=reason)
    if settled is None:
        raise WrongState(state=str(row.state), wanted=order.outcome)
    close_mismatches(session, actor, settled, detail)


def _record(
    session: Session, actor: Actor, batch: BatchRow, payment: PaymentRow, act: str, changes: dict[str, object]
) -> None:
    audit.record(
        session,
        actor,
        f"pension_payment.{act}",
        "pension_payment",
        payment.id,
        payment.shown_id,
        {**changes, "bulk_id": batch.bulk_id, "line": payment.line},
        organisation_id=batch.organisation_id,
    )


# Reads


def list_proofs(session: Session, actor: Actor, bulk_id: str, transfer_id: str) -> list[UUID]:
    """Return the proofs attached to a payment, the oldest first."""
    _, payment = _found(session, actor, Act.SETTLE, bulk_id, transfer_id)
    row = fetch_one(
        session,
        "select array_agg(id order by created_at, id) as ids from transfer_proof where transfer_id = %s",
        (payment.transfer_id,),
    )
    return list(row["ids"] or ()) if row else []
