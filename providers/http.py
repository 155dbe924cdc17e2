"""HTTP to the outside: the only file that imports httpx. Short waits, no redirects, answers of a bounded size."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from core.addresses import is_inside
from core.settings import parse_networks

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
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


def post_bytes(url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """Send these exact bytes and return the answer, whatever its status; raise `HttpError` when there is none."""
    return _call("POST", url, headers, body)


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
        content = bytearray()
        for piece in answer.iter_bytes():
            content += piece
            if len(content) > LARGEST_ANSWER_BYTES:
                raise AnswerTooLargeError(f"more than {LARGEST_ANSWER_BYTES} bytes")
        plain = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
        return httpx.Response(answer.status_code, headers=plain, content=bytes(content), request=answer.request)
