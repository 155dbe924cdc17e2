"""`/grand-livre/balance`: the trial balance, one card a currency, debits and credits equal."""

from itertools import groupby

from core.clock import now
from core.money import Money
from core.permissions import Permission
from reports import ledger
from reports.ledger import BalanceLine
from ui import shell
from ui.components import cards, chips, empty, layout
from ui.labels import State, count, moment, money_parts, t
from ui.markup import Markup, join, show, tag
from ui.pages.ledger import words


@shell.screen("/grand-livre/balance", title="Balance", needs=Permission.LEDGER_READ)
async def balance() -> None:
    """Draw the balance of every kind of account, by currency."""
    layout.title(
        t("Balance"), t("Au {moment}").format(moment=moment(now())), crumbs=[(t("Grand livre"), "/grand-livre")]
    )
    lines = await shell.read(ledger.list_trial_balance)
    if lines is None:
        return
    if not lines:
        show(empty.sentence(t("Aucune écriture : la balance apparaîtra avec la première opération."), "balance"))
    for currency, group in groupby(lines, key=lambda line: line.currency):
        rows = list(group)
        is_balanced = _total(rows, "debit") == _total(rows, "credit")
        state = chips.chip(
            State.DONE if is_balanced else State.FAILED, t("Équilibrée") if is_balanced else t("Déséquilibrée")
        )
        with cards.titled(str(currency), state, is_flush=True, is_ruled=True):
            show(_table(rows), classes="entries")


def _total(rows: list[BalanceLine], column: str) -> Money:
    amounts: list[Money] = [getattr(row, column) for row in rows]
    return Money(sum(amount.minor for amount in amounts), amounts[0].currency)


def _table(rows: list[BalanceLine]) -> Markup:
    head = tag(
        "tr",
        tag("th", t("Nature"), scope="col"),
        tag("th", t("Comptes"), scope="col", class_="number wide-only"),
        tag("th", t("Débit"), scope="col", class_="number"),
        tag("th", t("Crédit"), scope="col", class_="number"),
    )
    foot = tag(
        "tr",
        tag("th", t("Total"), scope="row"),
        tag("td", count(sum(row.accounts for row in rows)), class_="number wide-only"),
        tag("td", _figure(_total(rows, "debit")), class_="number"),
        tag("td", _figure(_total(rows, "credit")), class_="number"),
    )
    body = join(*map(_line, rows))
    return tag("table", tag("thead", head), tag("tbody", body), tag("tfoot", foot), class_="plain-table")


def _figure(amount: Money) -> str:
    """Return the amount alone: the card is named after its currency."""
    return money_parts(amount)[0]


def _line(row: BalanceLine) -> Markup:
    return tag(
        "tr",
        tag("th", words.account(row.kind), scope="row"),
        tag("td", count(row.accounts), class_="number wide-only"),
        tag("td", _figure(row.debit) if row.debit.minor else "", class_="number"),
        tag("td", _figure(row.credit) if row.credit.minor else "", class_="number"),
    )
