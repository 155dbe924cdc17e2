"""One line and one figure for each HTTP request: method, path, status, time. Never a query, a header or a body."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from core import metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Addresses whose end is a secret or a person's paper, and how many of their parts may be written.
SECRET_TAILS = {"g": 2, "verifier": 1, "v": 1, "desabonnement": 1}
PICTURES = "/whatsapp/qr/"  # whoever has the token sees the code
CALLBACKS = "/api/v1/payments/callback/"  # a door, then the token that is all the proof some operators give
QUIET_PATHS = ("/_nicegui", "/health", "/metrics", "/docs-assets")
UNKNOWN_ROUTE = "other"

_log = structlog.get_logger("access")


class AccessLog:
    """ASGI middleware, inside the one that gives a request its id: writes what became of it."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, then record it; a request that fails altogether counts as 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            _record(scope, status, time.perf_counter() - started)


def loggable_path(path: str) -> str:
    """Return `path` cut before its secret part."""
    if path.startswith(CALLBACKS):
        return CALLBACKS + path.removeprefix(CALLBACKS).partition("/")[0]
    if path.startswith(PICTURES):
        return PICTURES.rstrip("/")
    parts = path.split("/")
    kept = SECRET_TAILS.get(parts[1]) if len(parts) > 1 else None
    return path if kept is None else "/".join(parts[: kept + 1])


def _record(scope: Scope, status: int, elapsed_s: float) -> None:
    path = loggable_path(scope["path"])
    route = getattr(scope.get("route"), "path", UNKNOWN_ROUTE)
    metrics.http_request(scope["method"], route, status, elapsed_s)
    write = _log.debug if path.startswith(QUIET_PATHS) else _log.info
    write("http.request", method=scope["method"], path=path, status=status, elapsed_ms=round(elapsed_s * 1000, 1))
