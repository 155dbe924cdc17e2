"""Masking: what must never stand in a log is replaced before the line exists."""

import re
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

DOTS = "•••••"
SECRET_WORDS = frozenset(
    {"pin", "password", "passwd", "secret", "token", "text", "input", "authorization", "cookie", "otp", "transcript"}
)
SECRET_NAMES = frozenset({"api_key", "apikey", "x_api_key", "private_key", "session_cookie"})
_WORDS = "|".join(sorted(SECRET_WORDS | SECRET_NAMES))

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_DIGITS = re.compile(rf"{_UUID}|\+\d(?:[\s().-]*\d){{6,}}|(?<![\d.])\d(?:[\s\u202f\u00a0]?\d){{7,}}", re.IGNORECASE)
_EMAIL = re.compile(r"([\w.+-])[\w.+-]*@([\w-]+(?:\.[\w-]+)+)")
# Every rule below needs one of these signs: a text without any is clean, and most texts of a log are.
_SIGNS = re.compile(r"[\[=:@+\s]|\d{8}")
_RULES = (
    (re.compile(r"\[parameters: .*?\](?=\n|$)", re.DOTALL), f"[parameters: {DOTS}]"),  # SQLAlchemy
    (re.compile(r"input_value=.*?, input_type", re.DOTALL), f"input_value={DOTS}, input_type"),  # pydantic
    (re.compile(r"(DETAIL: +).*"), rf"\g<1>{DOTS}"),  # PostgreSQL shows the row it refused
    (re.compile(r"(://[^\s:/@]*:)[^\s@]+@"), rf"\g<1>{DOTS}@"),  # the password of an address
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE), rf"\g<1> {DOTS}"),
    (
        re.compile(rf"""(\b[\w-]*(?:{_WORDS})\b["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s&,;)\]}}]+)""", re.IGNORECASE),
        rf"\g<1>{DOTS}",
    ),
)


def mask(value: Any, name: str = "") -> Any:
    """Return `value` fit for a log: secrets by their name, phones, e-mails and long numbers by their form."""
    if is_secret(name):
        return DOTS
    match value:
        case Mapping():
            return {key: mask(inner, str(key)) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [mask(inner) for inner in value]
        case bool() | int() | float() | None | UUID() | date() | Enum() | Path():
            return value
        case bytes():
            return f"{len(value)} octets"
    return mask_text(str(value))


def mask_text(text: str) -> str:
    """Return `text` without phones, e-mails, long numbers and what stands behind a secret's name."""
    if _SIGNS.search(text) is None:
        return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = _EMAIL.sub(rf"\1{DOTS}@\2", text)
    return _DIGITS.sub(_mask_digits, text)


@lru_cache(4096)
def is_secret(name: str) -> bool:
    """Say whether a field of this name is hidden whatever it holds."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]
    return "_".join(words) in SECRET_NAMES or not SECRET_WORDS.isdisjoint(words)


def _mask_digits(match: re.Match[str]) -> str:
    found = match.group()
    return found if re.fullmatch(_UUID, found, re.IGNORECASE) else f"{DOTS}{found[-2:]}"
