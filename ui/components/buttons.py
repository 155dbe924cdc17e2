"""Buttons: one primary act a view, named with its amount; the rest secondary or quiet."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

OnClick = Callable[..., Any]


def primary(text: str, on_click: OnClick | None = None, *, icon: str = "", href: str = "") -> ui.button:
    """Place the one act of this view."""
    return _button(text, on_click, "primary", icon=icon, href=href)


def secondary(text: str, on_click: OnClick | None = None, *, icon: str = "", href: str = "") -> ui.button:
    """Place another act, bordered."""
    return _button(text, on_click, "secondary", icon=icon, href=href)


def quiet(text: str, on_click: OnClick | None = None, *, icon: str = "", href: str = "") -> ui.button:
    """Place an act that is only words."""
    return _button(text, on_click, "quiet", icon=icon, href=href)


def danger(text: str, on_click: OnClick | None = None, *, icon: str = "") -> ui.button:
    """Place the act that destroys, in a dialog that had the name typed."""
    return _button(text, on_click, "danger", icon=icon)


def soft(text: str, on_click: OnClick | None = None, *, icon: str = "check") -> ui.button:
    """Place the one action of a phone's list row: a block the thumb cannot miss."""
    return _button(text, on_click, "soft", icon=icon)


def icon_only(icon: str, label: str, on_click: OnClick | None = None, *, is_bordered: bool = False) -> ui.button:
    """Place a button that is an icon; `label` is what it does, said to a screen reader and under the pointer."""
    button = _button("", on_click, "icon button-bordered" if is_bordered else "icon", icon=icon)
    button.props["aria-label"] = label
    button.props["title"] = label
    return button


def name_in_row(button: ui.button, thing: str) -> None:
    """Say to a screen reader which row a button belongs to, where each row has the same one."""
    button.props["aria-label"] = f"{button.text}, {thing}"


def _button(text: str, on_click: OnClick | None, kind: str, *, icon: str = "", href: str = "") -> ui.button:
    button = ui.button(text, on_click=on_click, color=None, icon=symbol(icon) if icon else None)
    button.props("unelevated no-caps :ripple=false").classes(f"button button-{kind}")
    if href:
        button.props["href"] = href
    return button


def symbol(name: str) -> str:
    """Return Quasar's name of one of our icons."""
    return f"sym_o_{name}"
