"""`/grand-livre`: every transaction, newest first, found by reference, key or kind."""

from core.permissions import Permission
from services import accounts
from ui import live, shell
from ui.components import cards, chips, layout, tables
from ui.components.tables import Answer, Ask, Column, Filter
from ui.labels import State, moment, money, t
from ui.pages.ledger import words

REFRESH_S = 2.0


@shell.screen("/grand-livre", title="Grand livre", needs=Permission.LEDGER_READ)
async def transactions() -> None:
    """Draw the list; it grows by itself when money moves."""
    layout.title(t("Grand livre"), t("Chaque mouvement d'argent, une fois, pour toujours."))
    kinds = await shell.read(accounts.list_kinds) or []
    with cards.card(is_flush=True):
        table = tables.Table(
            "ledger-transactions",
            [
                Column("reference", t("Référence"), "name"),
                Column("kind", t("Opération"), is_on_phone=False),
                Column("source", t("Origine"), is_on_phone=False),
                Column("state", t("État"), "chip", is_on_phone=False),
                Column("amount", t("Montant"), "amount"),
                Column("at", t("Date"), "time", is_on_phone=False),
            ],
            _source,
            search=t("Référence ou clé"),
            choices=[Filter("kind", t("Opération"), {kind: words.kind(kind) for kind in kinds})],
            empty=t("Aucune opération. La première apparaîtra ici dès qu'un portefeuille bougera."),
        )
    live.hub.subscribe(["ussd", "ledger"], lambda _: table.load(), every_s=REFRESH_S)


async def _source(ask: Ask) -> Answer | None:
    found = await shell.read(
        accounts.list_transactions,
        search=ask.search,
        kind=ask.filters.get("kind", ""),
        limit=ask.limit,
        offset=ask.offset,
    )
    if found is None:
        return None
    rows, total = found
    return Answer([_row(row) for row in rows], total)


def _row(row: accounts.TransactionRow) -> tables.Row:
    return tables.row(
        str(row.id),
        {
            "reference": row.reference,
            "kind": words.kind(row.kind),
            "source": words.source(row.source),
            "state": chips.cell(State.REVERSED if row.is_reversed else State.DONE),
            "amount": money(row.amount),
            "at": moment(row.occurred_at),
        },
        href=f"/grand-livre/operations/{row.id}",
        phone_under=moment(row.occurred_at),
    )
