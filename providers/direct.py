"""HTTP/1.1 over kept connections, straight to one server: for many calls at once that must each be made once.

A general client asks its pool, its event hooks and its library of the day several times per call, which costs ten
times the call; and the quickest one repeats a PUT by itself. This one does neither.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import h11

PIECE_SIZE_BYTES = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class NotSentError(Exception):
    """No byte of the request can have left; the message says what happened instead."""


class BrokenError(Exception):
    """The answer did not arrive whole; the message says why. Whether the request did, nobody knows."""


class Got(NamedTuple):
    """An answer, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Line(NamedTuple):
    """One connection and the state of its protocol."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocol: h11.Connection


class Lines:
    """The connections to one server: at most `most`, each kept for `kept_s` once it is idle."""

    def __init__(
        self, most: int, kept_s: float, connect_timeout_s: float, authorities: Callable[[], ssl.SSLContext]
    ) -> None:
        self._room = asyncio.Semaphore(most)
        self._kept_s = kept_s
        self._connect_timeout_s = connect_timeout_s
        self._authorities = authorities
        self._idle: list[tuple[float, _Line]] = []

    async def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        *,
        total_timeout_s: float,
        largest_answer_bytes: int,
    ) -> Got:
        """Make one call, once; raise `NotSentError` or `BrokenError` where there is no whole answer."""
        place = urlsplit(url)
        async with self._room:
            line = self._kept() or await self._connected(place)
            is_kept = False
            try:
                async with asyncio.timeout(total_timeout_s):
                    await _send(line, method, place, headers, content)
                    got = await _receive(line, largest_answer_bytes)
                is_kept = _is_reusable(line)
            except TimeoutError as error:
                raise BrokenError("ReadTimeout") from error
            except h11.RemoteProtocolError as error:
                raise BrokenError("RemoteProtocolError") from error
            except OSError as error:
                raise BrokenError("ReadError") from error
            finally:
                if is_kept:
                    self._idle.append((time.monotonic(), line))
                else:
                    line.writer.close()
            return got

    def _kept(self) -> _Line | None:
        """Return the newest idle connection that is not about to be closed by the other side."""
        while self._idle:
            since, line = self._idle.pop()
            if time.monotonic() - since < self._kept_s and not line.reader.at_eof() and not line.writer.is_closing():
                return line
            line.writer.close()
        return None

    async def _connected(self, place: SplitResult) -> _Line:
        is_secret = place.scheme == "https"
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                reader, writer = await asyncio.open_connection(
                    place.hostname,
                    place.port or _PORTS[place.scheme],
                    ssl=self._authorities() if is_secret else None,
                    limit=PIECE_SIZE_BYTES,
                )
        except TimeoutError as error:
            raise NotSentError("ConnectTimeout") from error
        except (OSError, ValueError, KeyError) as error:
            raise NotSentError("ConnectError") from error
        return _Line(reader, writer, h11.Connection(h11.CLIENT))


async def _send(
    line: _Line, method: str, place: SplitResult, headers: Mapping[str, str], content: bytes | None
) -> None:
    """Write head and body in one piece, so that no part waits for the other."""
    target = (place.path or "/") + (f"?{place.query}" if place.query else "")
    host = place.netloc.rpartition("@")[2]
    size = [] if content is None else [("Content-Length", str(len(content)))]
    told = [("Host", host), *headers.items(), *size]
    request = h11.Request(method=method, target=target, headers=told)
    pieces = [line.protocol.send(event) for event in (request, h11.Data(data=content or b""), h11.EndOfMessage())]
    line.writer.write(b"".join(piece for piece in pieces if piece))
    await line.writer.drain()


async def _receive(line: _Line, largest_bytes: int) -> Got:
    answer: h11.Response | None = None
    body = bytearray()
    while True:
        event = line.protocol.next_event()
        if event is h11.NEED_DATA:
            line.protocol.receive_data(await line.reader.read(PIECE_SIZE_BYTES))
        elif isinstance(event, h11.Response):
            answer = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > largest_bytes:
                raise BrokenError("AnswerTooLargeError")
        elif isinstance(event, h11.EndOfMessage) and answer is not None:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
            return Got(answer.status_code, headers, bytes(body))
        elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            raise BrokenError("RemoteProtocolError")


def _is_reusable(line: _Line) -> bool:
    if line.protocol.our_state is h11.DONE and line.protocol.their_state is h11.DONE:
        line.protocol.start_next_cycle()
        return True
    return False
