"""What is kept of a call: the order, the word of the switch, the proof; no name, no full identifier, no header.

A paid answer keeps at most 4 KiB, any other 16 KiB, each way.
"""

import json
from typing import Any

from core.masking import DOTS
from core.phone import mask_phone
from providers.mojaloop.reading import section

LARGEST_BYTES, LARGEST_PAID_BYTES = 16 * 1024, 4 * 1024
_DROPPED = frozenset(
    {"headers", "ilpPacket", "personalInfo", "prepare", "getPartiesResponse", "requestPartiesInformationState"}
)
_NAMES = frozenset({"name", "firstName", "middleName", "lastName", "displayName", "dateOfBirth"})
_IDENTIFIERS = frozenset({"idValue", "partyIdentifier", "idSubValue"})
_KEPT_OF_PAID = ("homeTransactionId", "transferId", "currentState", "currency", "amount", "quoteId", "to")
_SHORTEST_HIDDEN = 4
_ENDS = 2


def kept(body: bytes, identifiers: tuple[str, ...], *, is_paid: bool = False) -> str:
    """Return a body fit to be stored; `identifiers` are masked wherever they stand, also inside a message."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        text = body[:LARGEST_BYTES].decode("utf-8", "replace").replace("\0", "")
    else:
        shown = _paid(section(document)) if is_paid else _without_persons(document)
        text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
        text = text.encode("utf-8", "replace").decode("utf-8").replace("\\u0000", "")
    return masked(text, identifiers)[: LARGEST_PAID_BYTES if is_paid else LARGEST_BYTES]


def masked(text: str, identifiers: tuple[str, ...]) -> str:
    """Return `text` with every identifier in its short form."""
    for value in sorted(set(identifiers), key=len, reverse=True):
        if len(value) >= _SHORTEST_HIDDEN:
            text = text.replace(value, short(value))
    return text


def short(value: str) -> str:
    """Return the form of an identifier that may be kept: `22901****01` of a number, the two ends of anything else."""
    if value.isdecimal() and value.isascii():
        found = mask_phone(f"+{value}").removeprefix("+")
        if found != value:
            return found
    return f"{value[:_ENDS]}{DOTS}{value[-_ENDS:]}" if len(value) > 2 * _ENDS else DOTS


def _paid(document: Any) -> dict[str, Any]:
    record = {name: document[name] for name in _KEPT_OF_PAID if name in document}
    quote, fulfil = section(document.get("quoteResponse")), section(document.get("fulfil"))
    if quote:
        record["quoteResponse"] = {"body": quote.get("body")}
    if fulfil:
        record["fulfil"] = {"body": fulfil.get("body")}
    return section(_without_persons(record))  # type: ignore[return-value]


def _without_persons(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _leaf(key, inner)
            for key, inner in value.items()
            if key not in _DROPPED and not (key.startswith("get") and key.endswith("Request"))
        }
    return [_without_persons(inner) for inner in value] if isinstance(value, list) else value


def _leaf(key: str, inner: Any) -> Any:
    if key in _NAMES and isinstance(inner, str):
        return DOTS
    if key in _IDENTIFIERS and isinstance(inner, str):
        return short(inner)
    return _without_persons(inner)
