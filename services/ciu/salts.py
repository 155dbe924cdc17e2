"""The salt of the codes: made once, never shown again, and refused when anybody could guess it."""

import secrets
from dataclasses import dataclass

SALT_SIZE_BYTES = 32
SHORTEST_SALT = 16
PLACEHOLDER = "[À COMPLÉTER"
# Printed in the document every installation starts from: anybody has it.
PUBLISHED = "xY9kL2mN4pQ6rS8tU0vW1xY3zA5bC7dE9fG1hI3jK5"


@dataclass(frozen=True, slots=True)
class SaltFault:
    """What is wrong with a salt; `is_warning` lets development go on."""

    rule: str
    sentence: str
    is_warning: bool = False


def make_salt() -> str:
    """Return 32 random bytes as URL-safe base64 without padding."""
    return secrets.token_urlsafe(SALT_SIZE_BYTES)


def find_salt_fault(salt: str, environment: str) -> SaltFault | None:
    """Return what is wrong with a salt, or None; the sentence never shows it."""
    if len(salt) < SHORTEST_SALT:
        return SaltFault("length", f"Configuration error: UIC salt must be at least {SHORTEST_SALT} characters")
    if salt.startswith(PLACEHOLDER):
        return SaltFault("placeholder", "Configuration error: UIC salt is still the placeholder")
    if salt.isalpha() or salt.isdecimal():
        return SaltFault("mixed", "Configuration error: UIC salt must mix letters with digits or symbols")
    if salt == PUBLISHED:
        sentence = "Configuration error: UIC salt is the one printed in the guide"
        return SaltFault("published", sentence, is_warning=environment not in {"production", "staging"})
    return None
