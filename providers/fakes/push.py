"""The push service of a browser on loopback, and browsers that can really read what is pushed to them."""

import base64
import json
import threading
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.responses import Response
from starlette.routing import Route

from providers.fakes.base import Call, Fake, route
from providers.fakes.kernel import Kernel
from providers.fakes.phones import PHONES, Letter, is_opted_out, is_unknown_number

LARGEST_OCTETS = 4_096


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser: what it gives to a site, and what it keeps."""

    name: str
    private_key: ec.EllipticCurvePrivateKey
    auth: bytes

    @property
    def keys(self) -> dict[str, str]:
        """Return what a subscription carries."""
        point = self.private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"p256dh": _encoded(point), "auth": _encoded(self.auth)}


class PushFake(Fake):
    """The service: `/{browser}` takes what only that browser can read. A name ends in a scenario's three digits."""

    name = "web_push"

    def __init__(self) -> None:
        self._browsers: dict[str, Browser] = {}
        self._lock = threading.Lock()

    def open_browser(self, name: str) -> Browser:
        """Return a browser of this name; the same one while nothing is reset."""
        with self._lock:
            if name not in self._browsers:
                key = ec.derive_private_key(sum(name.encode()) + 10_000, ec.SECP256R1())
                self._browsers[name] = Browser(name, key, name.encode().ljust(16, b"0")[:16])
            return self._browsers[name]

    def routes(self, kernel: Kernel) -> list[Route]:
        """Return its only address."""

        def push(call: Call) -> Response:
            return self._take(kernel, call)

        return [route("/{browser}", push)]

    def reset(self) -> None:
        """Forget every browser."""
        PHONES.reset()
        with self._lock:
            self._browsers.clear()

    def _take(self, kernel: Kernel, call: Call) -> Response:
        name = call.params["browser"]
        if not call.headers.get("authorization", "").startswith("vapid t=") or "ttl" not in call.headers:
            return Response(status_code=400)
        if call.headers.get("content-encoding") != "aes128gcm":
            return Response(status_code=415)
        if len(call.body) > LARGEST_OCTETS:
            return Response(status_code=413)
        key = f"{name}:{len(PHONES.letters(self.name))}"
        story = kernel.behaviour(self.name, "send", key, f"+2290197000{name[-3:]}")
        if name not in self._browsers or is_unknown_number(story) or is_opted_out(story):
            return Response(status_code=410)
        shown = _read(self._browsers[name], call.body)
        letter = Letter(self.name, PHONES.next_id("push-"), name, shown["body"], shown["title"], kernel.now(), key)
        PHONES.receive(kernel, letter, story, None)
        return Response(status_code=201)


def _read(browser: Browser, body: bytes) -> dict[str, Any]:
    import http_ece

    text = http_ece.decrypt(body, private_key=browser.private_key, auth_secret=browser.auth, version="aes128gcm")
    shown: dict[str, Any] = json.loads(text)
    return shown


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


FAKES = (PushFake,)
