"""The dialog that brings a provider's statement: the account, the file, what each column is, what would come of it."""

from typing import Any
from uuid import UUID

from nicegui import ui

from core.errors import Refusal
from core.formats import day as day_text
from services import provider_accounts, reconciliation
from services.reconciliation import ImportStatement, Preview
from ui import shell
from ui.components import buttons, cards, dialogs, fields, toasts, uploads
from ui.components.facts import prose
from ui.labels import count, counted, page_language, t
from ui.markup import Markup, show, tag
from ui.pages.payments.reconciliation_words import PATH

LARGEST_BYTES = 20 * uploads.MEGABYTE
SHOWN_PROBLEMS = 8

FIELDS = {
    "date": "Date et heure",
    "amount": "Montant",
    "provider_ref": "Référence de l'opérateur",
    "our_reference": "Notre référence",
    "direction": "Sens",
    "fee": "Frais",
    "party": "Numéro",
    "state": "État",
}
NEEDED = ("date", "amount")


async def ask() -> None:
    """Open the dialog; nothing is kept before the last button."""
    accounts = await shell.read(provider_accounts.list_accounts)
    if accounts is None:
        return
    choices = {str(one.id): one.label for one in accounts if one.currency}
    with dialogs.dialog(t("Importer un relevé")) as dialog, fields.form():
        show(prose(t("Le CSV ou le XLSX de l'opérateur, tel quel. Le même fichier n'est jamais pris deux fois.")))
        account = fields.choice(t("Compte"), choices)
        place = ui.element("div").classes("form")

        async def take(name: str, _kind: str, content: bytes) -> None:
            if not account.value:
                fields.show_error(account, t("Choisissez d'abord le compte."))
                return
            await _Import(UUID(str(account.value)), name, content, place, dialog).show_preview()

        uploads.upload(
            t("Déposez le relevé ici"),
            take,
            accept=".csv,.txt,.xlsx",
            kinds=t("CSV ou XLSX"),
            largest_bytes=LARGEST_BYTES,
        )
        place.move(target_index=-1)
    dialog.open()


class _Import:
    """One file on its way: previewed after each change of a column, then taken."""

    def __init__(self, account_id: UUID, name: str, content: bytes, place: ui.element, dialog: ui.dialog) -> None:
        self._order = ImportStatement(account_id=account_id, file_name=name, content=content)
        self._place = place
        self._dialog = dialog

    async def show_preview(self) -> None:
        """Draw what the file holds, and what each column is taken for."""
        preview = await shell.attempt(reconciliation.preview_statement, self._order)
        self._place.clear()
        if isinstance(preview, Refusal):
            with self._place:
                cards.notice(shell.sentence_of(preview), tone="red", icon_name="error")
            return
        with self._place:
            self._draw(preview)

    def _draw(self, preview: Preview) -> None:
        show(tag("div", _sample(preview), class_="matrix-place"))
        headers = {"": "–"} | {header: header for header in preview.headers}
        for field, label in FIELDS.items():
            box = fields.choice(t(label), headers, value=preview.columns.get(field, ""))
            box.on_value_change(lambda event, field=field: self._choose(field, str(event.value or ""), preview))
        missing = [t(FIELDS[field]) for field in NEEDED if field not in preview.columns]
        if missing:
            cards.notice(t("Dites quelle colonne est : {columns}.").format(columns=", ".join(missing)), tone="ochre")
            return
        if preview.problems:
            show(_problems(preview))
            return
        cards.notice(_promise(preview), tone="blue")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), self._dialog.close)
            button = buttons.primary(
                counted(preview.lines, t("Importer {count} ligne"), t("Importer {count} lignes")), self._take
            )
            button.set_enabled(preview.imported_at is None)

    async def _choose(self, field: str, header: str, preview: Preview) -> None:
        columns = dict(preview.columns) | {field: header}
        self._order = self._order.model_copy(update={"columns": {k: v for k, v in columns.items() if v}})
        await self.show_preview()

    async def _take(self) -> None:
        imported = await shell.attempt(reconciliation.import_statement, self._order)
        if isinstance(imported, Refusal):
            toasts.refused(shell.sentence_of(imported))
            return
        self._dialog.close()
        lines = counted(imported.lines, t("{count} ligne prise"), t("{count} lignes prises"))
        items = counted(imported.new_items, t("{count} écart à régler"), t("{count} écarts à régler"))
        toasts.done(f"{lines}, {items}.")
        ui.navigate.to(PATH)


def _promise(preview: Preview) -> str:
    if preview.imported_at is not None:
        return t("Ce relevé a déjà été importé. Rien ne sera changé.")
    first, last = (day_text(one, page_language()) for one in (preview.days[0], preview.days[-1]))
    lines = counted(preview.lines, t("{count} ligne"), t("{count} lignes"))
    return t("{lines}, du {first} au {last}.").format(lines=lines, first=first, last=last)


def _sample(preview: Preview) -> Markup:
    head = tag("tr", *(tag("th", header, scope="col") for header in preview.headers))
    body = (tag("tr", *(tag("td", value) for value in row)) for row in preview.sample)
    return tag("table", tag("thead", head), tag("tbody", *body), class_="plain-table")


def _problems(preview: Preview) -> Markup:
    lines = (
        tag("li", t("Ligne {line}, {column} : « {value} »").format(**_problem(one)))
        for one in preview.problems[:SHOWN_PROBLEMS]
    )
    return tag(
        "div",
        tag("p", t("Ces lignes ne se lisent pas. Corrigez le fichier, ou le choix des colonnes :")),
        tag("ul", *lines),
        class_="notice notice-red",
    )


def _problem(one: Any) -> dict[str, str]:
    return {"line": count(one.line), "column": one.column, "value": one.value}
