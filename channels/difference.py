"""What changes between two documents, as a reviewer reads it: screens, texts by language, targets, septets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from channels.document import languages_of, place_of, screens_of, targets, texts
from core import gsm7


class Change(StrEnum):
    """What became of a screen."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class TextChange:
    """One text in one language; empty where there is none."""

    place: str
    language: str
    before: str
    after: str

    @property
    def septets(self) -> int:
        """How much longer it became, in septets or UTF-16 units; shorter is negative."""
        return _size(self.after) - _size(self.before)


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A target or another field; empty where there is none."""

    place: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ScreenChange:
    """One screen that is not what it was."""

    name: str
    kind: str
    change: Change
    texts: tuple[TextChange, ...]
    targets: tuple[ValueChange, ...]
    others: tuple[ValueChange, ...]

    @property
    def septets(self) -> int:
        """How much longer its texts became, over all languages."""
        return sum(text.septets for text in self.texts)


@dataclass(frozen=True, slots=True)
class Difference:
    """All of it; `settings` is what changed outside the screens."""

    screens: tuple[ScreenChange, ...]
    settings: tuple[ValueChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both say the same."""
        return not self.screens and not self.settings

    def count(self, change: Change) -> int:
        """Count the screens that were added, removed or changed."""
        return sum(screen.change is change for screen in self.screens)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Difference:
    """Return what `after` changes; screens in the order of their names, what was added and removed among them."""
    old, new = screens_of(before), screens_of(after)
    first = languages_of(after)[0]
    changes = [_compare(name, old.get(name), new.get(name), first) for name in sorted(old.keys() | new.keys())]
    names = sorted((before.keys() | after.keys()) - {"screens"})
    return Difference(tuple(filter(None, changes)), _values({n: before.get(n) for n in names}, after, names))


def _compare(name: str, old: dict[str, Any] | None, new: dict[str, Any] | None, first: str) -> ScreenChange | None:
    if old == new:
        return None
    change = Change.ADDED if old is None else Change.REMOVED if new is None else Change.CHANGED
    was, now = old or {}, new or {}
    said_before, said_after = _said(was, first), _said(now, first)
    led_before, led_after = _led(was), _led(now)
    rest_before, rest_after = _rest(was), _rest(now)
    return ScreenChange(
        name,
        str(now.get("kind") or was.get("kind") or ""),
        change,
        tuple(
            TextChange(*place, said_before.get(place, ""), said_after.get(place, ""))
            for place in dict.fromkeys([*said_before, *said_after])
            if said_before.get(place) != said_after.get(place)
        ),
        _values(led_before, led_after, list(dict.fromkeys([*led_before, *led_after]))),
        _values(rest_before, rest_after, sorted(rest_before.keys() | rest_after.keys())),
    )


def _said(screen: Mapping[str, Any], first: str) -> dict[tuple[str, str], str]:
    return {
        (place_of(screen, path), language or first): text
        for path, spoken in texts(screen)
        for language, text in spoken.items()
    }


def _led(screen: Mapping[str, Any]) -> dict[str, str]:
    return {place_of(screen, path): to for path, to in targets(screen)}


def _rest(screen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is neither a text nor a target: kind, type, action, conditions, values, the order of options."""
    hidden = {"text", "row", "errors", "options", "rules", "outcomes", "to", "cancel", "differs", "else", "empty"}
    rest = {name: value for name, value in screen.items() if name not in {*hidden, "back"}}
    for field in ("options", "rules"):
        parts = screen.get(field)
        for at, part in enumerate(parts if isinstance(parts, list) else ()):
            if isinstance(part, Mapping):
                place = place_of(screen, (field, at))
                rest |= {f"{place}.{name}": value for name, value in part.items() if name in {"if", "set"}}
    keys = [str(part.get("key")) for part in screen.get("options", ()) if isinstance(part, Mapping)]
    return rest | ({"options": keys} if keys else {})


def _values(before: Mapping[str, Any], after: Mapping[str, Any], names: list[str]) -> tuple[ValueChange, ...]:
    return tuple(
        ValueChange(name, _written(before.get(name)), _written(after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    )


def _written(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _size(text: str) -> int:
    return gsm7.measure(gsm7.fold(text)).size
