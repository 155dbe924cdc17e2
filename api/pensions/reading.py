"""What there is to read of batches: the history, a batch's details, how far it is, its report."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from api.deps import SignedIn
from api.pensions import downloads, shapes
from api.pensions.parameters import (
    Cycle,
    Day,
    Line,
    Offset,
    PageSize,
    Sought,
    Word,
    batch_name,
    batch_stages,
    require_reader,
)
from core.database import Session
from core.permissions import Actor
from reports import pensions as reports
from services.pensions import oversight, payment_reading, reading
from services.pensions.payment_reading import PaymentPage
from services.pensions.payment_search import PaymentSearch
from services.pensions.reading import BatchPage, BatchSearch
from services.pensions.shapes import BatchRow

ROOT = "/api/bulk-transfers"
USUAL_PAGE = payment_reading.USUAL_PAGE

router = APIRouter(prefix=ROOT, tags=["pensions: batches"])


@router.get("/history")
def history(
    door: SignedIn,
    state: Word = "",
    start_date: Day | None = None,
    end_date: Day | None = None,
    cycle: Cycle = "",
    q: Sought = "",
    limit: Annotated[int, Query(ge=1, le=reading.LARGEST_PAGE)] = 50,
    offset: Offset = 0,
) -> Response:
    """Return the organisation's batches, newest first; `state` is a documented state or an exact stage."""
    require_reader(door.actor)
    search = BatchSearch(stages=batch_stages(state), first_day=start_date, last_day=end_date, cycle=cycle, text=q)

    def page(session: Session) -> BatchPage:
        oversight.note_list(session, door.actor)
        return reading.list_batches(session, door.actor, search, limit=limit, offset=offset)

    return door.answer(
        page,
        lambda found: {
            "total": found.total,
            "count": len(found.batches),
            "limit": limit,
            "offset": offset,
            "results": [shapes.history_line(batch) for batch in found.batches],
        },
    )


@router.get("/{bulk_id}/details")
@router.get("/{bulk_id}")
def details(
    door: SignedIn, bulk_id: str, limit: PageSize = USUAL_PAGE, offset: Offset = 0, after: Line = 0
) -> Response:
    """Return a batch, its statistics, and a page of its payments in file order."""
    name, search = batch_name(bulk_id), PaymentSearch(after=after)

    def write(found: tuple[BatchRow, PaymentPage]) -> dict[str, Any]:
        batch, page = found
        return {
            **shapes.details(batch),
            "individual_transfers": [shapes.payment(row) for row in page.payments],
            "individual_total": page.total,
            "limit": limit,
            "offset": offset,
        }

    return door.answer(
        lambda session: (
            read_batch(session, door.actor, name),
            payment_reading.list_payments(session, door.actor, name, search, limit=limit, offset=offset),
        ),
        write,
    )


@router.get("/{bulk_id}/status")
def status(
    door: SignedIn,
    bulk_id: str,
    items: Annotated[int, Query(ge=0, le=1)] = 1,
    limit: PageSize = USUAL_PAGE,
    offset: Offset = 0,
    after: Line = 0,
) -> Response:
    """Return how far a batch is, from its own counters; with `items=0` without its payments."""
    name, search = batch_name(bulk_id), PaymentSearch(after=after)

    def read(session: Session) -> dict[str, Any]:
        batch = read_batch(session, door.actor, name)
        if not items:
            return shapes.status(batch)
        page = payment_reading.list_payments(session, door.actor, name, search, limit=limit, offset=offset)
        return {**shapes.status(batch), **shapes.individuals(page, offset)}

    return door.answer(read, lambda written: written)


@router.get("/{bulk_id}/report")
async def report(
    door: SignedIn, bulk_id: str, file_format: Annotated[Literal["csv", "xlsx", "pdf"], Query(alias="format")] = "csv"
) -> Response:
    """Return the batch's report as a file; one that is still running says so on every page."""
    name = batch_name(bulk_id)

    def make(session: Session) -> downloads.Document:
        read_batch(session, door.actor, name)
        return reports.batch_report(session, door.actor, name, file_format)

    return await downloads.download(make)


def read_batch(session: Session, actor: Actor, name: str) -> BatchRow:
    """Return a batch to who may read it; a reader from outside the organisation leaves a trace."""
    batch = reading.get_batch(session, actor, name)
    oversight.note_batch(session, actor, batch)
    return batch
