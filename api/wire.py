"""What every request passes first: its id, its language, its time; under `/api/`, its size and both forms of its path.

Files are the exception to the size: their endpoints write them to disk as they come, and count for themselves.

Plain ASGI, because it sets context variables that the endpoints read, and because a body must be refused before it
fills the memory.
"""

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import i18n, ids

LARGEST_BODY_BYTES = 1 << 20
ROOT = "/api/"
TONTINES = "/api/v1/"
FILES = frozenset({"/api/bulk-transfers", "/api/bulk-transfers/preview"})

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Wire:
    """The first middleware; what is below `/api/` answers with and without a trailing slash, without a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102  # ASGI's own signature
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        i18n.language.set(preferred_language(headers.get("accept-language", "")))
        if scope["path"].startswith(ROOT):
            _straighten(scope)
            if scope["path"] not in FILES:
                # Whatever type it claims: an endpoint that wants JSON reads it whole all the same.
                receive = _limited(receive)

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out["X-Request-ID"] = request_id
                out["X-Process-Time"] = f"{(time.perf_counter() - started) * 1000:.2f}ms"
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, stamped)


def preferred_language(accepted: str) -> str:
    """Return the first of our languages that `Accept-Language` names, by its weights; French when it names none."""
    wishes = []
    for place, part in enumerate(accepted.split(",")):
        name, _, weight = part.partition(";q=")
        wishes.append((-_weight(weight), place, name.strip()[:2].lower()))
    return next((name for _, _, name in sorted(wishes) if name in i18n.LANGUAGES), i18n.DEFAULT_LANGUAGE)


def _weight(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0


def _request_id(asked: str) -> str:
    return asked if _SAFE_ID.fullmatch(asked) else str(ids.new_id())


def _straighten(scope: Scope) -> None:
    """Drop trailing slashes; under the tontines' contract, `PATCH` is another word for `PUT`."""
    scope["path"] = scope["path"].rstrip("/")
    if scope["method"] == "PATCH" and scope["path"].startswith(TONTINES):
        scope["method"] = "PUT"


def _limited(receive: Receive) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY_BYTES:
            raise HTTPException(413)
        return message

    return counted
