"""`/ussd-console/commandes`: orders people follow from their phone, typed, imported or written by a shop's system."""

from uuid import UUID

from core.permissions import Permission
from services import orders as verbs
from services.orders import OrderLine
from ui import shell
from ui.components import buttons, cards, chips, layout, tables
from ui.components.export import export_button
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import Sign, Tone, moment, money, t
from ui.pages.ussd.orders import order_form, sheet, statuses
from ui.pages.ussd.words import SECTION

PATH = "/ussd-console/commandes"
MOST_EXPORTED = 200


@shell.screen(PATH, title="Commandes", needs=Permission.USSD_READ)
async def orders() -> None:
    """Draw the orders, the last changed first."""
    known = await shell.read(verbs.list_statuses) or []

    async def fetch() -> list[list[str]] | None:
        lines: list[list[str]] = []
        ask = table.ask
        while True:
            found = await _fetch(Ask(len(lines), MOST_EXPORTED, search=ask.search, filters=ask.filters))
            if found is None:
                return None
            lines += [_cells(row) for row in found[0]]
            if not found[0] or len(lines) >= found[1]:
                return lines

    said = t("Chacune ne se voit que depuis le numéro de son client.")
    with layout.page_head(t("Commandes"), said, crumbs=[("USSD", SECTION)]):
        export_button(t("commandes"), [t("Référence"), t("Numéro"), t("Statut"), t("Montant"), t("Note")], fetch)
        if shell.visitor().may(Permission.USSD_OFFERS_WRITE):
            buttons.secondary(t("Statuts"), lambda: statuses.ask(table.load), icon="list_alt")
            buttons.secondary(t("Importer"), lambda: sheet.ask(table.load), icon="upload_file")
            buttons.primary(t("Ajouter une commande"), lambda: order_form.ask(known, table.load), icon="add")
    with cards.card(is_flush=True):
        table = tables.Table(
            "ussd-orders",
            [
                Column("reference", t("Référence"), "name"),
                Column("phone", t("Numéro"), is_on_phone=False),
                Column("status", t("Statut"), "chip"),
                Column("amount", t("Montant"), "amount", is_on_phone=False),
                Column("note", t("Note"), is_on_phone=False),
                Column("at", t("Mise à jour"), "time", is_on_phone=False),
            ],
            _source,
            search=t("Référence ou numéro"),
            choices=[Filter("status", t("Statut"), {str(one.id): one.name for one in known})],
            empty=t("Aucune commande. Ajoutez la première, importez un fichier ou reliez votre boutique."),
        )


def status_sign(status: str, *, is_final: bool) -> Sign:
    """Return how a status is shown: its own word, done or not."""
    return Sign("flag", status, Tone.NEUTRAL) if is_final else Sign("local_shipping", status, Tone.BLUE)


async def _fetch(ask: Ask) -> tuple[list[OrderLine], int] | None:
    status = ask.filters.get("status", "")
    return await shell.read(
        verbs.list_orders,
        search=ask.search,
        status_id=UUID(status) if status else None,
        limit=ask.limit,
        offset=ask.offset,
    )


async def _source(ask: Ask) -> Answer | None:
    found = await _fetch(ask)
    return None if found is None else Answer([_row(row) for row in found[0]], found[1])


def _row(row: OrderLine) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "reference": row.reference,
            "phone": row.phone,
            "status": chips.cell(status_sign(row.status, is_final=row.is_final), row.status),
            "amount": money(row.amount) if row.amount else "",
            "note": row.note,
            "at": moment(row.updated_at),
        },
        href=f"{PATH}/{row.id}",
        phone_under=moment(row.updated_at),
    )


def _cells(row: OrderLine) -> list[str]:
    return [row.reference, row.phone, row.status, row.amount.plain if row.amount else "", row.note]
