"""The payments of a batch: their list, each one with what was done about it, its receipt, and what persons decide."""

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.deps import Door, SignedIn
from api.pensions import downloads, shapes
from api.pensions.parameters import (
    Amount,
    Line,
    Offset,
    PageSize,
    Reason,
    Sought,
    Word,
    batch_name,
    payment_name,
    payment_stages,
)
from api.pensions.reading import ROOT, USUAL_PAGE, read_batch
from core.database import Session
from core.ids import parse_id
from core.orders import Order
from models.pension_stages import PaymentStage
from reports import pensions as reports
from services.pensions import held, inquiries, payment_reading
from services.pensions.held import HeldDecision
from services.pensions.inquiries import Inquire, Settle
from services.pensions.payment_reading import PaymentPage
from services.pensions.payment_search import PaymentSearch
from services.pensions.shapes import PaymentRow

NO_PROOF = UUID(int=0)  # what is no id is the id of nothing

router = APIRouter(prefix=ROOT + "/{bulk_id}/payments", tags=["pensions: payments"])


class SettleBody(Order):
    """How a payment nobody knew the end of did end, and what proves it."""

    outcome: Literal["completed", "failed"]
    proof_id: str = Field(min_length=1, max_length=100)
    reason: str = Field(min_length=3, max_length=400)


@router.get("")
def list_payments(  # noqa: PLR0913  # one parameter a filter of the document
    door: SignedIn,
    bulk_id: str,
    *,
    status: Word = "",
    stage: Word = "",
    q: Sought = "",
    code: Word = "",
    name_verdict: Word = "",
    lowest: Annotated[Amount | None, Query(alias="min")] = None,
    highest: Annotated[Amount | None, Query(alias="max")] = None,
    limit: PageSize = USUAL_PAGE,
    offset: Offset = 0,
    after: Line = 0,
) -> Response:
    """Return a page of a batch's payments in file order."""
    name = batch_name(bulk_id)
    stages = payment_stages(status, stage)
    search = PaymentSearch(
        stages=() if len(stages) == len(PaymentStage) else tuple(sorted(stages)),
        text=q,
        code=code,
        name_verdict=name_verdict,
        min_minor=lowest,
        max_minor=highest,
        after=after,
    )

    def page(session: Session) -> PaymentPage:
        read_batch(session, door.actor, name)
        if not stages:
            return PaymentPage((), 0)
        return payment_reading.list_payments(session, door.actor, name, search, limit=limit, offset=offset)

    return door.answer(
        page,
        lambda found: {
            "total": found.total,
            "count": len(found.payments),
            "limit": limit,
            "offset": offset,
            "results": [shapes.payment(row) for row in found.payments],
        },
    )


@router.get("/{transfer_id}")
def get_payment(door: SignedIn, bulk_id: str, transfer_id: str) -> Response:
    """Return one payment, the calls made about it and its ledger entries."""
    names = batch_name(bulk_id), payment_name(transfer_id)

    def read(session: Session) -> payment_reading.PaymentDetail:
        read_batch(session, door.actor, names[0])
        return payment_reading.get_payment(session, door.actor, *names)

    return door.answer(read, shapes.payment_detail)


@router.get("/{transfer_id}/receipt")
async def receipt(
    door: SignedIn,
    bulk_id: str,
    transfer_id: str,
    file_format: Annotated[Literal["json", "pdf"], Query(alias="format")] = "json",
) -> Response:
    """Return the signed receipt of a payment that was made, for whoever wants to check it without us."""
    names = batch_name(bulk_id), payment_name(transfer_id)

    def make(session: Session) -> downloads.Document:
        read_batch(session, door.actor, names[0])
        return reports.receipt_pdf(session, door.actor, *names)

    def read(session: Session) -> Any:
        read_batch(session, door.actor, names[0])
        return reports.receipt(session, door.actor, *names)

    if file_format == "pdf":
        return await downloads.download(make)
    return await to_thread.run_sync(lambda: door.answer(read, lambda written: written))


@router.post("/{transfer_id}/release")
def release(door: SignedIn, bulk_id: str, transfer_id: str, body: Reason) -> Response:
    """Let a held payment go on."""
    return _decide(door, held.release, bulk_id, transfer_id, body)


@router.post("/{transfer_id}/refuse")
def refuse(door: SignedIn, bulk_id: str, transfer_id: str, body: Reason) -> Response:
    """End a held payment: it is not made, its money is free again."""
    return _decide(door, held.refuse, bulk_id, transfer_id, body)


@router.post("/{transfer_id}/inquire")
def inquire(door: SignedIn, bulk_id: str, transfer_id: str) -> Response:
    """Ask the switch about a payment now."""
    order = Inquire(bulk_id=batch_name(bulk_id), transfer_id=payment_name(transfer_id))
    return door.answer(lambda session: inquiries.inquire(session, door.actor, order), shapes.payment)


@router.post("/{transfer_id}/settle")
def settle(door: SignedIn, bulk_id: str, transfer_id: str, body: SettleBody) -> Response:
    """Say with a proof how a payment in doubt ended; two people must say the same."""
    order = Settle(
        bulk_id=batch_name(bulk_id),
        transfer_id=payment_name(transfer_id),
        outcome=body.outcome,
        proof_id=parse_id(body.proof_id) or NO_PROOF,
        reason=body.reason,
    )
    return door.answer(lambda session: inquiries.settle(session, door.actor, order), shapes.payment)


def _decide(
    door: Door,
    verb: Callable[[Session, Any, HeldDecision], PaymentRow],
    bulk_id: str,
    transfer_id: str,
    body: Reason,
) -> Response:
    order = HeldDecision(bulk_id=batch_name(bulk_id), transfer_id=payment_name(transfer_id), reason=body.reason)
    return door.answer(lambda session: verb(session, door.actor, order), shapes.payment)
