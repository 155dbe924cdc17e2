"""Giving a walk its name: the one thing asked before it is kept, from the phone or from a recorded session."""

from collections.abc import Awaitable, Callable

from ui.components import buttons, dialogs, facts, fields, toasts
from ui.labels import t
from ui.markup import show

SHORTEST_NAME = 2


def ask_name(explained: str, keep: Callable[[str], Awaitable[bool]]) -> None:
    """Ask how the walk is called, then let `keep` keep it; it says False when it was refused."""
    with dialogs.dialog(t("Garder ce parcours")) as opened:
        show(facts.prose(explained))
        box = fields.text(t("Nom du parcours"))

        async def confirm() -> None:
            name = str(box.value or "").strip()
            if len(name) < SHORTEST_NAME:
                fields.show_error(box, t("Donnez un nom à ce parcours."))
            elif await keep(name):
                opened.close()
                toasts.done(t("Parcours gardé."))

        box.props("autofocus").on("keydown.enter", confirm)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), opened.close)
            buttons.primary(t("Garder"), confirm)
    opened.open()
