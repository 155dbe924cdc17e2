"""A batch followed live: a stream of its progress for a page, a wait for its end for a program."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from api.deps import current_actor, read_proof
from api.errors import pension_code
from api.pensions import feeds, shapes
from api.pensions.feeds import Places, event
from api.pensions.parameters import Offset, PageSize, batch_name
from api.pensions.reading import ROOT, USUAL_PAGE, read_batch
from core.database import get_database
from core.errors import Forbidden, Refusal
from core.i18n import t
from core.permissions import Actor
from core.settings import get_settings
from services import users
from services.pensions import payment_reading, reading
from services.pensions.payment_search import PaymentSearch
from services.pensions.shapes import BatchRow

RIGHTS_EVERY_S = 60.0
COMMENT_EVERY_S = 15.0
STREAMS_EACH = 10
MOST_WAITERS = 200

RETRY = b"retry: 3000\n\n"
COMMENT = b": \n\n"
STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

router = APIRouter(prefix=ROOT + "/{bulk_id}", tags=["pensions: batches"])

_streams: Places[UUID | None] = Places(STREAMS_EACH)
_waiters: Places[None] = Places(MOST_WAITERS)


class TooManyStreams(Refusal):
    """One person follows at most ten batches at a time."""

    code = "too_many_streams"
    status = 429
    sentence = "Trop de suivis en direct à la fois : {most} au plus. Fermez-en un."


class TooManyWaiters(Refusal):
    """The process keeps as many as it can."""

    code = "busy"
    status = 503
    sentence = "Trop d'attentes en cours. Réessayez dans {secondes} s, ou suivez le lot par /status."


class EventStream(StreamingResponse):
    """A stream that gives its place back, however it ends."""

    def __init__(self, pieces: AsyncIterator[bytes], follower: UUID | None) -> None:
        super().__init__(pieces, media_type="text/event-stream", headers=STREAM_HEADERS)
        self._follower = follower

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            _streams.leave(self._follower)


async def our_origin(request: Request) -> None:
    """Refuse a page of another site: a browser sends our cookie along with its request."""
    origin = request.headers.get("origin")
    if origin is None:
        return
    settings = get_settings()
    known = {urlsplit(base.strip()).netloc for base in (*settings.public_base_url.split(","), *settings.cors_origins)}
    if urlsplit(origin).netloc not in {*known, request.headers.get("host")} - {""}:
        raise Forbidden


@router.get("/stream", dependencies=[Depends(our_origin)])
async def stream(request: Request, bulk_id: str, actor: Annotated[Actor, Depends(current_actor)]) -> Response:
    """Send the progress of a batch at once and at each change, at most four times a second, until it is over."""
    name = batch_name(bulk_id)
    batch = await run_in_threadpool(_read, actor, name)
    if not _streams.take(actor.user_id):
        raise TooManyStreams(most=STREAMS_EACH, secondes=10)
    return EventStream(_events(request, batch), actor.user_id)


@router.get("/wait")
async def wait(
    request: Request,
    bulk_id: str,
    actor: Annotated[Actor, Depends(current_actor)],
    timeout: Annotated[int, Query(ge=1, le=600)] = 300,  # noqa: ASYNC109  # the document's name
    limit: PageSize = USUAL_PAGE,
    offset: Offset = 0,
) -> Response:
    """Answer when a batch is over, or with 408 and its progress when it is not within the time."""
    name = batch_name(bulk_id)
    batch = await run_in_threadpool(_read, actor, name)
    if not _waiters.take(None):
        raise TooManyWaiters(secondes=15)
    try:
        batch = await _wait_for_end(request, batch, timeout)
    finally:
        _waiters.leave(None)
    if not batch.is_over:
        return _timed_out(batch)
    written = await run_in_threadpool(_read_end, request, name, limit, offset)
    return JSONResponse(written)


async def _events(request: Request, batch: BatchRow) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    seen, check_at = request.headers.get("last-event-id", ""), clock() + RIGHTS_EVERY_S
    yield RETRY
    with feeds.here().follow(batch) as feed:
        while True:
            if feed.version != seen:
                seen = feed.version
                yield feed.event
            if feed.batch.is_over:
                yield _done(feed.batch)
                return
            if clock() >= check_at:
                refusal = await run_in_threadpool(_find_refusal, request, feed.batch.bulk_id)
                if refusal is not None:
                    yield _error(refusal, feed.batch)
                    return
                check_at = clock() + RIGHTS_EVERY_S
            if not await feed.wait_for_change(seen, min(COMMENT_EVERY_S, max(0.0, check_at - clock()))):
                yield COMMENT


async def _wait_for_end(request: Request, batch: BatchRow, timeout_s: float) -> BatchRow:
    clock = asyncio.get_running_loop().time
    until = clock() + timeout_s
    with feeds.here().follow(batch) as feed:
        while (left_s := until - clock()) > 0:
            if await feed.wait_for_end(min(left_s, COMMENT_EVERY_S)) or await request.is_disconnected():
                break
        return feed.batch


def _read(actor: Actor, name: str) -> BatchRow:
    with get_database().transaction() as session:
        return read_batch(session, actor, name)


def _read_end(request: Request, name: str, limit: int, offset: int) -> dict[str, Any]:
    """Read a batch that is over with the rights of now: whoever waited may have lost them."""
    actor = read_proof(request)
    with get_database().transaction() as session:
        batch = reading.get_batch(session, actor, name)
        page = payment_reading.list_payments(session, actor, name, PaymentSearch(), limit=limit, offset=offset)
    return {**shapes.ended(batch), **shapes.individuals(page, offset)}


def _find_refusal(request: Request, name: str) -> Refusal | None:
    """Return why whoever follows may follow no longer, if so."""
    try:
        actor = read_proof(request)
        if actor.must_change_password:
            return users.PasswordToChange()
        with get_database().transaction() as session:
            reading.get_batch(session, actor, name)
    except Refusal as refusal:
        return refusal
    return None


def _done(batch: BatchRow) -> bytes:
    words = {"message": t("Le lot est terminé."), "state": batch.state, "stage": batch.stage}
    return event(words, kind="done")


def _error(refusal: Refusal, batch: BatchRow) -> bytes:
    words = {"error": str(refusal), "code": pension_code(refusal), "bulkTransferId": batch.bulk_id}
    return event(words, kind="error")


def _timed_out(batch: BatchRow) -> Response:
    written = shapes.progress(batch)
    content = {
        "error": t("Le lot n'est pas terminé."),
        "code": "timeout",
        "message": t("Le délai d'attente est passé : le lot continue. Demandez encore, ou suivez-le par /status."),
        "bulkTransferId": batch.bulk_id,
        "current_progress": {name: written[name] for name in ("completed", "failed", "pending", "total")},
    }
    return JSONResponse(content, 408)
