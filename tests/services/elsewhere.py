"""Another system on loopback: it answers what a test says, and remembers what it was asked."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Elsewhere:
    """What it answers from now on, and every request it got."""

    port: int = 0
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    waits_s: float = 0
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served() -> Iterator[Elsewhere]:
    """Serve another system on a free port of loopback."""
    elsewhere = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            elsewhere.asked.append((self.command, self.path, dict(self.headers.items()), body))
            if elsewhere.waits_s:
                time.sleep(elsewhere.waits_s)
            self.send_response(elsewhere.status)
            for name, value in {"Content-Length": str(len(elsewhere.body)), **elsewhere.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(elsewhere.body)

        do_GET = do_POST = _answer  # noqa: N815  # the names the standard library asks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Say nothing of callers who hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    elsewhere.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield elsewhere
    finally:
        server.shutdown()
        server.server_close()
        thread.join(2)
