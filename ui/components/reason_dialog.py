"""The dialog that asks why: what will happen, a reason that stays in the trail, one act that names itself."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from ui.components import buttons, dialogs, fields
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show

LONGEST_REASON = 200
FEWEST_LETTERS = 3  # what every order that asks for a reason wants


def reason_dialog(
    title: str, consequence: str, *, act: str, confirm: Callable[[str], Awaitable[Any]], is_danger: bool = False
) -> ui.dialog:
    """Open the dialog; `confirm` gets the reason, and the dialog closes when it returns True."""
    with dialogs.dialog(title) as dialog:
        show(prose(consequence))
        box = fields.text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        box.props(f"maxlength={LONGEST_REASON} autofocus")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.danger(act) if is_danger else buttons.primary(act)

    async def run() -> None:
        reason = written_reason(box)
        if not reason:
            return
        button.disable()
        try:
            is_done = await confirm(reason)
        finally:
            if not button.is_deleted:
                button.enable()
        if is_done and not dialog.is_deleted:
            dialog.close()

    box.on_value_change(lambda _: fields.show_error(box, None))
    box.on("keydown.enter", run)
    button.on_click(run)
    dialog.open()
    return dialog


def written_reason(box: ui.input) -> str:
    """Return the reason in a box; when it is too short, say so there and return nothing."""
    reason = str(box.value or "").strip()
    is_long_enough = len(reason) >= FEWEST_LETTERS
    fields.show_error(box, None if is_long_enough else t("Écrivez un motif de trois lettres au moins."))
    return reason if is_long_enough else ""
