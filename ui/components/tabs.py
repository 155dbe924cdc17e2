"""Tabs: words with the count of what is behind each."""

from collections.abc import Callable, Sequence
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
