"""Our own endpoint `/ussd` over real HTTP, as a gateway calls it: what the phone simulator speaks through."""

import time
from dataclasses import dataclass

from core.addresses import is_inside
from core.settings import get_settings
from providers import http
from providers.http import HttpError

PATH = "/ussd"
JSON_TYPE = "application/json"

__all__ = ["Exchange", "HttpError", "post_turn"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, octet for octet. `elapsed_s` is what the gateway waited."""

    request: bytes
    status: int
    media_type: str
    answer: bytes
    elapsed_s: float


def post_turn(body: bytes, *, has_key: bool) -> Exchange:
    """Post one turn, with this installation's key where the contract asks for one; raise `HttpError` without answer."""
    settings = get_settings()
    headers = {"Content-Type": JSON_TYPE}
    if has_key:
        headers["X-API-Key"] = settings.api_key.get_secret_value()
    started = time.perf_counter()
    answer = http.post_bytes(_address(settings.host, settings.port), body, headers)
    elapsed_s = time.perf_counter() - started
    return Exchange(body, answer.status_code, answer.headers.get("content-type", ""), answer.content, elapsed_s)


def _address(host: str, port: int) -> str:
    """Return where this process listens, by the address that never leaves the machine."""
    chosen = host if is_inside(host, http.LOOPBACK) else "127.0.0.1"
    return f"http://[{chosen}]:{port}{PATH}" if ":" in chosen else f"http://{chosen}:{port}{PATH}"
