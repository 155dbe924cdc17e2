"""`/grand-livre/comptes/{id}`: one account, its balance now, its statement."""

from core import ids
from core.errors import NotFound
from core.permissions import Permission
from services import accounts
from ui import live, shell
from ui.components import cards, facts, figures, layout, tables
from ui.components.tables import Answer, Ask, Column
from ui.labels import count, moment, money, t
from ui.markup import show
from ui.pages.ledger import words

REFRESH_S = 2.0


@shell.screen("/grand-livre/comptes/{account_id}", title="Compte", needs=Permission.LEDGER_READ)
async def account(account_id: str) -> None:
    """Draw the balance and the statement; both follow the money."""
    identifier = ids.parse_id(account_id)
    if identifier is None:
        raise NotFound(thing="account")
    card = await shell.read(accounts.get_account, identifier)
    if card is None:
        return
    layout.title(
        words.account(card.kind, card.label), words.side(card.side), crumbs=[(t("Grand livre"), "/grand-livre")]
    )

    async def source(ask: Ask) -> Answer | None:
        rows = await shell.read(accounts.list_statement, card.id, limit=ask.limit, offset=ask.offset)
        return None if rows is None else Answer([_row(row) for row in rows], card.entries)

    with layout.grid():
        with layout.cell(8), cards.card(is_flush=True):
            table = tables.Table("ledger-statement", _columns(), source, empty=t("Aucune écriture sur ce compte."))
        with layout.cell(4), cards.titled(t("Solde")):
            shown = show(figures.with_time(figures.amount(card.balance, is_big=True), None))
            show(facts.facts(_facts(card)))

    async def refresh() -> None:
        fresh = await shell.read(accounts.get_account, card.id)
        if fresh is not None:
            shown.set_content(figures.with_time(figures.amount(fresh.balance, is_big=True), None))
            await table.load()

    live.hub.subscribe(["ussd", "ledger"], lambda _: refresh(), every_s=REFRESH_S)


def _columns() -> list[Column]:
    return [
        Column("reference", t("Référence"), "name"),
        Column("kind", t("Opération"), is_on_phone=False),
        Column("amount", t("Mouvement"), "amount"),
        Column("balance", t("Solde après"), "amount", is_on_phone=False),
        Column("at", t("Date"), "time", is_on_phone=False),
    ]


def _row(row: accounts.EntryRow) -> tables.Row:
    sign = "+" if row.amount.minor > 0 else ""
    return tables.row(
        str(row.id),
        {
            "reference": row.reference,
            "kind": words.kind(row.kind),
            "amount": sign + money(row.amount),
            "balance": money(row.balance_after) if row.balance_after else "",
            "at": moment(row.occurred_at),
        },
        href=f"/grand-livre/operations/{row.transaction_id}",
        phone_under=moment(row.occurred_at),
    )


def _facts(card: accounts.AccountCard) -> list[facts.Fact]:
    lines: list[facts.Fact] = [
        (t("Compté au"), words.side(card.side)),
        (t("Écritures"), count(card.entries)),
    ]
    if card.floor is not None:
        lines.append((t("Plancher"), money(card.floor)))
    if card.is_house:
        lines.append((t("Nature"), t("Compte de la maison : n'autorise aucune dépense")))
    return lines
