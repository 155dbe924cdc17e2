"""A hint that a transfer changed: kept, and the switch is asked sooner. Whatever it claims, it moves no money."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from api.deps import any_actor, current_actor
from api.pensions.parameters import payment_name
from core.database import get_database
from core.permissions import Actor
from core.security import is_same
from core.settings import get_settings
from services.pensions import hints
from services.pensions.hints import Heard, Hint

router = APIRouter(prefix="/api/transfers", tags=["pensions: payments"])


@router.put("/{transfer_id}")
async def put_transfer(request: Request, transfer_id: str) -> Response:
    """Take the hint of a manager or of the adapter; the answer is what we know, never what was claimed."""
    actor = None if _is_adapter(request) else await current_actor(await any_actor(request))
    hint = Hint(transfer_id=payment_name(transfer_id), body=await request.body())
    heard = await run_in_threadpool(_note, actor, hint)
    return JSONResponse({"transferId": heard.transfer_id, "status": heard.status})


def _note(actor: Actor | None, hint: Hint) -> Heard:
    with get_database().transaction() as session:
        return hints.note(session, actor, hint)


def _is_adapter(request: Request) -> bool:
    expected = get_settings().mojaloop_callback_token.get_secret_value()
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    # Compared whatever came, so that the time says nothing of how much of it was right.
    is_right = is_same(token.strip(), expected)
    return bool(expected) and kind.lower() == "bearer" and is_right
