"""What a step of a scripted dialogue expects of a screen: written from one that was seen, compared with another."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# What changes from one walk to the next: amounts and balances, references, dates and hours.
_CHANGING = re.compile(r"\b[A-Z]{2,3}-[A-Z0-9]{4,}\b|\d[\d .,:/]*\d(?:F\b)?|\b(?=[A-Z0-9]*\d)[A-Z0-9]{6,}\b")
SHORTEST_PART = 3


def expect(text: str, *, has_more: bool) -> dict[str, Any]:
    """Return what another walk of the same way must show: the text, but for figures and references."""
    if _CHANGING.search(text) is None:
        return {"continue": has_more, "equals": text}
    parts = [part.strip(" ") for part in _CHANGING.split(text)]
    kept = [part for part in dict.fromkeys(parts) if len(part) >= SHORTEST_PART]
    return {"continue": has_more, "contains": kept}


def differences(expected: Mapping[str, Any], text: str, *, has_more: bool) -> Iterator[str]:
    """Give what a screen has other than expected."""
    if has_more is not expected["continue"]:
        yield f"continue: {has_more}"
    if "equals" in expected and text != expected["equals"]:
        yield f"{text!r}, {expected['equals']!r}"
    if not text.startswith(expected.get("starts", "")):
        yield f"{text!r}, {expected['starts']!r}…"
    yield from (f"{text!r}, …{part!r}…" for part in expected.get("contains", ()) if part not in text)
    yield from (f"{text!r}, ≠ {part!r}" for part in expected.get("absent", ()) if part in text)
