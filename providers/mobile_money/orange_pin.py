"""A PIN that moves money leaves this machine only encrypted, anew for each call, with the key Orange publishes."""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

PEM_START = "-----BEGIN"


def encrypt_pin(pin: str, public_key: object) -> str:
    """Return the PIN as base64 of RSA PKCS#1 v1.5; empty when `public_key` (PEM, or bare base64) is no RSA key."""
    if not isinstance(public_key, str):
        return ""
    try:
        if public_key.startswith(PEM_START):
            key = load_pem_public_key(public_key.encode())
        else:
            key = load_der_public_key(base64.b64decode(public_key, validate=True))
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        return ""
    if not isinstance(key, rsa.RSAPublicKey):
        return ""
    return base64.b64encode(key.encrypt(pin.encode(), padding.PKCS1v15())).decode("ascii")
