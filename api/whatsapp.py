"""`/whatsapp`: where Twilio and Meta bring what people write, and what is asked of it by hand.

Twilio is answered at once; it does not ask again, so whatever fails on our side is told to the person. Meta asks again
until it is answered 200, so what cannot be stored is not acknowledged. No log carries a body.
"""

import asyncio
from collections.abc import Callable
from threading import Event
from typing import Any

import anyio
import psycopg
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import exc

from api.bare import BareRoute, Threads
from api.delivery_reports import FORM_TYPE, JSON_TYPE, LARGEST_FORM_BYTES, LARGEST_JSON_BYTES, knock_of, read_body
from api.deps import read_proof
from channels.whatsapp import doors
from core.ciu_settings import WEBHOOK_PATH
from core.database import Session, get_database
from core.errors import Refusal
from core.permissions import Permission
from core.security import is_same
from core.settings import get_settings
from services.ciu.store import cleaning, pictures
from services.messages.doors import Knock, Reply, answer_challenge

SERVICE_NAME = "Générateur de CIU WhatsApp"
HARD_STOP_S = 8.0  # Twilio itself gives up after 15
FAILURES = (exc.OperationalError, exc.TimeoutError, psycopg.OperationalError)

UNAVAILABLE = Reply(503, b'{"detail":"unavailable"}')

router = APIRouter(tags=["whatsapp"])
_threads = Threads("whatsapp")
_log = structlog.get_logger(__name__)

Take = Callable[[Session, Knock], Reply]


async def take_webhook(request: Request) -> Response:
    """Take Twilio's form or Meta's JSON, by what it is and who signed it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {FORM_TYPE, JSON_TYPE}:
        return _refusal(415, "unsupported content type")
    if kind == FORM_TYPE:
        return await _answer(request, doors.take_twilio, LARGEST_FORM_BYTES, when_failed=doors.error_reply)
    return await _answer(request, doors.take_meta, LARGEST_JSON_BYTES)


async def challenge(request: Request) -> Response:
    """Answer Meta's challenge with the token that was agreed on."""
    answer = await _answer(request, answer_challenge, LARGEST_FORM_BYTES)
    detail = {400: "hub.* missing", 403: "wrong token"}.get(answer.status_code)
    return answer if detail is None else _refusal(answer.status_code, detail)


async def take_status(request: Request) -> Response:
    """Take a status callback that Twilio signed."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM_TYPE:
        return _refusal(415, "unsupported content type")
    return await _answer(request, doors.take_twilio_status, LARGEST_FORM_BYTES)


async def clean(request: Request) -> Response:
    """End what is past its time, now; the same happens every minute by itself."""

    def act() -> Response:
        refusal = _may_clean(request)
        if refusal is not None:
            return refusal
        return JSONResponse({"status": "success", "sessions_cleaned": cleaning.clean(get_database())})

    return await anyio.to_thread.run_sync(act)


async def get_health(request: Request) -> JSONResponse:
    """Say whether the service is well, and which of its channels can hear."""

    def ask() -> dict[str, str] | None:
        try:
            with get_database().transaction() as session:
                return doors.get_channels(session)
        except FAILURES:
            return None

    channels, settings = await anyio.to_thread.run_sync(ask), get_settings()
    body = {
        "status": "degraded" if channels is None else "healthy",
        "service": settings.app_name if "app_name" in settings.model_fields_set else SERVICE_NAME,
        "version": request.app.version,
        "database": "unavailable" if channels is None else "ok",
        "channels": channels or {"twilio": "off", "meta": "off"},
    }
    return JSONResponse(body, 503 if channels is None else 200)


async def get_picture(token: str) -> Response:
    """Give the QR code behind an address that was just given to somebody."""

    def fetch() -> bytes | None:
        with get_database().transaction() as session:
            return pictures.fetch(session, token)

    picture = await anyio.to_thread.run_sync(fetch)
    if picture is None:
        return _refusal(404, "not found")
    return Response(picture, 200, {"Cache-Control": "no-store"}, "image/png")


def serve_extra_path(app: FastAPI, path: str) -> None:
    """Answer at `WEBHOOK_PATH` too, where an installation wants it elsewhere."""
    if path.rstrip("/") != WEBHOOK_PATH:
        extra = APIRouter(include_in_schema=False)
        _add(extra, path.rstrip("/") or "/", take_webhook, "POST")
        _add(extra, path.rstrip("/") or "/", challenge, "GET")
        app.include_router(extra)


async def _answer(
    request: Request, take: Take, most_bytes: int, when_failed: Callable[[], Reply] | None = None
) -> Response:
    body = await read_body(request, most_bytes)
    if body is None:
        return _refusal(413, "body too large")
    reply = await _in_time(take, knock_of(request, body), when_failed)
    headers = {"Cache-Control": "no-store", "Content-Type": reply.media_type} if reply.body else {}
    return Response(reply.body, reply.status, headers)


async def _in_time(take: Take, knock: Knock, when_failed: Callable[[], Reply] | None) -> Reply:
    """Answer within the time there is; what takes longer is undone, as anything that fails."""
    is_over = Event()
    try:
        async with asyncio.timeout(HARD_STOP_S):
            return await _threads.run(_take, take, knock, when_failed, is_over)
    except TimeoutError:
        is_over.set()
        _log.error("whatsapp.too_slow")
        return when_failed() if when_failed is not None else UNAVAILABLE


def _take(take: Take, knock: Knock, when_failed: Callable[[], Reply] | None, is_over: Event) -> Reply:
    """Do it in one transaction. Half of a message is never kept, nor what came too late to be answered."""
    try:
        with get_database().transaction() as session:
            reply = take(session, knock)
            _check_time(is_over)
            return reply
    except Exception as error:
        if when_failed is not None:
            _log.exception("whatsapp.failed", error=type(error).__name__)
            return when_failed()
        if isinstance(error, FAILURES):
            return UNAVAILABLE
        raise


def _check_time(is_over: Event) -> None:
    """Undo what was answered for already."""
    if is_over.is_set():
        raise TimeoutError


def _may_clean(request: Request) -> Response | None:
    """Return why somebody may not clean up; None when he may."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    own = get_settings().ciu_cleanup_token.get_secret_value()
    if kind.lower() == "bearer" and own and is_same(token.strip(), own):
        return None
    if not kind and doors.is_unsigned_allowed():
        return None
    try:
        actor = read_proof(request)
    except Refusal:
        return _unknown()
    return None if actor.may(Permission.CIU_ACT) else _refusal(403, "wrong role")


def _unknown() -> Response:
    return JSONResponse({"detail": "not signed in"}, 401, {"WWW-Authenticate": "Bearer"})


def _refusal(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status)


def _add(to: APIRouter, path: str, endpoint: Callable[..., Any], method: str, summary: str = "") -> None:
    bare = None if "{" in path else BareRoute
    to.add_api_route(path, endpoint, methods=[method], summary=summary or None, route_class_override=bare)
    if path != "/":
        to.add_api_route(f"{path}/", endpoint, methods=[method], include_in_schema=False, route_class_override=bare)


_add(router, WEBHOOK_PATH, take_webhook, "POST", "WhatsApp messages and statuses")
_add(router, WEBHOOK_PATH, challenge, "GET", "Meta asks whether this address is ours")
_add(router, "/whatsapp/status", take_status, "POST", "Twilio reports on a WhatsApp message")
_add(router, "/whatsapp/cleanup", clean, "POST", "End the conversations past their time")
_add(router, "/whatsapp/health", get_health, "GET", "How the identifiers are")
_add(router, "/whatsapp/qr/{token}.png", get_picture, "GET", "The picture of a code")
