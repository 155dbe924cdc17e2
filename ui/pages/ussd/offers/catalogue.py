"""`/ussd-console/offres`: what phones are offered, what it costs and who has it."""

from core.permissions import Permission
from services import catalogue as verbs
from services.catalogue import ServiceRow
from ui import shell
from ui.components import buttons, cards, chips, layout, tables
from ui.components.tables import Answer, Ask, Column
from ui.labels import count, t
from ui.pages.ussd.offers import service_form, words
from ui.pages.ussd.words import SECTION


@shell.screen(words.PATH, title="Offres", needs=Permission.USSD_READ)
async def catalogue() -> None:
    """Draw the catalogue by code; a row leads to the service."""
    actor = shell.visitor()

    async def source(ask: Ask) -> Answer | None:
        found = await shell.read(verbs.list_services)
        if found is None:
            return None
        wanted = ask.search.casefold()
        rows = [row for row in found if wanted in f"{row.code} {row.name} {row.category}".casefold()]
        return Answer([_row(row) for row in rows[ask.offset : ask.offset + ask.limit]], len(rows))

    said = t("Les services que propose le menu, gratuits ou payants.")
    with layout.page_head(t("Offres"), said, crumbs=[("USSD", SECTION)]):
        if actor.may(Permission.USSD_GATEWAYS):
            buttons.secondary(t("Connecteurs"), href=words.CONNECTORS, icon="hub")
        if actor.may(Permission.USSD_OFFERS_WRITE):
            buttons.primary(t("Ajouter une offre"), lambda: service_form.ask(table.load), icon="add")
    with cards.card(is_flush=True):
        table = tables.Table(
            "ussd-offers",
            [
                Column("name", t("Nom"), "name"),
                Column("code", t("Code"), "code", is_on_phone=False),
                Column("category", t("Catégorie"), is_on_phone=False),
                Column("price", t("Prix")),
                Column("state", t("État"), "chip", is_on_phone=False),
                Column("subscribers", t("Abonnés"), "number"),
            ],
            source,
            search=t("Nom, code ou catégorie"),
            empty=t("Aucune offre. La première paraîtra dans le menu dès qu'elle sera ajoutée."),
        )


def _row(row: ServiceRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "name": row.name,
            "code": row.code,
            "category": row.category,
            "price": words.price(row),
            "state": chips.cell(words.service_sign(row)),
            "subscribers": count(row.subscribers),
        },
        href=f"{words.PATH}/{row.id}",
        phone_under=row.code,
    )
