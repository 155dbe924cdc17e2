"""Histories: what happened to a thing, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ui.components.empty import sentence
from ui.labels import Tone, t, when
from ui.markup import Markup, icon, tag


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a history or of the live feed."""

    at: datetime
    title: str
    detail: str = ""
    icon: str = "circle"
    tone: Tone = Tone.NEUTRAL
    href: str = ""
    key: str = ""


def history(happenings: Sequence[Happening]) -> Markup:
    """Return the timeline of one thing."""
    if not happenings:
        return sentence(t("Aucun événement pour l'instant."), "history")
    return tag("ol", *map(_step, happenings), class_="history")


def _step(happening: Happening) -> Markup:
    title = tag("a", happening.title, href=happening.href) if happening.href else happening.title
    return tag(
        "li",
        tag("span", icon(happening.icon), class_=f"history-mark icon-tile-{happening.tone}"),
        tag(
            "span",
            tag("span", title, class_="line-title"),
            tag("span", happening.detail, class_="line-detail") if happening.detail else None,
            class_="history-words",
        ),
        tag("time", when(happening.at), datetime=happening.at.isoformat(), class_="caption"),
    )
