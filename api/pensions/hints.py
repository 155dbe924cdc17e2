"""A hint that a transfer changed: kept, and the switch is asked sooner. Whatever it claims, it moves no money."""

import json

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from api.deps import any_actor, current_actor
from api.pensions.parameters import payment_name
from core.database import get_database
from core.errors import Refusal
from core.permissions import Actor
from core.security import is_same
from core.settings import get_settings
from services.pensions import hints
from services.pensions.hints import Hint
from services.pensions.shapes import PaymentRow

router = APIRouter(prefix="/api/transfers", tags=["pensions: payments"])


class BadJson(Refusal):
    """The body is no JSON object."""

    code = "bad_json"
    sentence = "Le corps de la demande n'est pas un objet JSON."


@router.put("/{transfer_id}")
async def put_transfer(request: Request, transfer_id: str) -> Response:
    """Take the hint of a manager or of the adapter; the answer is what we know, never what was claimed."""
    actor = None if _is_adapter(request) else await current_actor(await any_actor(request))
    name, body = payment_name(transfer_id), await request.body()
    if not _is_object(body):
        raise BadJson
    payment = await run_in_threadpool(_note, actor, Hint(transfer_id=name, body=body))
    return JSONResponse({"transferId": payment.shown_id, "status": payment.status})


def _note(actor: Actor | None, hint: Hint) -> PaymentRow:
    with get_database().transaction() as session:
        return hints.note(session, actor, hint)


def _is_adapter(request: Request) -> bool:
    expected = get_settings().mojaloop_callback_token.get_secret_value()
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    # Compared whatever came, so that the time says nothing of how much of it was right.
    is_right = is_same(token.strip(), expected)
    return bool(expected) and kind.lower() == "bearer" and is_right


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False
