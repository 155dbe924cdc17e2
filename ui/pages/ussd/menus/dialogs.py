"""The two small questions of the editor: which screen, and a new one of which kind."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from channels import document
from channels.document import Body, ScreenNameRefused
from ui import shell
from ui.components import buttons, dialogs, fields
from ui.labels import t
from ui.pages.ussd.menus import words
from ui.pages.ussd.menus.draft import Draft

LONGEST_NAME = 32


def ask_name(
    title: str,
    label: str,
    *,
    act: str,
    confirm: Callable[[str], Awaitable[Any]],
    value: str = "",
    choices: Sequence[str] = (),
) -> None:
    """Ask for a name, or for one of these; `confirm` gets it when something was given."""
    with dialogs.dialog(title) as dialog:
        if choices:
            picked = fields.choice(label, {name: name for name in choices}, value=choices[0])
        else:
            written = fields.text(label, value=value)
            written.props(f"maxlength={LONGEST_NAME} autofocus")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(act)

    async def run() -> None:
        name = str((picked if choices else written).value or "").strip()
        if name:
            dialog.close()
            await confirm(name)

    if not choices:
        written.on("keydown.enter", run)
    button.on_click(run)
    dialog.open()


def ask_screen(draft: Draft, on_made: Callable[[Body, str], Awaitable[Any]]) -> None:
    """Ask for the kind and the name of a new screen; `on_made` gets the document with it."""
    with dialogs.dialog(t("Nouvel écran")) as dialog:
        kind = fields.choice(t("Sorte"), {name: words.kind(name) for name in document.KINDS}, value="menu")
        hint = t("Minuscules, chiffres et _ ; il paraît dans les rapports.")
        box = fields.text(t("Nom"), value=document.fresh_name(draft.body, "ecran"), hint=hint)
        box.props(f"maxlength={LONGEST_NAME} autofocus")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Créer l'écran"))

    async def run() -> None:
        name = str(box.value or "").strip()
        try:
            body = document.add_screen(draft.body, name, str(kind.value))
        except ScreenNameRefused as refusal:
            fields.show_error(box, shell.sentence_of(refusal))
            return
        dialog.close()
        await on_made(body, name)

    box.on("keydown.enter", run)
    button.on_click(run)
    dialog.open()
