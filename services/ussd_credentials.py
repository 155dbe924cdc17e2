"""Credentials that a gateway sends with its requests: kept as keyed digests, compared in constant time."""

from core.security import input_mac, is_same


def digest_credential(gateway: str, name: str, value: str) -> str:
    """Return what is kept of a credential."""
    return input_mac("gateway credential", gateway, name, value).hex()


def is_credential(gateway: str, name: str, presented: str, kept: str) -> bool:
    """Say whether what was presented is what was agreed on."""
    return is_same(digest_credential(gateway, name, presented), kept)
