"""What narrows a view: a segmented control of a few choices, a search box, a drop-down that names what it holds."""

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from ui.components.buttons import symbol


def segments(choices: Mapping[str, str], value: str, on_change: Callable[[str], Any], *, label: str) -> ui.toggle:
    """Place a segmented control; `choices` maps a value to its word."""
    control = ui.toggle(dict(choices), value=value, on_change=lambda event: on_change(str(event.value)))
    control.props("no-caps flat :ripple=false").classes("segments")
    control.props["aria-label"] = label
    control.props["role"] = "group"
    return control


def search_box(placeholder: str, on_change: Callable[[str], Any], *, value: str = "") -> ui.input:
    """Place a search box; `on_change` comes once the typing rests."""
    box = ui.input(placeholder=placeholder, value=value, on_change=lambda event: on_change(str(event.value or "")))
    box.props("outlined dense debounce=300 clearable type=search").classes("search-box")
    box.props["aria-label"] = placeholder
    box.props["clear-icon"] = symbol("close")
    with box.add_slot("prepend"):
        ui.icon(symbol("search")).props("aria-hidden=true")
    return box


def choice(
    label: str, choices: Mapping[str, str], on_change: Callable[[str], Any], *, value: str = "", is_compact: bool = True
) -> ui.select:
    """Place a drop-down; an empty key means all."""
    box = ui.select(dict(choices), value=value, on_change=lambda event: on_change(str(event.value or "")))
    box.props(f"outlined dense options-dense dropdown-icon={symbol('expand_more')} popup-content-class=menu")
    box.classes("choice choice-compact" if is_compact else "choice")
    box.props["prefix"] = label
    box.props["aria-label"] = label
    return box


def day(label: str, on_change: Callable[[str], Any], *, value: str = "") -> ui.input:
    """Place a day that bounds a view; `on_change` gets `2026-11-21`, or nothing when it is cleared."""
    box = ui.input(value=value, on_change=lambda event: on_change(str(event.value or "")))
    box.props("outlined dense type=date debounce=300").classes("choice choice-compact choice-date")
    box.props["prefix"] = label
    box.props["aria-label"] = label
    return box
