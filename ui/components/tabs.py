"""Tabs: words with the count of what is behind each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from ui.markup import show, tag


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab; `count` is written beside the word."""

    name: str
    label: str
    count: str = ""


def tabs(choices: Sequence[Tab], on_change: Callable[[str], Any], *, value: str = "") -> ui.tabs:
    """Place a row of tabs; `on_change` gets the chosen tab's name."""
    first: Any = value or choices[0].name  # a tab's name is a value; the toolkit's annotation forgets it
    row = ui.tabs(value=first, on_change=lambda event: on_change(str(event.value)))
    with row.props("no-caps inline-label align=left indicator-color=transparent :ripple=false").classes("tabs"):
        for choice in choices:
            with ui.tab(choice.name, label=choice.label).props(":ripple=false"):
                if choice.count:
                    show(tag("span", choice.count, class_="tab-count"), name="span")
    return row


def recount(row: ui.tabs, counts: Mapping[str, str]) -> None:
    """Write fresh counts beside the words of tabs that were drawn with one; whoever stands on a tab stays there."""
    for tab in row.default_slot.children:
        for shown in tab.default_slot.children:
            if isinstance(shown, ui.html) and tab.props["name"] in counts:
                shown.set_content(tag("span", counts[tab.props["name"]], class_="tab-count"))
