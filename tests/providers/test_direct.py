"""The straight client: one call is one request, whatever the other side does with it."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from providers.http import AsyncCaller, NoAnswer, Outcome

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}"
EARLY_HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK
REDIRECT = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}"


class Server:
    """A socket that reads one request per scripted answer, and remembers each; `None` closes without answering."""

    def __init__(self) -> None:
        self.script: list[bytes | None] = []
        self.requests: list[bytes] = []
        self.closes_after: set[bytes | None] = {UNTIL_CLOSED, CUT, None}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/transfers?x=1"
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # closed alone, it serves whoever comes while it waits
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            while True:
                request = connection.recv(65_536)
                if not request:
                    return
                self.requests.append(request)
                answer = self.script.pop(0)
                if answer:
                    connection.sendall(answer)
                if answer in self.closes_after:
                    return


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


def call(server: Server, *answers: bytes | None, url: str = "", most: int = 1 << 20) -> list[Outcome | NoAnswer]:
    """Make as many calls as there are answers, one after the other, by one caller."""
    server.script = list(answers)

    async def talk() -> list[Outcome | NoAnswer]:
        caller = AsyncCaller()
        return [
            await caller.exchange(
                "PUT",
                url or server.url,
                headers={"Content-Type": "application/json"},
                content=b'{"acceptQuote":true}',
                total_timeout_s=5.0,
                largest_answer_bytes=most,
            )
            for _ in answers
        ]

    return asyncio.run(talk())


@pytest.mark.parametrize("answer", [OK, CHUNKED, UNTIL_CLOSED, EARLY_HINT])
def test_an_answer_is_read_whole_however_it_is_framed(server: Server, answer: bytes) -> None:
    (got,) = call(server, answer)
    assert isinstance(got, Outcome)
    assert (got.status, got.body) == (200, b"{}")


def test_what_is_sent_is_one_plain_request(server: Server) -> None:
    call(server, OK)
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /transfers?x=1 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Content-Length: 20" in head
    assert b"Expect" not in head
    assert body == b'{"acceptQuote":true}'


def test_a_redirect_is_an_answer_and_is_not_followed(server: Server) -> None:
    (got,) = call(server, REDIRECT)
    assert isinstance(got, Outcome)
    assert got.status == 307
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (None, "RemoteProtocolError"),
        (CUT, "RemoteProtocolError"),
        (b"garbage\r\n\r\n", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99_999, "AnswerTooLargeError"),
    ],
)
def test_half_an_answer_is_none_and_the_request_is_not_made_again(
    server: Server, answer: bytes | None, kind: str
) -> None:
    (got,) = call(server, answer, most=1_000)
    assert got == NoAnswer(is_sent=True, kind=kind)
    assert len(server.requests) == 1


def test_a_connection_is_kept_and_one_that_was_closed_meanwhile_is_not_used(server: Server) -> None:
    answers = call(server, OK, OK, UNTIL_CLOSED, OK)
    assert [answer.status for answer in answers if isinstance(answer, Outcome)] == [200] * 4
    assert len(server.requests) == 4


def test_nothing_leaves_for_a_place_where_nobody_is(server: Server) -> None:
    server.stop()
    for url in (server.url, "http://127.0.0.1:9/", "ftp://127.0.0.1/", "http://name.invalid/", "http:///x"):
        (got,) = call(server, OK, url=url)
        assert isinstance(got, NoAnswer)
        assert not got.is_sent, url


def test_at_most_so_many_are_out_at_once(server: Server) -> None:
    server.script = [OK] * 20

    async def talk() -> int:
        caller = AsyncCaller(most_connections=2)

        async def one() -> Outcome | NoAnswer:
            return await caller.exchange("GET", server.url, headers={}, content=None, total_timeout_s=5.0)

        return sum(isinstance(got, Outcome) for got in await asyncio.gather(*(one() for _ in range(20))))

    assert asyncio.run(talk()) == 20
