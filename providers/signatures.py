"""Signatures of providers: one verifier that takes the scheme as data. There is no default separator.

Raw bytes only, constant time, every secret against every digest of the header. What is malformed is simply not
authentic: nothing here raises for what came from outside. The signing halves serve our own calls and the fakes.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

WINDOW_S = 300
MOST_DIGESTS = 8

_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class HmacScheme:
    """`t=…,label=hex`: HMAC-SHA256 of the time, `separator` and the body; of the body alone where there is no time."""

    header: str
    labels: tuple[str, ...]
    separator: str | None
    window_s: int | None

    def signed(self, time: str, body: bytes) -> bytes:
        """Return the exact bytes the digest is made of."""
        return body if self.separator is None else f"{time}{self.separator}".encode("ascii") + body


@dataclass(frozen=True, slots=True)
class KeyScheme:
    """A shared secret that comes back as it is, in one of some headers, behind a prefix."""

    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MessageScheme:
    """RFC 9421 under one label, with ECDSA P-256 and SHA-256."""

    label: str
    required: frozenset[str]
    window_s: int


WAVE = HmacScheme("wave-signature", ("v1",), "", WINDOW_S)
SONATEL = HmacScheme("x-sonatel-signature", ("v1",), ",", WINDOW_S)
FEDAPAY = HmacScheme("x-fedapay-signature", ("s",), ".", WINDOW_S)
HUB2 = HmacScheme("hub2-signature", ("s1", "s0"), None, None)
WAVE_BEARER = KeyScheme((("authorization", "Bearer "),))
SONATEL_API_KEY = KeyScheme((("authorization", "Basic "), ("x-api-key", "")))
PAWAPAY = MessageScheme("sig-pp", frozenset({"@method", "@authority", "@path", "content-digest"}), WINDOW_S)

SCHEMES: Mapping[str, HmacScheme | KeyScheme | MessageScheme] = {
    "wave": WAVE,
    "wave_bearer": WAVE_BEARER,
    "sonatel": SONATEL,
    "sonatel_apikey": SONATEL_API_KEY,
    "pawapay": PAWAPAY,
    "fedapay": FEDAPAY,
    "hub2": HUB2,
}


def verify_hmac(
    scheme: HmacScheme, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float
) -> bool:
    """Say whether one of `secrets` signed `body` in the window around `now`, Unix seconds; an empty one is no key."""
    pairs = _pairs(_header(headers, scheme.header))
    times = [value for label, value in pairs if label == "t"]
    digests = [value for label, value in pairs if label in scheme.labels and _DIGEST.fullmatch(value)]
    time = ""
    if scheme.separator is not None:
        if len(times) != 1 or not _TIME.fullmatch(times[0]):
            return False
        time = times[0]
        if scheme.window_s is not None and not abs(now - int(time)) <= scheme.window_s:
            return False
    if len(digests) > MOST_DIGESTS:
        return False
    is_authentic = False
    for secret in secrets:
        for digest in digests:
            is_authentic |= bool(secret) and hmac.compare_digest(_hex(scheme, secret, time, body), digest)
    return is_authentic


def sign_hmac(scheme: HmacScheme, secrets: Sequence[str], body: bytes, now: float) -> dict[str, str]:
    """Return the header that proves `body`: one digest for each secret, all under the scheme's labels in order."""
    time = str(int(now))
    parts = [] if scheme.separator is None else [f"t={time}"]
    for place, secret in enumerate(secrets):
        label = scheme.labels[min(place, len(scheme.labels) - 1)]
        parts.append(f"{label}={_hex(scheme, secret, time, body)}")
    return {scheme.header: ",".join(parts)}


def verify_key(scheme: KeyScheme, secrets: Sequence[str], headers: Mapping[str, str]) -> bool:
    """Say whether a header of the scheme carries one of `secrets`, as it is."""
    is_authentic = False
    for name, prefix in scheme.headers:
        value = _header(headers, name) or ""
        given = value[len(prefix) :] if value.lower().startswith(prefix.lower()) else ""
        for secret in secrets:
            is_equal = hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode("utf-8", "replace"))
            is_authentic |= bool(secret) and is_equal
    return is_authentic


def _hex(scheme: HmacScheme, secret: str, time: str, body: bytes) -> str:
    return hmac.new(secret.encode("utf-8", "replace"), scheme.signed(time, body), hashlib.sha256).hexdigest()


def _header(headers: Mapping[str, str], name: str) -> str | None:
    """Return a header whatever its case; None when it is absent or there twice."""
    found = [value for key, value in headers.items() if key.lower() == name]
    return found[0].strip(" \t") if len(found) == 1 else None


def _pairs(header: str | None) -> list[tuple[str, str]]:
    pairs = []
    for part in (header or "").split(","):
        label, equals, value = part.strip(" ").partition("=")
        if equals:
            pairs.append((label, value))
    return pairs


# RFC 9421, as far as pawaPay uses it.

_NAME = r'"(@?[a-z0-9-]{1,60})"'
_PARAMETER = r';([a-z]{1,20})=(?:"([\x20\x21\x23-\x5b\x5d-\x7e]{0,200})"|([0-9]{1,12}))'
_INPUT = re.compile(rf"\((?:{_NAME}(?: {_NAME})*)?\)(?:{_PARAMETER})*", re.ASCII)
_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=((?::[A-Za-z0-9+/=]*:)|(?:\([^()]*\)(?:;[^,]*)?))", re.ASCII)
_GAP = re.compile(r"[ \t]*(?:,[ \t]*|$)")
_VISIBLE = re.compile(r"[\x20-\x7e]*", re.ASCII)
_HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_ALGORITHM = "ecdsa-p256-sha256"
_COORDINATE_BYTES = 32
COMPONENTS = ("@method", "@authority", "@path", "signature-date", "content-digest", "content-type")


@dataclass(frozen=True, slots=True)
class Message:
    """A request as its signature sees it. `authority` is the public host, never the proxied one."""

    method: str
    authority: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def component(self, name: str) -> str | None:
        """Return what a covered component stands for; None when this message has no such thing or it is unfit."""
        match name:
            case "@method":
                value: str | None = self.method
            case "@authority":
                value = self.authority.lower()
            case "@path":
                value = self.path or "/"
            case _:
                value = None if name.startswith("@") else _header(self.headers, name)
        return value if value is not None and _VISIBLE.fullmatch(value) else None


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """What a signature says of itself; `text` is exactly what was signed."""

    text: str
    components: tuple[str, ...]
    key_id: str
    created: int
    expires: int

    def base(self, message: Message) -> bytes | None:
        """Return the signature base of RFC 9421, components in the header's own order; None when one is missing."""
        values = [(name, message.component(name)) for name in self.components]
        if any(value is None for _, value in values):
            return None
        lines = [*(f'"{name}": {value}' for name, value in values), f'"@signature-params": {self.text}']
        return "\n".join(lines).encode("ascii")


def read_input(headers: Mapping[str, str], scheme: MessageScheme = PAWAPAY) -> SignatureInput | None:
    """Read `Signature-Input`; None unless it is well formed and complete. Its `key_id` says which key to fetch."""
    text = _members(_header(headers, "signature-input")).get(scheme.label, "")
    if _INPUT.fullmatch(text) is None:
        return None
    listed, _, rest = text.partition(")")
    components = tuple(re.findall(_NAME, listed))
    found = re.findall(_PARAMETER, rest)
    parameters = {name: quoted or number for name, quoted, number in found}
    is_sound = (
        len(parameters) == len(found)
        and len(set(components)) == len(components)
        and parameters.get("alg") == _ALGORITHM
        and parameters.get("created", "").isdecimal()
        and parameters.get("expires", "").isdecimal()
        and bool(parameters.get("keyid"))
    )
    if not is_sound:
        return None
    return SignatureInput(text, components, parameters["keyid"], int(parameters["created"]), int(parameters["expires"]))


def verify_message(message: Message, keys: Mapping[str, str], now: float, scheme: MessageScheme = PAWAPAY) -> bool:
    """Say whether the key the message names, among `keys` (id → PEM), signed this very message in its window."""
    given = read_input(message.headers, scheme)
    if given is None or not scheme.required <= set(given.components):
        return False
    if not given.created - scheme.window_s <= now <= given.expires + scheme.window_s:
        return False
    base = given.base(message)
    signature = _octets(_members(_header(message.headers, "signature")).get(scheme.label, ""))
    key = _public_key(keys.get(given.key_id, ""))
    if base is None or signature is None or key is None:
        return False
    return _is_digest_right(message) and _is_signed(key, signature, base)


def content_digest(body: bytes, algorithm: str = "sha-512") -> str:
    """Return a `Content-Digest` header (RFC 9530)."""
    return f"{algorithm}=:{base64.b64encode(_HASHES[algorithm](body).digest()).decode('ascii')}:"


def sign_message(  # what a signature is made of
    message: Message,
    private_key: str,
    key_id: str,
    now: float,
    *,
    lifetime_s: int = 60,
    is_raw: bool = False,
    scheme: MessageScheme = PAWAPAY,
) -> dict[str, str]:
    """Return the message's headers with the four of the signature: DER as pawaPay sends it, or raw r‖s."""
    date = datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    headers = {**message.headers, "Signature-Date": date, "Content-Digest": content_digest(message.body)}
    covered = Message(message.method, message.authority, message.path, headers, message.body)
    components = tuple(name for name in COMPONENTS if covered.component(name) is not None)
    created, expires = int(now), int(now) + lifetime_s
    listed = " ".join(f'"{name}"' for name in components)
    text = f'({listed});alg="{_ALGORITHM}";keyid="{key_id}";created={created};expires={expires}'
    base = SignatureInput(text, components, key_id, created, expires).base(covered)
    key = load_pem_private_key(private_key.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or base is None:
        raise TypeError("a P-256 private key signs")
    signature = key.sign(base, ec.ECDSA(hashes.SHA256()))
    if is_raw:
        signature = b"".join(part.to_bytes(_COORDINATE_BYTES, "big") for part in decode_dss_signature(signature))
    headers["Signature-Input"] = f"{scheme.label}={text}"
    headers["Signature"] = f"{scheme.label}=:{base64.b64encode(signature).decode('ascii')}:"
    return headers


def _members(header: str | None) -> dict[str, str]:
    """Read a dictionary of structured fields (RFC 8941); empty when any of it is malformed or named twice."""
    members: dict[str, str] = {}
    place = 0
    text = header or ""
    while place < len(text):
        found = _MEMBER.match(text, place)
        if found is None or found[1] in members:
            return {}
        members[found[1]] = found[2]
        gap = _GAP.match(text, found.end())
        if gap is None:
            return {}
        place = gap.end()
    return members


def _octets(member: str) -> bytes | None:
    """Decode `:base64:`, canonical only: one signature has one text."""
    inner = member[1:-1] if len(member) > 1 and member[0] == member[-1] == ":" else ""
    try:
        decoded = base64.b64decode(inner, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded and base64.b64encode(decoded).decode("ascii") == inner else None


def _is_digest_right(message: Message) -> bool:
    """Say whether every digest we can compute is right, and there is one."""
    members = _members(_header(message.headers, "content-digest"))
    known = [(name, value) for name, value in members.items() if name in _HASHES]
    is_right = bool(known)
    for name, value in known:
        is_right &= hmac.compare_digest(_octets(value) or b"", _HASHES[name](message.body).digest())
    return is_right


@lru_cache(maxsize=64)
def _public_key(pem: str) -> ec.EllipticCurvePublicKey | None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1) else None


def _is_signed(key: ec.EllipticCurvePublicKey, signature: bytes, base: bytes) -> bool:
    """Try the signature as DER and, when it has their length, as r‖s."""
    forms = [signature]
    if len(signature) == 2 * _COORDINATE_BYTES:
        halves = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
        forms.append(encode_dss_signature(*(int.from_bytes(half, "big") for half in halves)))
    for form in forms:
        try:
            key.verify(form, base, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            continue
        return True
    return False
