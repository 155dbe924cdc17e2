"""The outline of a document: every screen once, under the shortest way that leads to it, in reading order."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels.document import HIDDEN, items, languages_of, screens_of, targets

LONGEST_LABEL = 60


@dataclass(frozen=True, slots=True)
class Leaf:
    """One screen in the outline; `via` is the key or outcome that leads to it, `parent` empty at the top.

    `is_loose` is a screen nothing leads to.
    """

    name: str
    kind: str
    label: str
    depth: int
    parent: str
    via: str
    is_loose: bool = False

    @property
    def is_visible(self) -> bool:
        """Whether a person sees this screen."""
        return self.kind not in HIDDEN


def outline(body: Mapping[str, Any]) -> tuple[Leaf, ...]:
    """Return the screens of a document in reading order, then those nothing leads to."""
    screens = screens_of(body)
    language = languages_of(body)[0]
    entry = str(body.get("entry", ""))
    found = _walk(screens, [entry] if entry in screens else [])
    loose = [name for name in sorted(screens) if name not in found]
    leaves = _print(screens, found, language, entry) if entry in screens else []
    while loose:
        # A loose branch keeps its own shape: what hangs on a loose screen stands under it.
        top = next((name for name in loose if not _is_led_to(screens, name, loose)), loose[0])
        branch = {name: step for name, step in _walk(screens, [top]).items() if name in loose}
        leaves += _print(screens, branch, language, top, is_loose=True)
        loose = [name for name in loose if name not in branch]
    return tuple(leaves)


def leading_to(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return the screens that lead to one."""
    return tuple(
        other for other, screen in sorted(screens_of(body).items()) if any(to == name for _, to in targets(screen))
    )


def matches(body: Mapping[str, Any], sought: str) -> frozenset[str]:
    """Return the screens that hold these words: in their name, a text of any language, an action."""
    word = sought.casefold().strip()
    return frozenset(
        name
        for name, screen in screens_of(body).items()
        if not word or word in name.casefold() or any(word in value.casefold() for value in _strings(screen))
    )


def _strings(part: object) -> list[str]:
    if isinstance(part, str):
        return [part]
    if isinstance(part, Mapping):
        return [found for value in part.values() for found in _strings(value)]
    return [found for value in part for found in _strings(value)] if isinstance(part, list) else []


def _is_led_to(screens: Mapping[str, Mapping[str, Any]], name: str, among: list[str]) -> bool:
    return any(to == name for other in among if other != name for _, to in targets(screens[other]))


def _walk(screens: Mapping[str, Mapping[str, Any]], starts: list[str]) -> dict[str, tuple[str, str]]:
    """Return, by screen, the one before it on the shortest way and what leads on from there."""
    found = dict.fromkeys(starts, ("", ""))
    queue = deque(starts)
    while queue:
        here = queue.popleft()
        for path, to in targets(screens[here]):
            if to in screens and to not in found and path != ("back",):
                found[to] = (here, _via(screens[here], path))
                queue.append(to)
    return found


def _via(screen: Mapping[str, Any], path: tuple[str | int, ...]) -> str:
    match path:
        case ("options", int(at), *_):
            return str(items(screen, "options")[at].get("key", ""))
        case ("outcomes", name):
            return str(name)
        case ("rules", *_):
            return "si"
    return {"else": "sinon", "cancel": "0", "empty": "vide", "differs": "≠"}.get(str(path[0]), "")


def _print(
    screens: Mapping[str, Mapping[str, Any]],
    found: Mapping[str, tuple[str, str]],
    language: str,
    top: str,
    *,
    is_loose: bool = False,
) -> list[Leaf]:
    children: dict[str, list[str]] = {}
    for name, (parent, _) in found.items():
        children.setdefault(parent, []).append(name)
    leaves: list[Leaf] = []
    stack = [(top, 0)]
    while stack:
        name, depth = stack.pop()
        screen = screens[name]
        parent, via = found[name]
        label = _label(screen, language)
        leaves.append(Leaf(name, str(screen.get("kind", "")), label, depth, parent, via, is_loose))
        stack += [(child, depth + 1) for child in reversed(children.get(name, [])) if child != top]
    return leaves


def _label(screen: Mapping[str, Any], language: str) -> str:
    """Return the first line of what a screen says, or what it does."""
    text = screen.get("text")
    said = text if isinstance(text, str) else text.get(language) if isinstance(text, Mapping) else None
    if not said:
        said = screen.get("run") or screen.get("flow") or ""
    return str(said).partition("\n")[0][:LONGEST_LABEL]
