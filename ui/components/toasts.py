"""Toasts: what happened, with «Annuler» where it can be undone."""

from collections.abc import Callable
from typing import Any

from nicegui import context, ui

from core.ids import new_id
from ui.components.buttons import symbol
from ui.labels import t

SHOWN_MS = 6_000


def done(text: str) -> None:
    """Say that something was done."""
    _toast(text, "check_circle", "toast toast-done")


def refused(text: str) -> None:
    """Say why something was refused; it stays until it is read."""
    _toast(text, "error", "toast toast-refused", timeout=2 * SHOWN_MS)


def undoable(text: str, on_undo: Callable[[], Any]) -> None:
    """Say that something was done and offer to undo it; the handler runs on this page, once."""
    event = f"undo-{new_id()}"
    ui.on(event, on_undo, [])
    action = {
        "label": t("Annuler"),
        "class": "toast-action",
        "color": "inherit",
        ":handler": f"() => emitEvent('{event}')",
    }
    _toast(text, "check_circle", "toast toast-done", actions=[action | {"noCaps": True}])


def _toast(text: str, icon: str, classes: str, *, timeout: int = SHOWN_MS, **options: Any) -> None:
    if context.client.is_deleted:
        return  # the page was closed while we worked; what was done is kept
    shown = {
        "icon": symbol(icon),
        "textColor": "inherit",
        "classes": classes,
        "timeout": timeout,
        "attrs": {"role": "status"},
    } | options
    ui.notification(text, options={"message": text, "position": "bottom", "group": False} | shown)
