"""What Kannel calls: a plain handler that keeps every request, or the application itself."""

import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Callable[[], Awaitable[Scope]], Callable[[Scope], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True)
class Asked:
    """One request of Kannel's, raw octets as latin-1, the text as UTF-8."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return self.query["text"].encode("latin-1").decode()


@dataclass(frozen=True)
class Said:
    """What the plain handler answers."""

    text: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass
class PlainHandler:
    """Answers with `answer` and keeps what was asked."""

    answer: Callable[[Asked], Said]
    asked: list[Asked] = field(default_factory=list)

    async def __call__(self, scope: Scope, _receive: object, send: Callable[[Scope], Awaitable[None]]) -> None:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, encoding="latin-1"))
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        asked = Asked(scope["path"], query, headers)
        self.asked.append(asked)
        said = self.answer(asked)
        named = {"Content-Type": "text/plain; charset=utf-8", **said.headers}
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
        await send({"type": "http.response.start", "status": said.status, "headers": pairs})
        await send({"type": "http.response.body", "body": said.text.encode()})


class Place:
    """One address for the whole run; each test says what stands there."""

    def __init__(self) -> None:
        self.app: Asgi | None = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(self, log_config=None, access_log=False, lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listening.close()
