"""The dialog that says what will happen before it does: one sentence, one act that names itself."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from ui.components import buttons, dialogs
from ui.components.facts import Fact, facts, prose
from ui.labels import t
from ui.markup import show


def confirm_dialog(
    title: str,
    consequence: str,
    *,
    act: str,
    confirm: Callable[[], Awaitable[Any]],
    notes: tuple[Fact, ...] = (),
) -> ui.dialog:
    """Open the dialog; it closes when `confirm` returns something, and stays when it was refused (None)."""
    with dialogs.dialog(title) as dialog:
        show(prose(consequence))
        if notes:
            show(facts(notes))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(act)

    async def run() -> None:
        button.disable()
        try:
            outcome = await confirm()
        finally:
            if not button.is_deleted:
                button.enable()
        if outcome is not None and not dialog.is_deleted:
            dialog.close()

    button.on_click(run)
    dialog.open()
    return dialog
