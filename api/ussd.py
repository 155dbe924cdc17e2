"""`/ussd`: both documented contracts, and the operator's figures beside them (`docs/ussd.md`, 1 and 2)."""

from ipaddress import ip_address
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.bare import BareRoute
from api.deps import ussd_reader
from api.gateway_turns import Received, RefusedError, in_thread, problems_of, read_fields, receive, refusal, send, take
from channels.ussd import contracts, gateways
from channels.ussd.gateways import Gateway
from channels.ussd.turn import Answer
from core import addresses
from core.database import get_database
from core.errors import InvalidInput
from core.orders import Text
from core.permissions import Actor, Permission
from core.settings import get_settings
from reports import ussd as figures
from services import ussd as sessions

LARGEST_BODY_BYTES = 8 * 1024

router = APIRouter(tags=["ussd"])


Reader = Annotated[Actor, Depends(ussd_reader)]


async def post_turn(request: Request) -> Response:
    """Answer a gateway: authenticate, read, take the turn. After that, always 200 in the gateway's own form."""
    received = await receive(request, LARGEST_BODY_BYTES)
    try:
        answer = await in_thread(_answer, received)
    except RefusedError as refused:
        return refusal(refused)
    return await send(request, answer, "")


def _answer(received: Received) -> Answer:
    accounts = gateways.known(get_database())
    key = accounts.find_key(received.key) if received.key else None
    if received.key is not None and key is None:
        raise RefusedError(401, "Invalid API Key")
    fields: dict[str, Any] | None = None
    problem: RefusedError | None = None
    try:
        fields = read_fields(contracts.A, received)
        contract = contracts.tell(fields)
    except (RefusedError, InvalidInput) as error:
        # Who is not authenticated learns nothing of what is wrong with his body.
        problem = error if isinstance(error, RefusedError) else RefusedError(422, problems_of(error))
        contract = contracts.A
    gateway = accounts.by_key[contracts.ACCOUNTS[contract.key]]
    _authenticate(gateway, received, key)
    if problem is not None or fields is None:
        raise problem or RefusedError(422, [])
    return take(gateway, contract, fields, received)


def _authenticate(gateway: Gateway, received: Received, key: gateways.GatewayKey | None) -> None:
    """Key, then address; an account without a key never trusts an undeclared proxy, nor the whole world."""
    settings = get_settings()
    if "key" in gateway.auth and key is None:
        raise RefusedError(401, "Invalid API Key")
    allowed = settings.allowed_ips.strip()
    is_proxied = addresses.is_trusted_proxy(received.peer, settings.trusted_proxies)
    client = addresses.client_address(received.peer, received.forwarded_for, settings.trusted_proxies)
    if key is None and (allowed == "*" or (received.is_forwarded and not is_proxied)):
        raise RefusedError(403, "Access denied")
    if not addresses.is_allowed(client, allowed):
        raise RefusedError(403, "Access denied")
    if key is not None and key.networks and not any(ip_address(client) in network for network in key.networks):
        raise RefusedError(403, "Access denied")


for _path, _is_shown in (("/ussd", True), ("/ussd/", False)):
    router.add_api_route(
        _path,
        post_turn,
        methods=["POST"],
        summary="One turn of a USSD dialogue",
        include_in_schema=_is_shown,
        route_class_override=BareRoute,
    )


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
