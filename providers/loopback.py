"""Our own gateway addresses over real HTTP, as a gateway calls them: what the phone simulator speaks through."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.addresses import is_inside
from core.settings import get_settings
from providers import http
from providers.http import NoAnswer

READ_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request's answer, octet for octet. `elapsed_s` is what the gateway waited."""

    status: int
    media_type: str
    answer: bytes
    elapsed_s: float
    headers: Mapping[str, str] = field(default_factory=dict)


def send(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Exchange | None:
    """Send one request to `target`, a path of this process with its query; None when nobody answered."""
    settings = get_settings()
    started = time.perf_counter()
    outcome = http.exchange(
        method,
        _address(settings.host, settings.port) + target,
        headers=headers,
        content=body or None,
        read_timeout_s=READ_TIMEOUT_S,
    )
    elapsed_s = time.perf_counter() - started
    if isinstance(outcome, NoAnswer):
        return None
    own = {name.lower(): value for name, value in outcome.headers.items()}
    return Exchange(outcome.status, own.get("content-type", ""), outcome.body, elapsed_s, own)


def _address(host: str, port: int) -> str:
    """Return where this process listens, by the address that never leaves the machine."""
    chosen = host if is_inside(host, http.LOOPBACK) else "127.0.0.1"
    return f"http://[{chosen}]:{port}" if ":" in chosen else f"http://{chosen}:{port}"
