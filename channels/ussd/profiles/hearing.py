"""An answer read back as its gateway does: what stands on the phone, and whether the dialogue goes on."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from channels.ussd.profiles.model import Profile
from channels.ussd.profiles.templates import Choice, leaves, pieces_of

LINKS = "{screen.links}"
_OPPOSITE = {"closes"}
_DECIDES = {"more", "closes"}


@dataclass(frozen=True, slots=True)
class Heard:
    """What the gateway understood of an answer."""

    text: str
    has_more: bool
    word: str = ""


def hear(profile: Profile, body: bytes, headers: Mapping[str, str], words: tuple[str, str]) -> Heard | None:
    """Read an answer; None when it is none of this profile's."""
    if profile.reply.type == "xhtml":
        return _hear_page(body)
    observed = _observed(profile, body)
    if observed is None:
        return None
    own = {name.lower(): value for name, value in headers.items()}
    told = [(text, observed.get(way)) for way, text in leaves(profile.reply.body)]
    told += [(text, own.get(name.lower())) for name, text in profile.reply.headers.items()]
    said: str | None = None
    goes_on: bool | None = None
    word = ""
    for template, value in told:
        match = re.fullmatch(_pattern(template, words), value) if value is not None else None
        if value is not None and match is None:
            return None
        found = match.groupdict() if match else {}
        said = found.get("text", said)
        if found.get("so") is not None or found.get("over") is not None:
            goes_on = found.get("so") is not None
            word = found.get("so") or found.get("over") or ""
    if said is None:
        return None
    return Heard("\n".join([said, *_links(profile, body)]), True if goes_on is None else goes_on, word)


def _pattern(template: str, words: tuple[str, str]) -> str:
    parts = []
    for text, place in pieces_of(template):
        parts.append(re.escape(text))
        if place in {"text", "screen.title"}:
            parts.append(r"(?P<text>[\s\S]*)")
        elif place == "word":
            parts.append(_either(*words))
        elif isinstance(place, str) and place in _DECIDES:
            parts.append(_either("false", "true") if place in _OPPOSITE else _either("true", "false"))
        elif isinstance(place, Choice) and place.fact in _DECIDES and not place.so.startswith("raw."):
            so, over = (place.otherwise, place.so) if place.fact in _OPPOSITE else (place.so, place.otherwise)
            parts.append(_either(so, over))
        elif place is not None:
            parts.append(r"[\s\S]*")
    return "".join(parts)


def _links(profile: Profile, body: bytes) -> list[str]:
    """Return what stands beside the text as links, numbered as the network shows them."""
    template = profile.reply.body
    named = [name for name, text in template.items() if text == LINKS] if isinstance(template, dict) else []
    return [f"{link['id']}. {link['content']}" for name in named for link in json.loads(body).get(name) or ()]


def _either(so: str, over: str) -> str:
    return f"(?:(?P<so>{re.escape(so)})|(?P<over>{re.escape(over)}))"


def _observed(profile: Profile, body: bytes) -> dict[tuple[str, ...], str] | None:
    try:
        match profile.reply.type:
            case "text":
                return {(): body.decode()}
            case "json":
                return _flat(json.loads(body))
            case _:
                root = ET.fromstring(body)  # noqa: S314  # our own answer
                return {(root.tag, child.tag): child.text or "" for child in root}
    except (ValueError, ET.ParseError):
        return None


def _flat(value: Any, way: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    if isinstance(value, dict):
        return {place: text for name, member in value.items() for place, text in _flat(member, (*way, name)).items()}
    return {way: str(value).lower() if isinstance(value, bool) else str(value)}


def _hear_page(body: bytes) -> Heard | None:
    try:
        root = ET.fromstring(body)  # noqa: S314  # our own answer
    except ET.ParseError:
        return None
    page = root.find("body")
    if page is None:
        return None
    lines = [page.text or ""]
    for part in page:
        if part.tag == "br" and part.tail:
            lines.append(part.tail)
        elif part.tag == "a":
            lines.append(f"{part.get('accesskey')}. {part.text or ''}")
    return Heard("\n".join(lines), root.find("head/meta") is None)
