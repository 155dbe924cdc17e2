"""The dialog that brings a file of orders: what it holds, every wrong row, and nothing half done."""

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from core.errors import Refusal
from services import orders
from services.orders import ImportOrders, OrdersPreview
from ui import shell
from ui.components import buttons, cards, dialogs, fields, toasts, uploads
from ui.components.facts import prose
from ui.labels import count, counted, t
from ui.markup import Markup, show, tag

LARGEST_BYTES = 20 * uploads.MEGABYTE


def ask(after: Callable[[], Awaitable[Any]]) -> None:
    """Open the dialog; nothing is kept before the last button."""
    with dialogs.dialog(t("Importer des commandes")) as dialog, fields.form():
        columns = t("Colonnes : référence, téléphone, statut, et si l'on veut montant et note.")
        show(prose(columns))
        is_told = fields.checkbox(t("Prévenir les clients par SMS"), is_on=False)
        place = ui.element("div").classes("form")

        async def take(name: str, _kind: str, content: bytes) -> None:
            order = ImportOrders(file_name=name, content=content, is_told=bool(is_told.value))
            preview = await shell.attempt(orders.preview_orders, order)
            place.clear()
            with place:
                if isinstance(preview, Refusal):
                    cards.notice(shell.sentence_of(preview), tone="red", icon_name="error")
                else:
                    _draw(order, preview, dialog, after)

        uploads.upload(
            t("Déposez le fichier ici"),
            take,
            accept=".csv,.txt,.xlsx",
            kinds=t("CSV ou XLSX"),
            largest_bytes=LARGEST_BYTES,
        )
        place.move(target_index=-1)
    dialog.open()


def _draw(order: ImportOrders, preview: OrdersPreview, dialog: ui.dialog, after: Callable[[], Awaitable[Any]]) -> None:
    if preview.wrong:
        sentence = counted(
            len(preview.wrong),
            t("{count} ligne à corriger. Rien n'a été importé."),
            t("{count} lignes à corriger. Rien n'a été importé."),
        )
        cards.notice(sentence, tone="red", icon_name="error")
        show(tag("div", _wrong(preview), class_="matrix-place"))
        return

    async def take() -> None:
        done = await shell.act(orders.import_orders, order)
        if done is None:
            return
        dialog.close()
        toasts.done(
            t("Ajoutées : {added}, changées : {changed}, inchangées : {same}.").format(
                added=count(done.added), changed=count(done.changed), same=count(done.same)
            )
        )
        await after()

    with dialogs.actions():
        buttons.secondary(t("Annuler"), dialog.close)
        buttons.primary(counted(preview.rows, t("Importer {count} ligne"), t("Importer {count} lignes")), take)


def _wrong(preview: OrdersPreview) -> Markup:
    head = tag("tr", tag("th", t("Ligne"), scope="col", class_="number"), tag("th", t("À corriger"), scope="col"))
    rows = [tag("tr", tag("td", count(row.line), class_="number"), tag("td", row.reason)) for row in preview.wrong]
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="plain-table")
