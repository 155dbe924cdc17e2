"""Empty states: one sentence that says what will appear, and one button to begin."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from ui.components import buttons
from ui.markup import Markup, icon, show, tag


def sentence(text: str, icon_name: str = "inbox") -> Markup:
    """Return an empty state that offers no step."""
    return tag("div", icon(icon_name, class_="empty-icon"), tag("p", text), class_="empty")


def empty(
    text: str, *, icon: str = "inbox", action: str = "", on_click: Callable[..., Any] | None = None, href: str = ""
) -> None:
    """Place an empty state with its first step."""
    with ui.element("div").classes("empty-place"):
        show(sentence(text, icon))
        if action:
            buttons.secondary(action, on_click, href=href)
