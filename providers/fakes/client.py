"""Speaking to the fakes' control API over loopback: they may run in another process than the console."""

import json
from typing import Any, Literal
from urllib.parse import quote

from providers import http
from providers.fakes.kernel import NotLoopbackError, require_loopback

TIMEOUT_S = 60.0  # moving the clock sends what falls due, one callback after the other
LARGEST_ANSWER_BYTES = 16 << 20
_OK, _NOT_FOUND = 200, 404


class AsleepError(Exception):
    """Nobody answers where the fakes should be."""


class UnknownThingError(Exception):
    """The fakes do not know the payment, the provider or the scenario that was named."""


def read(root: str, path: Literal["book", "payments", "letters", "calls"], adapter: str = "") -> dict[str, Any]:
    """Return one of the fakes' lists, of one provider if it is given."""
    return _call("GET", f"{root}/_fake/{path}?adapter={quote(adapter)}", None)


def order(
    root: str, path: Literal["reset", "scenario", "clock", "callback", "press", "configure"], **body: Any
) -> dict[str, Any]:
    """Tell the fakes to do something; what they do is done when this returns."""
    return _call("POST", f"{root}/_fake/{path}", json.dumps(body).encode())


def _call(method: str, url: str, body: bytes | None) -> dict[str, Any]:
    try:
        require_loopback(url)
    except NotLoopbackError as error:
        raise AsleepError from error
    answer = http.exchange(
        method,
        url,
        headers={"Content-Type": "application/json"},
        content=body,
        read_timeout_s=TIMEOUT_S,
        largest_answer_bytes=LARGEST_ANSWER_BYTES,
    )
    if isinstance(answer, http.NoAnswer):
        raise AsleepError(answer.kind)
    if answer.status == _NOT_FOUND:
        raise UnknownThingError(url)
    if answer.status != _OK:
        raise AsleepError(str(answer.status))
    document = json.loads(answer.body)
    return document if isinstance(document, dict) else {}
