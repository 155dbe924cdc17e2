"""The dialog by which a person who lost his phone is let in again: a reason, kept in the trail."""

from nicegui import ui

from services import users as people
from services.users import RemoveTotp, UserRow
from ui import forms, shell
from ui.components import buttons, dialogs, fields, toasts
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show


def ask(found: UserRow) -> None:
    """Open the dialog; without a reason nothing happens."""
    with dialogs.dialog(t("Retirer la double authentification")) as dialog, fields.form():
        show(
            prose(
                t("{name} entrera avec son seul mot de passe, et pourra en préparer une autre.").format(name=found.name)
            )
        )
        reason = fields.text(t("Raison, gardée dans l'audit")).props("autofocus")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.danger(t("Retirer"))

    async def remove() -> None:
        order = forms.fill(RemoveTotp, {"reason": reason}, user_id=found.id, reason=forms.written(reason))
        if order is not None and await shell.act(people.remove_totp, order) is not None:
            toasts.done(t("Double authentification retirée."))
            ui.navigate.reload()

    button.on_click(remove)
    reason.on("keydown.enter", remove)
    dialog.open()
