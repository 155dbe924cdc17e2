"""Secrets: passwords, PINs, tokens, keyed digests and sealed secrets.

Hashing is slow on purpose: callers run it outside any transaction, in a bounded pool of their own. Keys live outside
the database (`Keys`), so that a stolen dump opens nothing. No secret ever stands in a repr.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pwdlib.hashers.argon2 import Argon2Hasher

from core.i18n import t
from core.settings import Settings, get_settings

SHORTEST_PASSWORD = 8
SHORTEST_ROLE_PASSWORD = 10
LONGEST_PASSWORD = 128
COMMON_PASSWORDS = 10_000
SHORTEST_LOCAL_PART = 3  # a shorter local part of an address is inside too many good passwords

KEY_SIZE_BYTES = 32
MAC_SIZE_BYTES = 16
CODE_DIGITS = 6
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12

# No 0 O o, 1 I i l: a temporary password is read from a screen and typed on a telephone.
_UPPER, _LOWER, _DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghjkmnpqrstuvwxyz", "23456789"

_password_hasher = Argon2Hasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
_pin_hasher = Argon2Hasher(memory_cost=8 * 1024, time_cost=2, parallelism=1)


class UnreadableSecretError(Exception):
    """A sealed secret was altered, belongs elsewhere, or its key is gone."""


# Keys


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The keys of this process. The first of each family is the one in use; the others still open what they made."""

    sealing: dict[bytes, bytes]
    peppers: dict[str, bytes]
    input_mac: bytes

    def __repr__(self) -> str:
        return f"Keys(peppers={list(self.peppers)})"

    @classmethod
    def read(cls, settings: Settings) -> Self:
        """Read `SECRETS_KEY` (`base64[,base64]`), `PIN_PEPPERS` (`id:base64[,id:base64]`) and `INPUT_MAC_KEY`."""
        sealing = [_key("SECRETS_KEY", part) for part in settings.secrets_key.get_secret_value().split(",")]
        named = [part.strip().partition(":") for part in settings.pin_peppers.get_secret_value().split(",")]
        return cls(
            sealing={_key_id(key): key for key in sealing},
            peppers={pepper_id: _key("PIN_PEPPERS", encoded) for pepper_id, _, encoded in named},
            input_mac=settings.input_mac_key.get_secret_value().encode(),
        )


def sealing_keys(keys: Iterable[bytes]) -> Keys:
    """Return keys of a family of their own that only seal; the first is in use."""
    return Keys(sealing={_key_id(key): key for key in keys}, peppers={}, input_mac=b"")


def _key(variable: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_SIZE_BYTES:
        raise ValueError(f"{variable} attend {KEY_SIZE_BYTES} octets en base64")
    return key


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"palabre key id" + key).digest()[:_KEY_ID_BYTES]


@lru_cache(maxsize=1)
def get_keys() -> Keys:
    """Return the keys of this process, read from its settings at the first call."""
    return Keys.read(get_settings())


# Passwords


@dataclass(frozen=True, slots=True)
class Check:
    """The answer to a proof; `is_outdated` asks for a new hash now that the secret is at hand."""

    is_right: bool
    is_outdated: bool = False


def hash_password(password: str) -> str:
    """Return the argon2id hash (19 MiB, two passes) of a password, however its accents were typed."""
    return _password_hasher.hash(_octets(_normal(password)))


def verify_password(password: str, stored: str | None) -> Check:
    """Check a password. Without a stored hash the answer is no, after the same time."""
    is_right = _password_hasher.verify(_octets(_normal(password)), stored or _nobodys_hash())
    if stored is None or not is_right:
        return Check(is_right=False)
    return Check(is_right=True, is_outdated=_password_hasher.check_needs_rehash(stored))


def find_password_fault(password: str, *, has_role: bool, email: str | None = None) -> str | None:
    """Return the sentence that says what a new password lacks, or None.

    A member: 8 to 128 characters, upper, lower, digit. Who holds a role in an organisation, a service or the platform:
    10 to 128 characters of any kind, none of the 10 000 commonest, without the local part of the e-mail address.
    """
    password = _normal(password)
    shortest = SHORTEST_ROLE_PASSWORD if has_role else SHORTEST_PASSWORD
    if len(password) < shortest:
        return t("Au moins {shortest} caractères.").format(shortest=shortest)
    if len(password) > LONGEST_PASSWORD:
        return t("Au plus {longest} caractères.").format(longest=LONGEST_PASSWORD)
    if not has_role:
        is_mixed = all(any(map(test, password)) for test in (str.isupper, str.islower, str.isdigit))
        return None if is_mixed else t("Il faut une majuscule, une minuscule et un chiffre.")
    folded = password.casefold()
    if folded in _common_passwords():
        return t("Ce mot de passe est trop courant.")
    local_part = (email or "").rpartition("@")[0].casefold()
    if len(local_part) >= SHORTEST_LOCAL_PART and local_part in folded:
        return t("Le mot de passe ne doit pas contenir votre adresse.")
    return None


def make_temporary_password() -> str:
    """Return 12 unambiguous characters with upper, lower and digit, to be handed over once."""
    marks = [secrets.choice(family) for family in (_UPPER, _LOWER, _DIGITS)]
    marks += [secrets.choice(_UPPER + _LOWER + _DIGITS) for _ in range(9)]
    secrets.SystemRandom().shuffle(marks)
    return "".join(marks)


def _octets(text: str) -> bytes:
    """Return the UTF-8 of any string, even one that no encoding should carry: a wrong secret is never a crash."""
    return text.encode("utf-8", "surrogatepass")


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _password_hasher.hash(secrets.token_bytes(KEY_SIZE_BYTES))


@lru_cache(maxsize=1)
def _common_passwords() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"][:COMMON_PASSWORDS])


# PINs


@dataclass(frozen=True, slots=True)
class PinHash:
    """What is stored of a PIN: worthless without the pepper of that id."""

    hash: str
    pepper_id: str


def hash_pin(user_id: UUID, pin: str, keys: Keys | None = None) -> PinHash:
    """Return `argon2id(HMAC-SHA256(pepper, user_id ‖ pin))` (8 MiB) under the pepper in use."""
    peppers = (keys or get_keys()).peppers
    pepper_id = next(iter(peppers))
    return PinHash(_pin_hasher.hash(_peppered(peppers[pepper_id], user_id, pin)), pepper_id)


def verify_pin(user_id: UUID, pin: str, stored: PinHash, keys: Keys | None = None) -> Check:
    """Check a PIN; outdated when its pepper or its cost is no longer the one in use. A lost pepper is always wrong."""
    peppers = (keys or get_keys()).peppers
    pepper = peppers.get(stored.pepper_id)
    if pepper is None or not _pin_hasher.verify(_peppered(pepper, user_id, pin), stored.hash):
        return Check(is_right=False)
    is_outdated = stored.pepper_id != next(iter(peppers)) or _pin_hasher.check_needs_rehash(stored.hash)
    return Check(is_right=True, is_outdated=is_outdated)


def is_pin(text: str, length: int) -> bool:
    """Say whether `text` is `length` ASCII digits; leading zeros count."""
    return len(text) == length and text.isascii() and text.isdigit()


def is_weak_pin(pin: str, own_number: str) -> bool:
    """Say whether a PIN (digits, as `is_pin` has seen) is among the first a thief tries.

    All equal, a run up or down, a repeated pair or triple, the last digits of the own number, a year 1940 to 2015.
    """
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    is_run = len(steps) == 1 and steps <= {0, 1, 9}
    is_repeated = any(len(pin) >= 2 * period and pin[period:] == pin[:-period] for period in (2, 3))
    is_year = len(pin) == 4 and 1940 <= int(pin) <= 2015  # noqa: PLR2004  # years of birth
    return is_run or is_repeated or is_year or own_number.endswith(pin)


def _peppered(pepper: bytes, user_id: UUID, pin: str) -> bytes:
    return hmac.digest(pepper, user_id.bytes + _octets(pin), "sha256")


# Digests, tokens and codes


def input_mac(*parts: str | bytes, keys: Keys | None = None) -> bytes:
    """Return the first 16 octets of HMAC-SHA256 over the parts, each preceded by its length so that no two lists meet.

    Keyed, because a plain hash of five digits hides nothing.
    """
    message = bytearray()
    for part in parts:
        octets = _octets(part) if isinstance(part, str) else part
        message += len(octets).to_bytes(4, "big") + octets
    return hmac.digest((keys or get_keys()).input_mac, message, "sha256")[:MAC_SIZE_BYTES]


def new_token() -> str:
    """Return 256 random bits, safe in a URL."""
    return secrets.token_urlsafe(KEY_SIZE_BYTES)


def digest_token(token: str) -> bytes:
    """Return the SHA-256 under which a random token is stored; too weak for anything a person chose."""
    return hashlib.sha256(_octets(token)).digest()


def make_code(digits: int = CODE_DIGITS) -> str:
    """Return a one-time numeric code; leading zeros count. It is stored as an `input_mac` only."""
    return f"{secrets.randbelow(10**digits):0{digits}}"


def is_same(left: str | bytes, right: str | bytes) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    octets = [_octets(side) if isinstance(side, str) else side for side in (left, right)]
    return hmac.compare_digest(*octets)


# Sealed secrets


def seal_secret(secret: str, context: str, keys: Keys | None = None) -> bytes:
    """Encrypt a secret with AES-256-GCM under the key in use; it opens again only with the same `context` (its row)."""
    key_id, key = next(iter((keys or get_keys()).sealing.items()))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return key_id + nonce + AESGCM(key).encrypt(nonce, secret.encode(), context.encode())


def open_secret(sealed: bytes, context: str, keys: Keys | None = None) -> str:
    """Decrypt what `seal_secret` made with any key still accepted; raise `UnreadableSecretError` otherwise."""
    key = (keys or get_keys()).sealing.get(sealed[:_KEY_ID_BYTES])
    if key is None:
        raise UnreadableSecretError("sealed with an unknown key")
    nonce, body = sealed[_KEY_ID_BYTES : _KEY_ID_BYTES + _NONCE_BYTES], sealed[_KEY_ID_BYTES + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, context.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise UnreadableSecretError("altered, or sealed for another row") from error


def is_sealed_with_old_key(sealed: bytes, keys: Keys | None = None) -> bool:
    """Say whether a sealed secret waits to be sealed again under the key in use."""
    return sealed[:_KEY_ID_BYTES] != next(iter((keys or get_keys()).sealing))
