"""Screens as they stood on a phone, side by side in the order they were seen, each with what was typed on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.labels import Tone, t
from ui.markup import Markup, icon, tag


@dataclass(frozen=True, slots=True)
class PhoneScreen:
    """One screen; `typed` is what led to it, `note` how it travelled, `mark` what was odd about it."""

    number: int
    name: str
    typed: str
    text: str
    note: str
    mark: str = ""
    tone: Tone = Tone.NEUTRAL


def phone_screens(screens: Sequence[PhoneScreen]) -> Markup:
    """Return the row of screens."""
    return tag("ol", *map(_screen, screens), class_="phone-screens")


def _screen(screen: PhoneScreen) -> Markup:
    typed = tag("span", icon("keyboard_return"), tag("span", screen.typed or t("Appel")), class_="phone-typed")
    head = tag("span", tag("span", screen.name, class_="line-title"), tag("span", str(screen.number), class_="caption"))
    mark = tag("span", screen.mark, class_=f"chip chip-{screen.tone}") if screen.mark else None
    foot = tag("span", tag("span", screen.note, class_="caption"), mark, class_="phone-foot")
    text = tag("pre", screen.text, class_="phone-text", tabindex="0")
    return tag("li", typed, tag("span", head, class_="phone-head"), text, foot, class_="phone-screen")
