"""How long a screen gets while it is written: worst case by language, its pages, the characters that break it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from channels.document import Body, languages_of
from channels.flow import VISIBLE, Flow, Screen, parse_flow
from channels.lint import Facts
from channels.lint.words import Longest
from channels.values import Placeholder, size_in
from core import gsm7
from core.gsm7 import Coding

_SAMPLE = "Marie-Claire Ngo Mbadinga Nkolo "
_BRAND = "Nom de votre service "
_MONEY = "999 999 999 999 FCFA"
_PHONE = "+237699999999"


@dataclass(frozen=True, slots=True)
class Gauge:
    """One screen in one language, every variable at its longest; `size` is that of its fullest page.

    `excess` is by how much it, or one line of it, is too long; `is_foreign`, that some letter of it no phone has.
    """

    language: str
    coding: Coding
    size: int
    most: int
    pages: tuple[str, ...]
    excess: int
    is_foreign: bool

    @property
    def is_right(self) -> bool:
        """Whether it goes out as it is written."""
        return self.excess <= 0 and not self.is_foreign


@dataclass(frozen=True, slots=True)
class Mark:
    """A character that is not in the alphabet of phones; `fold` is what is sent instead, None when nothing can be."""

    at: int
    character: str
    fold: str | None


def weigh(body: Mapping[str, Any], name: str, facts: Facts) -> tuple[Gauge, ...]:
    """Return the gauges of a screen by language; none while it is not a screen, or one nobody sees."""
    flow = _flow_of(body, name)
    if flow is None:
        return ()
    screen = flow.screens[name]
    if not isinstance(screen, VISIBLE):
        return ()
    return tuple(_gauge(Plausible(flow, facts, language), screen) for language in flow.languages)


def weigh_line(body: Mapping[str, Any], text: str, facts: Facts) -> int:
    """Return the size of one text at its longest, in septets or UTF-16 units; it need not stand on a screen."""
    header = {"flow": "x", "languages": ["fr"], "default_language": "fr", "entry": "x", "screens": {}}
    try:
        flow = parse_flow(header | {"variables": body.get("variables", {})})
    except ValidationError:
        flow = parse_flow(header)
    return gsm7.measure(Longest(flow, facts, "fr").say({"fr": text})).size


def marks(text: str) -> tuple[Mark, ...]:
    """Return the characters of a text that folding changes or cannot save, where they stand."""
    found: list[Mark] = []
    for at, character in enumerate(text):
        if not gsm7.is_gsm7(character):
            fold = gsm7.fold(character)
            found.append(Mark(at, character, fold if gsm7.is_gsm7(fold) else None))
    return tuple(found)


class Plausible(Longest):
    """The longest values again, but such as a person has: what a preview shows."""

    def fill(self, placeholder: Placeholder, septets: int) -> str:
        """Return a value of this many septets."""
        declared = self.flow.variables.get(placeholder.name)
        kind = declared.type if declared is not None else ""
        if placeholder.filter == "money" or kind == "money":
            return _MONEY[-septets:].lstrip().rjust(septets, "9") if septets <= len(_MONEY) else "9" * septets
        if placeholder.filter == "phone" or kind == "phone":
            return _PHONE.ljust(septets, "9")[:septets]
        sample = _BRAND if placeholder.name in self.facts.givens else _SAMPLE
        return (sample * (septets // len(sample) + 1))[: septets - 1] + "a"


def _flow_of(body: Mapping[str, Any], name: str) -> Flow | None:
    """Return a flow of this one screen, so that what is wrong elsewhere does not blind the meter."""
    screens = body.get("screens")
    if not isinstance(screens, Mapping) or name not in screens:
        return None
    alone: Body = {**body, "screens": {name: screens[name]}}
    languages = list(languages_of(body))
    minimal = {"flow": "x", "languages": languages, "default_language": languages[0], "entry": name}
    for candidate in (alone, minimal | {"screens": alone["screens"]}):
        try:
            return parse_flow(candidate)
        except ValidationError:
            continue
    return None


def _gauge(longest: Longest, screen: Screen) -> Gauge:
    pages = longest.pages(screen)
    sizes = [size_in(page.text, pages.coding) for page in pages.pages]
    most = longest.facts.limits.of(pages.coding)
    excess = max(longest.excess(screen), 0)
    return Gauge(
        longest.language,
        pages.coding,
        max(sizes),
        most,
        tuple(page.text for page in pages.pages),
        excess,
        is_foreign=pages.coding is Coding.UCS2 and not longest.facts.is_ucs2,
    )
