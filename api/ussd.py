"""`/ussd`: both documented contracts, and the operator's figures beside them (`docs/ussd.md`, 1 and 2)."""

import json
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

import anyio
from fastapi import APIRouter, Depends, Query, Request, Response

from api.deps import ussd_reader
from channels.ussd import contracts, gateways
from channels.ussd.contracts import Contract, GatewayTurn
from channels.ussd.gateways import Gateway
from channels.ussd.turn import Answer, take_turn
from core import addresses, clock
from core.database import get_database
from core.errors import InvalidInput, Refusal
from core.orders import Text
from core.permissions import Actor, Permission
from core.settings import get_settings
from reports import ussd as figures
from services import ussd as sessions

LARGEST_BODY_BYTES = 8 * 1024
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"

router = APIRouter(tags=["ussd"])

Reader = Annotated[Actor, Depends(ussd_reader)]


class _RefusedError(Exception):
    """A request that never reached a dialogue."""

    def __init__(self, status: int, detail: object) -> None:
        super().__init__(status)
        self.status, self.detail = status, detail


@router.post("/ussd", summary="One turn of a USSD dialogue")
@router.post("/ussd/", include_in_schema=False)
async def post_turn(request: Request) -> Response:
    """Answer a gateway: authenticate, read, take the turn. After that, always 200 in the gateway's own form."""
    received = _Received(
        key=request.headers.get("x-api-key"),
        peer=request.client.host if request.client else "",
        forwarded_for=",".join(request.headers.getlist("x-forwarded-for")),
        is_forwarded="x-forwarded-for" in request.headers or "forwarded" in request.headers,
        content_type=request.headers.get("content-type", "").split(";")[0].strip().lower(),
        body=await _read_body(request),
    )
    try:
        answer = await anyio.to_thread.run_sync(_answer, received)
    except _RefusedError as refused:
        return _json(refused.status, {"detail": refused.detail})
    if await request.is_disconnected() and answer.turn_id is not None:
        await anyio.to_thread.run_sync(_mark_undelivered, answer.turn_id)
    return Response(answer.wire.body, media_type=None, headers={"Content-Type": answer.wire.media_type})


@dataclass(frozen=True, slots=True)
class _Received:
    key: str | None
    peer: str
    forwarded_for: str
    is_forwarded: bool
    content_type: str
    body: bytes | None


async def _read_body(request: Request) -> bytes | None:
    """Return the body, or None when it is larger than a gateway ever sends."""
    octets = bytearray()
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > LARGEST_BODY_BYTES:
            return None
    return bytes(octets)


def _answer(received: _Received) -> Answer:
    database = get_database()
    with database.transaction() as session:
        known = {account: gateways.find(session, account) for account in ("doc-a", "doc-b")}
        key = gateways.find_key(session, received.key) if received.key else None
    if received.key is not None and key is None:
        raise _RefusedError(401, "Invalid API Key")
    fields: dict[str, Any] | None = None
    problem: _RefusedError | None = None
    try:
        fields = _parse(received)
        contract = contracts.tell(fields)
    except (_RefusedError, InvalidInput) as error:
        # Who is not authenticated learns nothing of what is wrong with his body.
        problem = error if isinstance(error, _RefusedError) else _RefusedError(422, _problems(error))
        contract = contracts.A
    gateway = known[contract.account]
    _authenticate(gateway, received, key)
    if problem is not None or fields is None:
        raise problem or _RefusedError(422, [])
    return _take(gateway, contract, fields)


def _take(gateway: Gateway, contract: Contract, fields: dict[str, Any]) -> Answer:
    try:
        turn: GatewayTurn = contracts.decode(contract, fields, gateway.country, clock.now())
    except InvalidInput as error:
        raise _RefusedError(422, _problems(error)) from error
    except Refusal as refusal:
        text = str(refusal)
        wire = contract.encode(text, has_more=False, words=gateway.command_words)
        return Answer(wire, "invalid", text, has_more=False)
    return take_turn(get_database(), gateway, contract, turn)


def _authenticate(gateway: Gateway, received: _Received, key: gateways.GatewayKey | None) -> None:
    """Key, then address; an account without a key never trusts an undeclared proxy, nor the whole world."""
    settings = get_settings()
    if "key" in gateway.auth and key is None:
        raise _RefusedError(401, "Invalid API Key")
    allowed = settings.allowed_ips.strip()
    is_proxied = addresses.is_trusted_proxy(received.peer, settings.trusted_proxies)
    client = addresses.client_address(received.peer, received.forwarded_for, settings.trusted_proxies)
    if key is None and (allowed == "*" or (received.is_forwarded and not is_proxied)):
        raise _RefusedError(403, "Access denied")
    if not addresses.is_allowed(client, allowed):
        raise _RefusedError(403, "Access denied")
    if key is not None and key.networks and not any(ip_address(client) in network for network in key.networks):
        raise _RefusedError(403, "Access denied")


def _parse(received: _Received) -> dict[str, Any]:
    if received.body is None:
        raise _RefusedError(413, "Body too large")
    if received.content_type not in {JSON_TYPE, FORM_TYPE}:
        raise _RefusedError(415, "Unsupported media type")
    try:
        text = received.body.decode("utf-8-sig")
        if received.content_type == FORM_TYPE:
            return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict"))
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _RefusedError(422, [_problem("body", "corps illisible", "value_error")]) from error
    if not isinstance(fields, dict):
        raise _RefusedError(422, [_problem("body", "objet attendu", "type_error")])
    return fields


def _problems(error: InvalidInput) -> list[dict[str, Any]]:
    return [_problem(name, message, "value_error") for name, message in error.fields.items()]


def _problem(name: str, message: str, kind: str) -> dict[str, Any]:
    return {"loc": ["body"] if name == "body" else ["body", name], "msg": message, "type": kind}


def _json(status: int, body: object) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status_code=status, media_type=JSON_TYPE)


def _mark_undelivered(turn_id: UUID) -> None:
    with get_database().transaction() as session:
        sessions.mark_undelivered(session, turn_id)


@router.get("/ussd/sessions")
@router.get("/ussd/sessions/", include_in_schema=False)
def get_sessions(
    actor: Reader,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> dict[str, Any]:
    """Return the open sessions, last active first."""
    with get_database().transaction() as session:
        return sessions.list_open(session, actor, limit=limit, offset=offset)


@router.get("/ussd/logs")
@router.get("/ussd/logs/", include_in_schema=False)
def get_logs(
    actor: Reader,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    session_id: Text | None = None,
    is_error: Annotated[bool | None, Query()] = None,
    before: str | None = None,
) -> dict[str, Any]:
    """Return the newest turns, redacted; a reader without the right to texts gets null for them."""
    with get_database().transaction() as session:
        return sessions.list_turns(
            session,
            actor,
            limit=limit,
            session_id=session_id,
            is_error=is_error,
            before=before,
            has_texts=bool(actor.api_key_id) or actor.may(Permission.USSD_TEXTS_READ),
        )


@router.get("/ussd/stats")
@router.get("/ussd/stats/", include_in_schema=False)
def get_stats(
    actor: Reader,
    start: Annotated[str | None, Query(alias="from")] = None,
    end: Annotated[str | None, Query(alias="to")] = None,
    service: Text | None = None,
) -> dict[str, Any]:
    """Return the documented totals, with the instant they were counted."""
    sessions.require_reader(actor)
    with get_database().transaction() as session:
        return figures.stats(session, start=start, end=end, service=service)
