"""A document as its editor holds it: plain data that may be wrong, where its texts and its targets are, how it changes.

Every change returns a new document; what a broken document lacks is skipped, never guessed.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import Refusal

Body = dict[str, Any]
Path = tuple[str | int, ...]

KINDS = ("menu", "list", "input", "confirm", "info", "end", "action", "route", "call")
HIDDEN = frozenset({"action", "route", "call"})
_DIRECT_TARGETS = ("to", "cancel", "differs", "else", "empty", "back")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


class ScreenNameRefused(Refusal):
    """The name of a screen is already taken, or is no name."""

    code = "nom_d_ecran_refuse"
    status = 422
    sentence = "Un nom d'écran est neuf, commence par une lettre et n'a que minuscules, chiffres et _ (32 au plus)."


def screens_of(body: Mapping[str, Any]) -> dict[str, Body]:
    """Return the screens that are mappings at all."""
    screens = body.get("screens")
    if not isinstance(screens, Mapping):
        return {}
    return {str(name): screen for name, screen in screens.items() if isinstance(screen, dict)}


def languages_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the languages of a document, its default one first."""
    given = body.get("languages")
    names = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
    default = body.get("default_language")
    first = [default] if isinstance(default, str) else []
    return tuple(dict.fromkeys([*first, *names])) or ("fr",)


def items(screen: Mapping[str, Any], field: str) -> list[Body]:
    """Return the options or rules of a screen that are mappings at all."""
    found = screen.get(field)
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def targets(screen: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield where a screen leads, in reading order: the place within it and the name of the screen."""
    for field in ("options", "rules"):
        for at, part in enumerate(items(screen, field)):
            if isinstance(part.get("to"), str):
                yield (field, at, "to"), part["to"]
    outcomes = screen.get("outcomes")
    if isinstance(outcomes, Mapping):
        yield from ((("outcomes", str(name)), to) for name, to in sorted(outcomes.items()) if isinstance(to, str))
    for field in _DIRECT_TARGETS:
        if isinstance(screen.get(field), str):
            yield (field,), screen[field]


def texts(screen: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield every text of a screen by its place; a bare string is the text of the default language."""
    for path in (("text",), ("row",)):
        yield from _text_at(path, screen.get(path[0]))
    for at, option in enumerate(items(screen, "options")):
        yield from _text_at(("options", at, "label"), option.get("label"))
    errors = screen.get("errors")
    if isinstance(errors, Mapping):
        for name, line in sorted(errors.items()):
            yield from _text_at(("errors", str(name)), line)


def _text_at(path: Path, value: object) -> Iterator[tuple[Path, dict[str, str]]]:
    if isinstance(value, str):
        yield path, {"": value}
    elif isinstance(value, Mapping):
        yield path, {str(language): str(text) for language, text in value.items()}


def place_of(screen: Mapping[str, Any], path: Path) -> str:
    """Name a place within a screen as lint does: `text`, `options.1`, `errors.invalid`, `outcomes.ok`."""
    match path:
        case ("options", int(at), *_):
            return f"options.{items(screen, 'options')[at].get('key', at + 1)}"
        case ("rules", int(at), *_):
            return f"rules.{at + 1}"
    return ".".join(map(str, path))


_WELCOMES = {"fr": "Bienvenue.", "en": "Welcome.", "ln": "Boyei malamu."}
_UNREVIEWED = ("ln",)  # our own words in it wait for a speaker


def begin(key: str, languages: Sequence[str]) -> Body:
    """Return the document of a menu that begins: one screen that greets and ends, in these languages."""
    waiting = [language for language in languages if language in _UNREVIEWED]
    return {
        "flow": key,
        "languages": list(languages),
        "default_language": languages[0],
        **({"unreviewed": waiting} if waiting else {}),
        "entry": "start",
        "goals": ["welcomed"],
        "screens": {
            "start": {
                "kind": "end",
                "text": {language: _WELCOMES[language] for language in languages},
                "goal": "welcomed",
            }
        },
    }


# Changes


def put(body: Body, path: Path, value: Any) -> Body:
    """Return the document with a value at a path; None, an empty text or an empty mapping takes the field away."""
    changed = copy.deepcopy(body)
    *way, last = path
    here: Any = changed
    for step in way:
        if isinstance(here, dict) and not isinstance(here.get(step), dict | list):
            here[step] = {}
        here = here[step]
    if isinstance(here, dict) and value in (None, "", {}, []):
        here.pop(last, None)
    else:
        here[last] = value
    return changed


def say(body: Body, path: Path, language: str, text: str) -> Body:
    """Return the document with a text in one language; a bare string becomes a text by language first."""
    here: Any = body
    for step in path:
        is_there = isinstance(here, dict) or (isinstance(here, list) and isinstance(step, int))
        here = (here.get(step) if isinstance(here, dict) else here[step]) if is_there else None
    spoken = {languages_of(body)[0]: here} if isinstance(here, str) else dict(here or {})
    return put(body, path, spoken | {language: text})


def fresh_name(body: Mapping[str, Any], wanted: str) -> str:
    """Return a name no screen has yet, as near to `wanted` as can be."""
    screens = screens_of(body)
    if wanted not in screens:
        return wanted
    stem = re.sub(r"_\d+$", "", wanted)[:29]
    return next(name for at in range(2, 10_000) if (name := f"{stem}_{at}") not in screens)


def add_screen(body: Body, name: str, kind: str) -> Body:
    """Return the document with a new screen of this kind, nothing written on it yet."""
    _require_name(body, name)
    return put(body, ("screens", name), _blank(kind, languages_of(body)))


def copy_screen(body: Body, name: str) -> tuple[Body, str]:
    """Return the document with a second one of a screen, and its name."""
    fresh = fresh_name(body, f"{name[:28]}_2" if not name.endswith("_2") else name)
    return put(body, ("screens", fresh), copy.deepcopy(screens_of(body)[name])), fresh


def delete_screen(body: Body, name: str) -> Body:
    """Return the document without a screen; what led to it still names it, and lint says so."""
    return put(body, ("screens", name), None)


def rename_screen(body: Body, name: str, new: str) -> Body:
    """Return the document with a screen under another name, and everything that led to it following."""
    if new == name:
        return body
    _require_name(body, new)
    changed = copy.deepcopy(body)
    changed["screens"] = {new if key == name else key: screen for key, screen in changed["screens"].items()}
    for key, screen in screens_of(changed).items():
        for path, to in list(targets(screen)):
            if to == name:
                changed = put(changed, ("screens", key, *path), new)
    return put(changed, ("entry",), new) if changed.get("entry") == name else changed


def add_option(body: Body, name: str) -> Body:
    """Return the document with one more option on a screen, under the first key that is free."""
    options = items(screens_of(body)[name], "options")
    taken = {option.get("key") for option in options}
    key = next(str(number) for number in range(1, 100) if str(number) not in taken)
    label = dict.fromkeys(languages_of(body), "")
    return put(body, ("screens", name, "options"), [*options, {"key": key, "label": label, "to": ""}])


def move_part(body: Body, name: str, field: str, at: int, step: int) -> Body:
    """Return the document with an option or a rule one place further up or down; keys stay with their options."""
    parts = list(items(screens_of(body)[name], field))
    to = at + step
    if not 0 <= to < len(parts):
        return body
    parts[at], parts[to] = parts[to], parts[at]
    return put(body, ("screens", name, field), parts)


def delete_part(body: Body, name: str, field: str, at: int) -> Body:
    """Return the document without an option or a rule."""
    parts = items(screens_of(body)[name], field)
    return put(body, ("screens", name, field), [part for place, part in enumerate(parts) if place != at])


def move_option(body: Body, name: str, at: int, to: str) -> Body:
    """Return the document with an option, and so all that is behind it, on another screen under a free key."""
    option = items(screens_of(body)[name], "options")[at]
    changed = add_option(delete_part(body, name, "options", at), to)
    options = items(screens_of(changed)[to], "options")
    taken = {other.get("key") for other in options[:-1]}
    key = option.get("key") if option.get("key") not in taken else options[-1]["key"]
    return put(changed, ("screens", to, "options"), [*options[:-1], option | {"key": key}])


def _require_name(body: Body, name: str) -> None:
    if _NAME.fullmatch(name) is None or name in screens_of(body):
        raise ScreenNameRefused


def _blank(kind: str, languages: tuple[str, ...]) -> Body:
    text = dict.fromkeys(languages, "")
    own: dict[str, Body] = {
        "menu": {"text": text, "options": []},
        "list": {"text": text, "rows": "", "row": dict(text), "to": ""},
        "input": {"type": "text", "var": "", "text": text, "to": ""},
        "confirm": {"text": text, "to": "", "cancel": ""},
        "action": {"run": "", "outcomes": {}},
        "route": {"rules": [], "else": ""},
        "call": {"flow": "", "outcomes": {}},
    }
    return {"kind": kind, **own.get(kind, {"text": text})}
