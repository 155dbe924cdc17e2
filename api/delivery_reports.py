"""Where networks tell us what became of a message, and where people's STOP arrives.

`/g/{gateway}/{secret}` (Africa's Talking, Kannel, Twilio SMS; `api/gateways.py` hands it on) and
`/desabonnement/{token}` (the link of a mail); WhatsApp has `api/whatsapp.py`. Nothing here calls anybody, and no log
carries a body: what comes is stored, applied once, and answered.
"""

from collections.abc import Callable
from html import escape
from typing import Any
from urllib.parse import parse_qsl

import anyio
import psycopg
from fastapi import APIRouter, Request, Response
from sqlalchemy import exc

from core.database import Session, get_database
from core.errors import Refusal
from core.i18n import t
from services.messages import doors
from services.messages.doors import Knock, Reply

LARGEST_FORM_BYTES = 64 * 1024
LARGEST_JSON_BYTES = 1 << 20
FORM_TYPE, JSON_TYPE = "application/x-www-form-urlencoded", "application/json"

router = APIRouter(tags=["messages"])


async def take_gateway_report(request: Request, gateway: str, secret: str) -> Response:
    """Take a delivery report; an unknown gateway and a wrong secret are the same 404 without a body."""
    return await _answer(request, lambda session, knock: doors.take_gateway(session, knock, gateway, secret))


@router.get("/desabonnement/{token}", include_in_schema=False)
async def ask_unsubscribing(token: str) -> Response:
    """Ask before doing it: programs that look at links must not unsubscribe anybody."""
    sentence, button = t("Ne plus recevoir de rappels à cette adresse ?"), t("Me désabonner")
    form = f'<form method="post" action="/desabonnement/{escape(token, quote=True)}"><button>{button}</button></form>'
    return _page(f"<p>{sentence}</p>{form}")


@router.post("/desabonnement/{token}", include_in_schema=False)
async def unsubscribe(token: str) -> Response:
    """End the reminders of a mailbox: the one click of its owner, or of his mail program."""

    def act() -> Response:
        with get_database().transaction() as session:
            doors.unsubscribe(session, token)
        done = t("C'est fait : vous ne recevrez plus de rappels à cette adresse.")
        return _page(f"<p>{done}</p>")

    try:
        return await anyio.to_thread.run_sync(act)
    except Refusal:
        gone = t("Ce lien n'est plus valable.")
        return _page(f"<p>{gone}</p>", 404)


async def _answer(request: Request, take: Callable[[Session, Knock], Reply]) -> Response:
    most = LARGEST_JSON_BYTES if JSON_TYPE in request.headers.get("content-type", "") else LARGEST_FORM_BYTES
    body = await read_body(request, most)
    if body is None:
        return Response(status_code=413)
    reply = await anyio.to_thread.run_sync(_take, take, knock_of(request, body))
    headers = {"Cache-Control": "no-store", "Content-Type": reply.media_type} if reply.body else {}
    return Response(reply.body, reply.status, headers)


def _take(take: Callable[[Session, Knock], Reply], knock: Knock) -> Reply:
    """Have it stored and applied; what cannot be stored is not acknowledged, so that the network comes again."""
    try:
        with get_database().transaction() as session:
            return take(session, knock)
    except (exc.OperationalError, exc.TimeoutError, psycopg.OperationalError):
        return Reply(503)


def knock_of(request: Request, body: bytes) -> Knock:
    """Return a request as those who check its signature need it."""
    raw_query = request.scope.get("query_string", b"").decode("latin-1")
    path = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
    return Knock(
        method=request.method,
        path=path.partition("?")[0],
        raw_query=raw_query,
        query=dict(parse_qsl(raw_query, keep_blank_values=True)),
        headers={name: value for name, value in request.headers.items() if name in doors.SIGNED_HEADERS},
        body=body,
    )


async def read_body(request: Request, most: int) -> bytes | None:
    """Return the octets of a request, None when there are more than `most`."""
    octets = bytearray()
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > most:
            return None
    return bytes(octets)


def _page(content: str, status: int = 200) -> Response:
    headers: dict[str, Any] = {"Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8"}
    page = f'<!doctype html><html lang="fr"><meta charset="utf-8"><title>Palabre</title><body>{content}</body></html>'
    return Response(page, status, headers)
