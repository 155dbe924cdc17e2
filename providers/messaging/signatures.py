"""Who really wrote: the signatures of Twilio and of Meta, over exactly what came. Wrong input is false, no error."""

import hmac
from collections.abc import Mapping, Sequence

from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator, get_signature_algorithm

SHA256_PREFIX = "sha256="
SHA1, SHA256 = "HMAC_SHA1", "HMAC_SHA256"

OK, BAD_REQUEST, FORBIDDEN = 200, 400, 403


def is_twilio_signed(  # what a signature covers, by name
    *,
    tokens: Sequence[str],
    urls: Sequence[str],
    content: Sequence[tuple[str, str]] | str,
    signature: str,
    settings: str = "",
    shared_keys: Mapping[str, str] | None = None,
) -> bool:
    """Say whether Twilio signed this: `content` is the whole form as it came (blank fields too), or a JSON body.

    `urls` are the addresses Twilio may have called: ours, never the one a proxy passed on. `settings` is the header
    that names a shared key; without it the account's tokens sign (two while one is being replaced).
    """
    try:
        algorithm = get_signature_algorithm(settings)
        keys = tokens if algorithm.upper() == SHA1 else [(shared_keys or {}).get(_key_id(settings), "")]
        params = content if isinstance(content, str) else ImmutableMultiDict(content)
        return any(
            RequestValidator(key).validate(url, params, signature, algorithm) for key in keys if key for url in urls
        )
    except Exception:  # noqa: BLE001  # whatever its library raises on a stranger's input, nothing was proved
        return False


def sign_as_twilio(token: str, url: str, form: Mapping[str, str], algorithm: str = SHA1) -> str:
    """Return the signature that Twilio would put under a form: for a test message to our own address."""
    return str(RequestValidator(token).compute_signature(url, dict(form), algorithm))


def sign_as_meta(secret: str, body: bytes) -> str:
    """Return the header that Meta would put beside these very octets: for a test message to our own address."""
    return SHA256_PREFIX + hmac.digest(secret.encode(), body, "sha256").hex()


def is_meta_signed(secrets: Sequence[str], body: bytes, header: str) -> bool:
    """Say whether Meta signed these very octets: JSON written again never matches."""
    if not header.startswith(SHA256_PREFIX):
        return False
    given = header.removeprefix(SHA256_PREFIX).encode("utf-8", "replace")
    return any(
        hmac.compare_digest(hmac.digest(secret.encode(), body, "sha256").hex().encode(), given)
        for secret in secrets
        if secret
    )


def answer_challenge(query: Mapping[str, str], tokens: Sequence[str]) -> tuple[int, str]:
    """Return the status and body for Meta's question whether an address is ours; an empty token matches nothing."""
    if not any(name.startswith("hub.") for name in query):
        return BAD_REQUEST, ""
    given = query.get("hub.verify_token", "").encode()
    is_known = any(hmac.compare_digest(token.encode(), given) for token in tokens if token)
    if query.get("hub.mode") != "subscribe" or not is_known:
        return FORBIDDEN, ""
    return OK, query.get("hub.challenge", "")


def _key_id(settings: str) -> str:
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "key":
            return value.strip()
    return ""
