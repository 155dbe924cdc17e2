"""The waiting list: what needs this person now, most urgent first, one button each."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.components.chips import tile_icon
from ui.components.empty import sentence
from ui.labels import Tone, t
from ui.markup import Markup, tag


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits: what, who, how much, and the one way on."""

    title: str
    detail: str | Markup
    action: str
    href: str
    icon: str
    tone: Tone = Tone.NEUTRAL
    figure: Markup | str = ""
    figure_note: str = ""
    is_decision: bool = False


def waiting_list(things: Sequence[Waiting]) -> Markup:
    """Return the list; with nothing in it, a sentence that says so."""
    if not things:
        return sentence(t("Rien ne vous attend. Ce qui demandera votre décision paraîtra ici."), "task_alt")
    return tag("ul", *map(_line, things), class_="waiting")


def _line(thing: Waiting) -> Markup:
    kind = "primary" if thing.is_decision else "secondary"
    end = tag(
        "span",
        thing.figure,
        tag("span", thing.figure_note, class_="caption") if thing.figure_note else None,
        class_="waiting-figure",
    )
    return tag(
        "li",
        tile_icon(thing.icon, thing.tone),
        tag(
            "span",
            tag("span", thing.title, class_="line-title"),
            tag("span", thing.detail, class_="line-detail"),
            class_="waiting-words",
        ),
        end if thing.figure else None,
        tag(
            "a",
            thing.action,
            href=thing.href,
            class_=f"button button-{kind}",
            aria_label=f"{thing.action}: {thing.title}",
        ),
        class_="waiting-line",
    )
