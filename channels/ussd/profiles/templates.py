"""Templates of answers: data with names in braces, and one choice. No expression beyond that.

A text that is one placeholder gives the value itself (a boolean stays one, None leaves the member out); JSON and XML
are then built and escaped by their encoders, never by pasting.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

NAMES = frozenset(
    {"text", "more", "closes", "first", "restarted", "ucs2", "word", "session", "next", "address", "transaction"}
)
FAMILIES = ("raw.", "echo.", "screen.")

Facts = Callable[[str], Any]
Filled = Callable[[Facts], Any]

_PLACE = re.compile(r"\{(choose\([^{}()]*\)|[a-z_]+(?:\.[A-Za-z0-9_.-]+)?)\}")
_CHOICE = re.compile(r"choose\(([a-z0-9_]+),\s*([^,]*?)\s*,\s*([^,]*?)\s*\)")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two values, by a fact that is true or false."""

    fact: str
    so: str
    otherwise: str


def parse_place(place: str) -> Choice | str:
    """Read what stands between two braces."""
    choice = _CHOICE.fullmatch(place)
    return Choice(*choice.groups()) if choice else place


def pieces_of(template: str) -> Iterator[tuple[str, Choice | str | None]]:
    """Cut a text into what stands as it is and the places behind each piece."""
    end = 0
    for match in _PLACE.finditer(template):
        yield template[end : match.start()], parse_place(match.group(1))
        end = match.end()
    yield template[end:], None


def leaves(template: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give every text of a template with the way that leads to it."""
    if isinstance(template, Mapping):
        for name, value in template.items():
            yield from leaves(value, (*path, str(name)))
    elif isinstance(template, str):
        yield path, template


def names_of(templates: list[Any]) -> set[str]:
    """Return every fact that templates name, those between which a choice is made too."""
    names: set[str] = set()
    for template in templates:
        for _, text in leaves(template):
            for _, place in pieces_of(text):
                if isinstance(place, Choice):
                    names |= {place.fact, *(end for end in (place.so, place.otherwise) if end.startswith("raw."))}
                elif place is not None:
                    names.add(place)
    return names


def check_template(templates: list[Any]) -> None:
    """Raise `ValueError` when a template names what there is not."""
    for name in sorted(names_of(templates)):
        if name not in NAMES and not name.startswith(FAMILIES):
            raise ValueError(f"{{{name}}} n'existe pas")


def compile_template(template: Any) -> Filled:
    """Turn a template into a function of the facts; read once, filled at every answer."""
    if isinstance(template, Mapping):
        members = [(name, compile_template(value)) for name, value in template.items()]
        return lambda facts: {name: value for name, fill in members if (value := fill(facts)) is not None}
    if not isinstance(template, str):
        return lambda _facts: template
    pieces = list(pieces_of(template))
    if len(pieces) == 2 and not pieces[0][0] and not pieces[1][0] and pieces[0][1] is not None:  # noqa: PLR2004
        return _value(pieces[0][1], keeps_type=True)
    parts: list[str | Filled] = []
    for text, place in pieces:
        parts.append(text)
        if place is not None:
            parts.append(_value(place, keeps_type=False))
    return lambda facts: "".join(part if isinstance(part, str) else _said(part(facts)) for part in parts)


def _said(value: Any) -> str:
    return "" if value is None else str(value)


def _value(place: Choice | str, *, keeps_type: bool) -> Filled:
    if isinstance(place, str):
        return lambda facts: facts(place)
    so, otherwise = _constant(place.so, keeps_type=keeps_type), _constant(place.otherwise, keeps_type=keeps_type)
    return lambda facts: (so if facts(place.fact) else otherwise)(facts)


def _constant(text: str, *, keeps_type: bool) -> Filled:
    if text.startswith("raw."):
        return lambda facts: facts(text)
    value = yaml.safe_load(text) if keeps_type else text
    return lambda _facts: value
