"""One loopback server for every fake: `http://127.0.0.1:{port}/{adapter}`, and the control API under `/_fake/`."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from core.masking import DOTS, mask, mask_text
from providers import fakes
from providers.fakes import control
from providers.fakes.base import Answers, Dropped, Fake, Hung
from providers.fakes.book import Received
from providers.fakes.kernel import Kernel
from providers.fakes.place import HOST
from providers.wire import HIDDEN_FIELDS, LARGEST_KEPT_BYTES

QUEUE_LENGTH = 2_048
HOLDS_S = 40.0
START_TIMEOUT_S = 20.0
OWN_NAMES = frozenset({HOST, "localhost"})
_PAGE = "<!doctype html><title>Service Unavailable</title><h1>Maintenance</h1>"


class Connections:
    """The open sockets by the client's address, so that one can be closed without an answer."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """Return uvicorn's HTTP protocol, telling us of its sockets."""
        known = self._open

        class Told(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                known[transport.get_extra_info("peername")[:2]] = transport
                # asyncio sets it only where the socket names its protocol, and an answer in two writes waits 40 ms.
                transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                known.pop(self.transport.get_extra_info("peername")[:2], None)
                super().connection_lost(exc)

        return Told

    def drop(self, client: tuple[str, int]) -> None:
        """Close a socket at once; whoever was waiting reads an end without an answer."""
        transport = self._open.get(tuple(client))  # type: ignore[arg-type]
        if transport is not None:
            transport.abort()


class Faulty:
    """A fake's application, whose faults become closed sockets, silence and wrong pages; every call is kept."""

    def __init__(self, fake: Fake, kernel: Kernel, connections: Connections) -> None:
        self._fake = fake
        self._kernel = kernel
        self._connections = connections
        # The routes alone: an exception handler of Starlette's would answer where the fault must be silent.
        self._app: ASGIApp = Starlette(routes=fake.routes(kernel)).router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request as the fake does, or not at all."""
        if scope["type"] != "http":
            return
        if self._kernel.is_manual:
            await asyncio.to_thread(self._kernel.catch_up)
        body, is_kept = bytearray(), False

        async def read() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        def keep(status: int | None) -> None:
            nonlocal is_kept
            if not is_kept:
                is_kept = True
                self._keep(scope, bytes(body), status)

        async def write(message: Message) -> None:
            keep(message.get("status"))  # before the caller knows: what he does next comes after it
            await send(message)

        try:
            await self._app(scope, read, write)
        except Dropped:
            keep(None)
            await self._drop(scope, receive)
        except Hung:
            keep(None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HOLDS_S * self._kernel.pace):
                    await _gone(receive)
            await self._drop(scope, receive)
        except Answers as fault:
            answer: Response = HTMLResponse(_PAGE) if fault.is_html else self._fake.refusal(fault.status)
            await answer(scope, receive, write)
        finally:
            keep(None)

    async def _drop(self, scope: Scope, receive: Receive) -> None:
        self._connections.drop(scope["client"])
        await _gone(receive)

    def _keep(self, scope: Scope, body: bytes, status: int | None) -> None:
        path = scope["path"]
        received = Received(self._fake.name, scope["method"], path, _redacted(body), self._kernel.now(), status)
        self._kernel.note_call(received)


class OwnPages:
    """Lets in who means this server: no name that was made to point here, and no other site's page in a browser.

    A program sends no `Origin`; a browser sends one with every write, and its page must be one of ours.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or refuse it."""
        if scope["type"] == "http":
            told = dict(scope["headers"])
            host = told.get(b"host", b"").decode("latin-1")
            origin = told.get(b"origin", b"").decode("latin-1")
            is_ours = host.partition(":")[0] in OWN_NAMES and origin in {"", f"http://{host}"}
            if not is_ours:
                await Response(status_code=HTTPStatus.FORBIDDEN)(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _gone(receive: Receive) -> None:
    """Wait until the client has gone, so that nothing more is written to it."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _redacted(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        parsed = json.loads(text)
    except ValueError:
        return mask_text(text)[:LARGEST_KEPT_BYTES]
    return json.dumps(mask(_without_secrets(parsed)), ensure_ascii=False)[:LARGEST_KEPT_BYTES]


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: DOTS if key.lower() in HIDDEN_FIELDS else _without_secrets(inner) for key, inner in value.items()}
    return [_without_secrets(inner) for inner in value] if isinstance(value, list) else value


def create_app(kernel: Kernel, made: Iterable[Fake], connections: Connections) -> Starlette:
    """Return the one application: each fake under its name, the control API under `/_fake`."""
    known = {fake.name: fake for fake in made}
    return Starlette(
        routes=[
            Mount("/_fake", routes=control.routes(kernel, known)),
            *(Mount(f"/{name}", app=Faulty(fake, kernel, connections)) for name, fake in known.items()),
        ]
    )


class FakeServer:
    """Every fake, in threads of this process, on a port of loopback (0: any free one)."""

    def __init__(self, kernel: Kernel | None = None, port: int = 0, made: Iterable[Fake] | None = None) -> None:
        self.kernel = kernel or Kernel()
        self.fakes = list(fakes.make_all() if made is None else made)
        self._connections = Connections()
        self._socket = socket.create_server((HOST, port), backlog=QUEUE_LENGTH)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            OwnPages(create_app(self.kernel, self.fakes, self._connections)),
            http=self._connections.protocol(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._threads = [threading.Thread(target=self._serve, name="fakes", daemon=True)]
        if not self.kernel.is_manual:
            self._threads.append(threading.Thread(target=self.kernel.run, name="fakes-clock", daemon=True))

    @property
    def url(self) -> str:
        """Return its address; an adapter's account has `{url}/{adapter}` as `base_url`."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Listen, and return once it answers."""
        for fake in self.fakes:
            fake.start(self.kernel)
        for thread in self._threads:
            thread.start()
        with socket.create_connection((HOST, self.port), timeout=START_TIMEOUT_S) as probe:
            probe.sendall(b"GET /_fake/book HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            probe.recv(1)

    def stop(self) -> None:
        """Close everything; open requests are dropped."""
        self.kernel.stop()
        self._server.should_exit = True
        self._server.force_exit = True
        for thread in self._threads:
            thread.join(START_TIMEOUT_S)
        self._socket.close()
        for fake in self.fakes:
            fake.stop()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))
