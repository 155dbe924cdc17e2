"""Browser push (RFC 8030, 8291, 8292): encrypted for one browser, signed with our VAPID key, posted to its own service.

pywebpush (extra `push`) encrypts and signs; the call itself is made like every other.
"""

import base64
import json
import re
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core import clock
from providers.answers import Account
from providers.messaging.answers import (
    SERVER_ERRORS,
    Answer,
    Outgoing,
    Refused,
    Retry,
    Sent,
    Subscription,
    heard,
    settled,
)
from providers.wire import Answered, Wire

TTL_S = 86_400
CLAIM_LIFE_S = 12 * 3_600
LONGEST_LINK = 200
AUTH_OCTETS = 16
GONE = frozenset({404, 410})

# A browser names its own address: only the push services of the browsers are ever called. `*.` is any host under it.
SERVICES = (
    "fcm.googleapis.com",
    "*.push.services.mozilla.com",
    "*.notify.windows.com",
    "web.push.apple.com",
)

# Read by form and not by a parser: no user, no port, no address of ours in another spelling can be told twice.
_ENDPOINT = re.compile(r"https://([a-z0-9-]+(?:\.[a-z0-9-]+)+)/[A-Za-z0-9._~:/?=&%+,;-]+")
_BROWSER_OF_A_FAKE = re.compile(r"/[A-Za-z0-9_-]+")


class WebPush:
    """All the browsers of one person."""

    name = "web_push"
    channel = "push"

    def send(self, outgoing: Outgoing, wire: Wire) -> Answer:
        """Push to every browser; it is sent when one took it, and says which browsers want no more."""
        answers: list[Answer] = []
        gone: list[str] = []
        for subscription in outgoing.subscriptions:
            answer = self._push(outgoing, subscription, wire)
            if answer is None:
                gone.append(subscription.endpoint)
            else:
                answers.append(answer)
        if any(isinstance(answer, Sent) for answer in answers):
            return Sent(gone=tuple(gone))
        if not answers:
            return Refused("no_browser", "final", tuple(gone))
        # What is certain yields to what is not: a browser that may have it is not pushed to again.
        return max(answers, key=lambda answer: ("Refused", "Retry", "Unknown").index(type(answer).__name__))

    def _push(self, outgoing: Outgoing, subscription: Subscription, wire: Wire) -> Answer | None:
        account = outgoing.account
        if not is_service(account, subscription.endpoint):
            return None
        text = {"title": outgoing.subject, "body": outgoing.body, "url": outgoing.link[:LONGEST_LINK]}
        try:
            content = _encrypted(subscription, json.dumps(text, ensure_ascii=False).encode())
            headers = _signed(account, subscription.endpoint)
        except ImportError:
            return Refused("push_not_installed", "configuration")
        except (ValueError, TypeError):
            return None  # keys that are none: that browser can never read us
        answer = heard(wire.call("send", "POST", subscription.endpoint, headers=headers, content=content))
        return read_answer(answer) if isinstance(answer, Answered) else answer

    def probe(self, account: Account, wire: Wire) -> bool:  # noqa: ARG002  # a key is all there is
        """Say whether the key signs."""
        try:
            return bool(_signed(account, "https://push.example.org"))
        except (ImportError, ValueError, TypeError):
            return False


def read_answer(answer: Answered) -> Answer | None:
    """Return what a push service's status means; None when that browser wants no more."""
    if answer.status in GONE:
        return None
    if answer.status >= SERVER_ERRORS:
        return Retry(str(answer.status))  # a second push of the same news replaces the first
    return settled(answer) or (Sent() if answer.is_success else Refused(str(answer.status)))


def is_service(account: Account, endpoint: str) -> bool:
    """Say whether an endpoint belongs to a push service; a fake account's is its own server, and nothing else."""
    if account.environment == "fake":
        own, rest = endpoint[: len(account.base_url)], endpoint[len(account.base_url) :]
        return own == account.base_url and _BROWSER_OF_A_FAKE.fullmatch(rest) is not None
    found = _ENDPOINT.fullmatch(endpoint)
    return found is not None and any(_is_host(found[1], service) for service in SERVICES)


def _is_host(host: str, service: str) -> bool:
    return host.endswith(service[1:]) if service.startswith("*.") else host == service


def is_readable(p256dh: str, auth: str) -> bool:
    """Say whether a browser's keys are keys: a point of the curve, and sixteen octets."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(p256dh))
        return len(_decoded(auth)) == AUTH_OCTETS
    except ValueError:
        return False


def public_key(account: Account) -> str:
    """Return the key that browsers subscribe with, made of the private one; nothing when we cannot push."""
    try:
        from py_vapid import Vapid02, VapidException
    except ImportError:
        return ""
    try:
        vapid = Vapid02.from_string(next(iter(account.secret_values("vapid_private_key")), ""))
    except (VapidException, ValueError, TypeError):
        return ""
    return _public_of(vapid.public_key)


def _encrypted(subscription: Subscription, text: bytes) -> bytes:
    from pywebpush import WebPusher, WebPushException

    try:
        pusher = WebPusher({"endpoint": subscription.endpoint, "keys": dict(subscription.keys)})
        body: bytes = pusher.encode(text, "aes128gcm")["body"]
    except WebPushException as error:
        raise ValueError("keys") from error
    return body


def _signed(account: Account, endpoint: str) -> dict[str, str]:
    """Sign fresh claims: a set of claims that is used again carries the origin of another service."""
    from py_vapid import Vapid02, VapidException

    parts = urlsplit(endpoint)
    claims = {
        "sub": str(account.settings.get("subject", "")),
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(clock.now().timestamp()) + CLAIM_LIFE_S,
    }
    try:
        signed = Vapid02.from_string(next(iter(account.secret_values("vapid_private_key")), "")).sign(claims)
    except VapidException as error:
        raise ValueError("vapid") from error
    return {
        **signed,
        "TTL": str(TTL_S),
        "Urgency": "normal",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
    }


def make_vapid_keys() -> tuple[str, str]:
    """Return a new private key, and the public one that browsers subscribe with; both base64url."""
    from py_vapid import Vapid02
    from py_vapid.utils import b64urlencode

    vapid = Vapid02()
    vapid.generate_keys()
    private = vapid.private_key.private_numbers().private_value.to_bytes(32, "big")
    return b64urlencode(private), _public_of(vapid.public_key)


def _public_of(key: ec.EllipticCurvePublicKey) -> str:
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


ADAPTER = WebPush()
