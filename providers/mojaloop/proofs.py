"""The proof of a payment: a fulfilment that hashes to the condition agreed before the money moved."""

import base64
import binascii
import hashlib

_PREIMAGE_SIZE_BYTES = 32


def condition_of(fulfilment: str) -> str:
    """Return the condition that `fulfilment` proves: base64url without padding; empty when it is no fulfilment."""
    try:
        preimage = base64.b64decode(fulfilment + "=" * (-len(fulfilment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return ""
    if len(preimage) != _PREIMAGE_SIZE_BYTES:
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(preimage).digest()).rstrip(b"=").decode("ascii")


def is_proof(fulfilment: str, condition: str) -> bool:
    """Say whether anybody can verify that `fulfilment` answers `condition`."""
    return bool(condition) and condition_of(fulfilment) == condition.rstrip("=")
