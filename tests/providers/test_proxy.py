"""`OUTBOUND_PROXY`: what leaves the machine goes through it, what stays on the machine does not."""

import socket
import threading
from collections.abc import Iterator

import pytest

from core.settings import get_settings
from providers import http


@pytest.fixture
def heard() -> Iterator[tuple[str, list[bytes]]]:
    """Give the address of a proxy that notes the first line it is asked, and refuses."""
    lines: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    lines.append(connection.recv(4096).split(b"\r\n")[0])
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", lines


def ask(url: str) -> http.Outcome | http.NoAnswer:
    return http.exchange("GET", url, headers={}, content=None, read_timeout_s=2.0)


def test_what_leaves_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch, heard: tuple[str, list[bytes]]) -> None:
    proxy, lines = heard
    monkeypatch.setattr(get_settings(), "outbound_proxy", proxy)
    monkeypatch.setattr(http, "_clients", [])

    outside = ask("https://api.example.test/v1/token")
    assert lines == [b"CONNECT api.example.test:443 HTTP/1.1"]
    assert outside == http.NoAnswer(is_sent=False, kind="ProxyError")  # nothing of the request left: it may go again

    inside = ask(f"{proxy}/here")
    assert lines[1:] == [b"GET /here HTTP/1.1"]  # straight: a proxy is asked for the whole address
    assert isinstance(inside, http.Outcome)
    assert inside.status == 403
