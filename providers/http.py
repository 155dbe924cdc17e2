"""HTTP to the outside: the only file that imports httpx. Short waits, no redirects, answers of a bounded size."""

import asyncio
import ssl
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from core.addresses import is_inside
from core.settings import get_settings, parse_networks
from providers import direct

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
PROVIDER_READ_TIMEOUT_S = 30.0
POOL_TIMEOUT_S = 5.0
KEPT_S = 2.0  # well before a server closes it: a request that meets the closing door would be an unknown
MOST_CONNECTIONS = 200
USER_AGENT = "Palabre/0.1"
LARGEST_ANSWER_BYTES = 1 << 20

LOOPBACK = parse_networks("127.0.0.0/8,::1")

Answer = httpx.Response
HttpError = httpx.HTTPError


class AnswerTooLargeError(httpx.HTTPError):
    """The other side sent more than any honest answer holds."""


def get(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Read a resource; raise `HttpError` when nobody answers in time or the status is no success."""
    return _call("GET", url, headers, None).raise_for_status()


def post_form(url: str, body: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Send an encoded form and return the answer, whatever its status; raise `HttpError` when there is none."""
    return _call("POST", url, headers, body)


class Outcome(NamedTuple):
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(NamedTuple):
    """Nothing came back that can be read. `is_sent` false: no byte of the request can have left this machine."""

    is_sent: bool
    kind: str


_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.ProxyError,
)


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | None,
    read_timeout_s: float,
    largest_answer_bytes: int = LARGEST_ANSWER_BYTES,
) -> Outcome | NoAnswer:
    """Make one call over kept connections and say what happened; never raises for the network, never tries twice."""
    timeout = httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S, pool=POOL_TIMEOUT_S)
    try:
        with _client().stream(method, url, headers=headers, content=content, timeout=timeout) as answer:
            body = _read_bounded(answer, largest_answer_bytes)
            return Outcome(answer.status_code, dict(answer.headers), body)
    except _NOTHING_SENT as error:
        return NoAnswer(is_sent=False, kind=type(error).__name__)
    except httpx.HTTPError as error:
        return NoAnswer(is_sent=True, kind=type(error).__name__)


class AsyncCaller:
    """Kept connections to one server, for many calls at once; it belongs to the event loop that first calls it.

    Straight to the server; through `OUTBOUND_PROXY`, where there is one and the server is not this machine.
    """

    def __init__(self, most_connections: int = MOST_CONNECTIONS) -> None:
        self._lines = direct.Lines(most_connections, KEPT_S, CONNECT_TIMEOUT_S, _authorities)
        self._most = most_connections
        self._through_proxy: httpx.AsyncClient | None = None

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None,
        total_timeout_s: float,
        largest_answer_bytes: int = LARGEST_ANSWER_BYTES,
    ) -> Outcome | NoAnswer:
        """Make one call and say what happened; never raises for the network, never tries twice.

        `total_timeout_s` is from the first byte sent to the last one read, however slowly they come.
        """
        if get_settings().outbound_proxy and not _is_here(url):
            return await self._by_proxy(method, url, headers, content, total_timeout_s, largest_answer_bytes)
        try:
            return Outcome(
                *await self._lines.call(
                    method,
                    url,
                    {"User-Agent": USER_AGENT, **headers},
                    content,
                    total_timeout_s=total_timeout_s,
                    largest_answer_bytes=largest_answer_bytes,
                )
            )
        except direct.NotSentError as error:
            return NoAnswer(is_sent=False, kind=str(error))
        except direct.BrokenError as error:
            return NoAnswer(is_sent=True, kind=str(error))

    async def _by_proxy(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        total_timeout_s: float,
        largest_answer_bytes: int,
    ) -> Outcome | NoAnswer:
        timeout = httpx.Timeout(total_timeout_s, connect=CONNECT_TIMEOUT_S, pool=POOL_TIMEOUT_S)
        try:
            async with (
                asyncio.timeout(CONNECT_TIMEOUT_S + POOL_TIMEOUT_S + total_timeout_s),
                self._client().stream(method, url, headers=headers, content=content, timeout=timeout) as answer,
            ):
                body = bytearray()
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > largest_answer_bytes:
                        raise AnswerTooLargeError(f"more than {largest_answer_bytes} bytes")
                return Outcome(answer.status_code, dict(answer.headers), bytes(body))
        except _NOTHING_SENT as error:
            return NoAnswer(is_sent=False, kind=type(error).__name__)
        except (httpx.HTTPError, TimeoutError) as error:
            return NoAnswer(is_sent=True, kind=type(error).__name__)

    def _client(self) -> httpx.AsyncClient:
        if self._through_proxy is None:
            limits = httpx.Limits(max_connections=self._most, keepalive_expiry=KEPT_S)
            self._through_proxy = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                verify=_authorities(),
                headers={"User-Agent": USER_AGENT},
                **_proxied(limits, httpx.AsyncHTTPTransport),
            )
        return self._through_proxy


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or is_inside(host, LOOPBACK)


def call_at(
    method: str,
    url: str,
    address: str,
    *,
    headers: Mapping[str, str],
    content: bytes | None,
    total_timeout_s: float,
    largest_answer_bytes: int,
) -> Outcome | NoAnswer:
    """Call `url` at one address that was judged before, whatever its name means by now, within a total time.

    The name is kept where it proves something: in the Host header and in the certificate. No connection is kept.
    """
    place, ends_at = httpx.URL(url), time.monotonic() + total_timeout_s
    request_headers = {"User-Agent": USER_AGENT, **headers, "Host": place.netloc.decode("ascii")}
    try:
        with (
            httpx.Client(
                timeout=total_timeout_s,
                follow_redirects=False,
                trust_env=False,
                verify=_authorities(),
                **_proxied(_ONE),
            ) as client,
            client.stream(
                method,
                place.copy_with(host=address),
                headers=request_headers,
                content=content,
                extensions={"sni_hostname": place.host},
            ) as answer,
        ):
            body = _read_bounded(answer, largest_answer_bytes, ends_at)
            return Outcome(answer.status_code, dict(answer.headers), body)
    except _NOTHING_SENT as error:
        return NoAnswer(is_sent=False, kind=type(error).__name__)
    except httpx.HTTPError as error:
        return NoAnswer(is_sent=True, kind=type(error).__name__)


@lru_cache(maxsize=1)
def _authorities() -> ssl.SSLContext:
    """Read the certificate authorities once: it takes longer than a call."""
    return httpx.create_ssl_context(trust_env=False)


_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=0)
_lock = threading.Lock()
_clients: list[httpx.Client] = []


def _client() -> httpx.Client:
    """Return the process's client; connections are kept, so that a call costs no handshake."""
    with _lock:
        if not _clients:
            limits = httpx.Limits(
                max_connections=MOST_CONNECTIONS,
                max_keepalive_connections=MOST_CONNECTIONS // 4,
                keepalive_expiry=KEPT_S,
            )
            agent = {"User-Agent": USER_AGENT}
            _clients.append(
                httpx.Client(follow_redirects=False, trust_env=False, limits=limits, headers=agent, **_proxied(limits))
            )
        return _clients[0]


def _proxied(limits: httpx.Limits, transport: Any = httpx.HTTPTransport) -> dict[str, Any]:
    """Return how everything but loopback goes through `OUTBOUND_PROXY`, where there is one."""
    proxy = get_settings().outbound_proxy
    if not proxy:
        return {}
    direct = transport(limits=limits)
    return {"proxy": proxy, "mounts": dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"), direct)}


def _read_bounded(answer: httpx.Response, largest_bytes: int, ends_at: float | None = None) -> bytes:
    content = bytearray()
    for piece in answer.iter_bytes():
        content += piece
        if ends_at is not None and time.monotonic() > ends_at:
            raise httpx.ReadTimeout("too slow")
        if len(content) > largest_bytes:
            raise AnswerTooLargeError(f"more than {largest_bytes} bytes")
    return bytes(content)


def is_safe_url(url: str) -> bool:
    """Say whether secrets may be sent to this address: https, or http that never leaves the machine."""
    parts = urlsplit(url)
    is_local = parts.hostname == "localhost" or is_inside(parts.hostname or "", LOOPBACK)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_local))


def _call(method: str, url: str, headers: Mapping[str, str] | None, body: str | bytes | None) -> Answer:
    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    with (
        httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client,
        client.stream(method, url, headers=headers, content=body) as answer,
    ):
        content = _read_bounded(answer, LARGEST_ANSWER_BYTES)
        plain = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
        return httpx.Response(answer.status_code, headers=plain, content=content, request=answer.request)
