"""The product's own doors, as a gateway reaches them: whole HTTP requests to the application, without a socket."""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from channels.ussd.profiles.wire import WireRequest

LOOPBACK = ("127.0.0.1", 50_000)

Message = MutableMapping[str, Any]
Application = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


class Response(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Door:
    """An application that is running, and who knocks at it: somebody on loopback."""

    def __init__(self, application: Application, portal: BlockingPortal) -> None:
        self._application = application
        self._portal = portal

    def send(self, request: WireRequest) -> Response:
        """Send a request whose path is the whole path, and wait for the answer."""
        return self._portal.call(self._exchange, request)

    async def _exchange(self, request: WireRequest) -> Response:
        asked: list[Message] = [{"type": "http.request", "body": request.body, "more_body": False}]
        told: list[Message] = []

        async def receive() -> Message:
            if not asked:
                await anyio.sleep_forever()  # nobody hangs up
            return asked.pop()

        async def send(message: Message) -> None:
            await anyio.lowlevel.checkpoint()
            told.append(message)

        await self._application(_scope(request), receive, send)
        head, *rest = told
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head["headers"]}
        return Response(head["status"], headers, b"".join(message.get("body", b"") for message in rest))


@contextmanager
def opened(application: Application) -> Iterator[Door]:
    """Run an application's doors while the block lasts; its lifespan, and so every worker, stays out."""
    with start_blocking_portal() as portal:
        yield Door(application, portal)


def _scope(request: WireRequest) -> dict[str, Any]:
    headers = {"host": "localhost", "content-length": str(len(request.body)), **request.headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "client": LOOPBACK,
        "server": ("localhost", 80),
        "state": {},
    }
