"""What we hand out and others check: Ed25519 signatures over canonical JSON, and addresses that nobody guesses.

Both come from the sealing keys (`SECRETS_KEY`), each of which gives a key to sign with and one to write addresses: who
keeps an old sealing key beside the new keeps every paper that was printed under it.
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.security import Keys, get_keys

ALGORITHM = "Ed25519"
TOKEN_LENGTH = 22  # 128 bits in base64url

_KEY_SIZE_BYTES = 32
_KEY_ID_LENGTH = 16
_ID_SIZE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and the public key that checks it."""

    key_id: str
    public_key: str
    value: str
    algorithm: str = ALGORITHM

    def as_document(self) -> dict[str, str]:
        """Return it as it stands in a document."""
        return {
            "algorithm": self.algorithm,
            "key_id": self.key_id,
            "public_key": self.public_key,
            "value": self.value,
        }


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the octets that are signed: JSON of sorted keys without blanks, in UTF-8 (RFC 8785 without floats)."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sign(document: Mapping[str, Any], keys: Keys | None = None) -> Signature:
    """Sign a document with the key in use; the same document always gets the same signature."""
    private = _private(next(iter((keys or get_keys()).sealing.values())))
    public = private.public_key()
    return Signature(_key_id(public), _text(public.public_bytes_raw()), _text(private.sign(canonical(document))))


def is_ours(document: Mapping[str, Any], signature: Mapping[str, Any], keys: Keys | None = None) -> bool:
    """Say whether one of our keys signed this very document."""
    try:
        value = _octets(str(signature["value"]))
    except (KeyError, binascii.Error, ValueError):
        return False
    return any(_is_signed(public, document, value) for public in _publics(keys))


def public_keys(keys: Keys | None = None) -> dict[str, str]:
    """Return the public keys whose signatures we know as ours, by their ids; the first is in use."""
    return {_key_id(public): _text(public.public_bytes_raw()) for public in _publics(keys)}


def make_token(subject: UUID, kind: str, keys: Keys | None = None) -> str:
    """Return the address of a thing: 22 characters, the same each time, that only our keys lead back to it."""
    cipher = _cipher(next(iter((keys or get_keys()).sealing.values())), kind).encryptor()
    return _text(cipher.update(subject.bytes) + cipher.finalize())


def open_token(token: str, kind: str, keys: Keys | None = None) -> list[UUID]:
    """Return what an address may lead to, one id a key; none when it cannot be ours."""
    try:
        octets = _octets(token) if len(token) == TOKEN_LENGTH else b""
    except (binascii.Error, ValueError):
        return []
    if len(octets) != _ID_SIZE_BYTES or _text(octets) != token:
        return []
    ciphers = (_cipher(key, kind).decryptor() for key in (keys or get_keys()).sealing.values())
    return [UUID(bytes=cipher.update(octets) + cipher.finalize()) for cipher in ciphers]


def _private(sealing_key: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_derived(sealing_key, "palabre signing 1"))


def _publics(keys: Keys | None) -> Iterator[Ed25519PublicKey]:
    return (_private(key).public_key() for key in (keys or get_keys()).sealing.values())


def _is_signed(public: Ed25519PublicKey, document: Mapping[str, Any], value: bytes) -> bool:
    try:
        public.verify(value, canonical(document))
    except InvalidSignature:
        return False
    return True


def _cipher(sealing_key: bytes, kind: str) -> Cipher[modes.ECB]:
    # One block under a key of its own: a permutation of ids, not a text in which blocks could repeat.
    return Cipher(algorithms.AES256(_derived(sealing_key, f"palabre address 1 {kind}")), modes.ECB())  # noqa: S305


def _derived(sealing_key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_SIZE_BYTES, salt=None, info=purpose.encode()).derive(sealing_key)


def _key_id(public: Ed25519PublicKey) -> str:
    return sha256(public.public_bytes_raw()).hexdigest()[:_KEY_ID_LENGTH]


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
