"""The dialog of statuses: the list, its order, which ones are told by SMS."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from core.errors import Refusal
from services import orders
from services.orders import SaveStatus, StatusRow
from ui import forms, shell
from ui.components import buttons, dialogs, fields, toasts
from ui.components.facts import prose
from ui.labels import count, t
from ui.markup import show, tag

STEP = 10


async def ask(after: Callable[[], Awaitable[Any]]) -> None:
    """Open the dialog; each line is changed where it stands."""
    with dialogs.dialog(t("Statuts des commandes")) as dialog:
        show(prose(t("Renommer un statut le renomme partout. Un statut utilisé ne se supprime pas.")))
        place = ui.element("div").classes("stack")
        with dialogs.actions():
            buttons.primary(t("Fermer"), dialog.close)

    async def draw() -> None:
        known = await shell.read(orders.list_statuses)
        if known is None:
            return
        place.clear()
        with place:
            for one in known:
                _line(one, draw)
            buttons.secondary(t("Ajouter un statut"), lambda: _edit(None, len(known), draw), icon="add")
        await after()

    await draw()
    dialog.open()


def _line(one: StatusRow, redraw: Callable[[], Awaitable[None]]) -> None:
    async def remove() -> None:
        if await shell.act(orders.delete_status, one.id) is not None:
            await redraw()

    marks = [t("SMS au client")] if one.is_told else []
    marks += [t("final")] if one.is_final else []
    detail = " · ".join([t("{count} commandes").format(count=count(one.orders)), *marks])
    with ui.element("div").classes("abreast abreast-spread"):
        words = (tag("span", one.name, class_="line-title"), tag("span", detail, class_="line-detail"))
        show(tag("span", *words, class_="upload-words"))
        with ui.element("div").classes("abreast"):
            edit = t("Changer {name}").format(name=one.name)
            buttons.icon_only("edit", edit, lambda: _edit(one, one.position, redraw))
            buttons.icon_only("delete", t("Supprimer {name}").format(name=one.name), remove)


def _edit(one: StatusRow | None, place: int, redraw: Callable[[], Awaitable[None]]) -> None:
    with dialogs.dialog(one.name if one else t("Ajouter un statut")) as dialog, fields.form():
        name = fields.text(t("Nom"), value=one.name if one else "", hint=t("Tel que le client le lit."))
        position = fields.text(t("Place dans la liste"), value=str(one.position if one else (place + 1) * STEP))
        is_told = fields.checkbox(t("Prévenir le client par SMS"), is_on=one.is_told if one else False)
        is_final = fields.checkbox(t("La commande est finie"), is_on=one.is_final if one else False)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))
    boxes = {"name": name, "position": position}

    async def save() -> None:
        order = forms.fill(
            SaveStatus,
            boxes,
            status_id=one.id if one else None,
            name=forms.written(name),
            position=forms.written(position),
            is_told=bool(is_told.value),
            is_final=bool(is_final.value),
        )
        if order is None:
            return
        saved = await shell.attempt(orders.save_status, order)
        if isinstance(saved, Refusal):
            forms.say(saved, boxes)
            return
        dialog.close()
        toasts.done(t("Statut enregistré."))
        await redraw()

    button.on_click(save)
    dialog.open()
