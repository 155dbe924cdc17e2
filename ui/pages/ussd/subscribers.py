"""`/ussd-console/abonnes`: everybody with a wallet, found by number, reference or name."""

from core.permissions import Permission
from core.settings import get_settings
from services import subscribers as people
from services.subscribers import SubscriberRow
from ui import live, shell
from ui.components import cards, chips, layout, tables
from ui.components.tables import Answer, Ask, Column
from ui.labels import day, money, t
from ui.pages.ussd import words


@shell.screen("/ussd-console/abonnes", title="Abonnés", needs=Permission.SUBSCRIBERS_READ)
async def subscribers() -> None:
    """Draw the list; balances follow the money."""
    layout.title(t("Abonnés"), t("Un numéro, une personne, un portefeuille."), crumbs=[("USSD", words.SECTION)])
    with cards.card(is_flush=True):
        table = tables.Table(
            "ussd-subscribers",
            [
                Column("name", t("Nom"), "name"),
                Column("phone", t("Numéro"), is_on_phone=False),
                Column("level", t("Niveau"), is_on_phone=False),
                Column("language", t("Langue"), is_on_phone=False, is_shown=False),
                Column("state", t("État"), "chip"),
                Column("balance", t("Solde"), "amount"),
                Column("since", t("Inscrit le"), "time", is_on_phone=False),
            ],
            _source,
            search=t("Numéro, référence ou nom"),
            empty=t("Aucun abonné. Le premier qui s'inscrira au menu du portefeuille paraîtra ici."),
        )
    live.hub.subscribe(["ussd", "ledger"], lambda _: table.load())


async def _source(ask: Ask) -> Answer | None:
    region = get_settings().ussd_country
    rows = await shell.read(people.list_subscribers, ask.search, region=region, limit=ask.limit, offset=ask.offset)
    total = await shell.read(people.count_subscribers, ask.search, region=region)
    return None if rows is None or total is None else Answer([_row(row) for row in rows], total)


def _row(row: SubscriberRow) -> tables.Row:
    return tables.row(
        f"{row.user_id}{row.balance.currency}",
        {
            "name": row.name or row.phone,
            "phone": row.phone,
            "level": words.level(row.level),
            "language": words.language(row.language),
            "state": chips.cell(words.person_state(row.state)),
            "balance": money(row.balance),
            "since": day(row.registered_at),
        },
        href=f"{words.SUBSCRIBERS}/{row.user_id}",
    )
