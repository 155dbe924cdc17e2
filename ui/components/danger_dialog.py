"""The dialog that destroys: what will be lost, and the name typed before the button wakes."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from ui.components import buttons, dialogs, fields
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show


def danger_dialog(title: str, loss: str, *, name: str, act: str, confirm: Callable[[], Awaitable[Any]]) -> ui.dialog:
    """Open the dialog; `confirm` runs once, and only when `name` was typed exactly."""
    with dialogs.dialog(title) as dialog:
        show(prose(loss))
        box = fields.text(t("Pour confirmer, écrivez « {name} »").format(name=name))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.danger(act)
    button.disable()

    def is_named() -> bool:
        return str(box.value or "").strip() == name

    async def run() -> None:
        if not is_named():
            return
        button.disable()
        if await confirm() is not None and not dialog.is_deleted:
            dialog.close()

    box.on_value_change(lambda _: button.set_enabled(is_named()))
    button.on_click(run)
    dialog.open()
    return dialog
