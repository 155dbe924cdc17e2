"""Browser push (RFC 8030, 8291, 8292): encrypted for one browser, signed with our VAPID key, posted to its own service.

pywebpush (extra `push`) encrypts and signs; the call itself is made like every other.
"""

import json
from urllib.parse import urlsplit

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
GONE = frozenset({404, 410})

# A browser names its own address: only the push services of the browsers are ever called.
SERVICES = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "push.services.mozilla.com",
    "notify.windows.com",
    "push.apple.com",
)


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
    """Say whether an endpoint belongs to a push service; a fake account's is its own server."""
    if account.environment == "fake":
        return endpoint.startswith(f"{account.base_url}/")
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    return parts.scheme == "https" and any(host == name or host.endswith(f".{name}") for name in SERVICES)


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
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from py_vapid import Vapid02
    from py_vapid.utils import b64urlencode

    vapid = Vapid02()
    vapid.generate_keys()
    private = vapid.private_key.private_numbers().private_value.to_bytes(32, "big")
    public = vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return b64urlencode(private), b64urlencode(public)


ADAPTER = WebPush()
