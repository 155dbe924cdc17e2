"""`/g/{gateway}/{secret}` and everything below it: USSD gateways, and the networks' reports on messages.

One dispatcher: an address belongs to a USSD account or to a message account, never to both. An unknown gateway and a
wrong secret are the same 404 without a body.
"""

import base64
import binascii
from typing import Any

from fastapi import APIRouter, Request, Response

from api import delivery_reports
from api.gateway_turns import Received, RefusedError, in_thread, read_fields, receive, refusal, send, take
from channels.ussd import gateways, recorder
from channels.ussd.gateways import Gateway
from channels.ussd.turn import Answer
from core import addresses
from core.database import get_database
from services.ussd_credentials import is_credential

LARGEST_TURN_BYTES = 8 * 1024
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
REPORTED = frozenset({"GET", "POST"})

router = APIRouter(tags=["ussd"])


@router.api_route("/g/{gateway}/{secret}", methods=METHODS, include_in_schema=False)
@router.api_route("/g/{gateway}/{secret}/{rest:path}", methods=METHODS, include_in_schema=False)
async def take_gateway(request: Request, gateway: str, secret: str, rest: str = "") -> Response:
    """Take what a gateway brings to its own address."""
    account = await in_thread(_find, gateway, secret)
    if account is None:
        if rest or request.method not in REPORTED:
            return Response(status_code=404)
        return await delivery_reports.take_gateway_report(request, gateway, secret)
    received = await receive(request, LARGEST_TURN_BYTES)
    try:
        answer = await in_thread(_take, account, received, rest)
    except RefusedError as refused:
        return refusal(refused)
    own = f"/g/{gateway}/{secret}"
    return await send(request, answer, own if not account.contract.profile.absolute_links else account.address + own)


def _find(key: str, secret: str) -> Gateway | None:
    """Return the account whose address this is; who knows no secret waits the same time whether it exists or not."""
    account = gateways.known(get_database()).find(key)
    is_right = (account or gateways.NOBODY).holds_secret(secret)
    return account if is_right else None


def _take(account: Gateway, received: Received, rest: str) -> Answer:
    contract = account.contract
    if received.method not in contract.methods:
        raise RefusedError(405, "Method not allowed")
    _authenticate(account, received)
    try:
        fields = read_fields(contract, received, rest)
    except RefusedError as refused:
        recorder.note_refused(account, received.method, {}, str(refused.status), received.started)
        raise
    _check_credentials(account, fields)
    return take(account, contract, fields, received)


def _authenticate(account: Gateway, received: Received) -> None:
    """Check the address list, then HTTP Basic, where the account has them."""
    if account.networks and not addresses.is_inside(received.client, account.networks):
        raise RefusedError(403, "Access denied")
    kept = account.credentials.get("basic")
    if kept is not None and not is_credential(account.key, "basic", _basic(received), kept):
        raise RefusedError(401, "Unauthorized")


def _basic(received: Received) -> str:
    kind, _, encoded = received.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _check_credentials(account: Gateway, fields: dict[str, Any]) -> None:
    """Compare what the request carries of the account's own credentials, then drop it: nothing further sees it.

    A notice that some gateways send without credentials is told by the profile, and starts nothing.
    """
    for name, credential in account.contract.profile.credentials.items():
        presented = fields.pop(name, None)
        kept = account.credentials.get(credential)
        if kept is None:
            continue
        if presented is None and account.contract.tells_notice(fields):
            continue
        if not is_credential(account.key, credential, str(presented or ""), kept):
            raise RefusedError(401, "Unauthorized")
