"""`/api/v1/payments/callback/…`: where operators tell us that something happened (`docs/payments.md`).

Anybody may knock; what proves a callback is in it. The answers are those the providers were promised, in their shape.
"""

import json
from urllib.parse import urlsplit

import anyio
import psycopg
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import exc

from api.deps import client_address
from core import clock
from core.database import get_database
from core.settings import get_settings
from providers.answers import InboundCall
from services import inbound
from services.inbound import Arrival, Reply

LARGEST_BODY_BYTES = 64 * 1024
PREFIX = "/api/v1/payments/callback"

NOT_AN_OBJECT = Reply(400, "not a JSON object")
TOO_LARGE = Reply(413, "too large")
UNAVAILABLE = Reply(503, "unavailable")

_log = structlog.get_logger(__name__)

router = APIRouter(prefix=PREFIX, tags=["payments"])


@router.post("/orange", summary="Orange Money tells of a payment")
@router.post("/orange/{callback_token}", summary="Orange Money tells of this payment")
async def post_orange(request: Request, callback_token: str = "") -> Response:
    """Take a WebPay, Sonatel or Cameroon notification, or the simplified form."""
    return await _answer(request, "orange", callback_token)


@router.post("/mtn", summary="MTN MoMo tells of a payment")
@router.put("/mtn", include_in_schema=False)
@router.post("/mtn/{callback_token}", summary="MTN MoMo tells of this payment")
@router.put("/mtn/{callback_token}", include_in_schema=False)
async def post_mtn(request: Request, callback_token: str = "") -> Response:
    """Take a status body; MTN sends it with POST or PUT."""
    return await _answer(request, "mtn", callback_token)


@router.post("/wave", summary="Wave tells of a checkout")
async def post_wave(request: Request) -> Response:
    """Take an event of Wave, or the simplified form."""
    return await _answer(request, "wave")


@router.post("/pawapay", summary="pawaPay tells of a deposit, payout, refund or statement")
async def post_pawapay(request: Request) -> Response:
    """Take a callback of pawaPay."""
    return await _answer(request, "pawapay")


async def _answer(request: Request, door: str, token: str = "") -> Response:
    body = await _read_body(request)
    reply = TOO_LARGE if body is None else NOT_AN_OBJECT
    if body is not None and _is_object(body):
        arrival = Arrival(door, _call(request, body, token), client_address(request))
        reply = await anyio.to_thread.run_sync(_receive, arrival)
    return JSONResponse(reply.body, reply.status)


def _receive(arrival: Arrival) -> Reply:
    """Have a callback stored; what cannot be stored is not acknowledged, so that the provider comes again."""
    try:
        return inbound.receive(get_database(), arrival)
    except (exc.OperationalError, exc.TimeoutError, psycopg.OperationalError) as error:
        _log.warning("payments.callback_unavailable", door=arrival.door, error=type(error).__name__)
        return UNAVAILABLE


def _call(request: Request, body: bytes, token: str) -> InboundCall:
    """Return the callback as its signature sees it: the path as it was written, the public host, never the proxied."""
    return InboundCall(
        method=request.method,
        path=request.scope.get("raw_path", request.url.path.encode()).decode("latin-1"),
        headers={name: ",".join(request.headers.getlist(name)) for name in request.headers},
        body=body,
        now=clock.now().timestamp(),
        token=token,
        authority=urlsplit(get_settings().public_base_url).netloc,
    )


async def _read_body(request: Request) -> bytes | None:
    """Return the body, or None when it is larger than any provider sends."""
    octets = bytearray()
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > LARGEST_BODY_BYTES:
            return None
    return bytes(octets)


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False
