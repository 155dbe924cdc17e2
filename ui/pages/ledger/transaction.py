"""`/grand-livre/operations/{id}`: one transaction, its entries, and its reversal."""

from uuid import UUID

from nicegui import ui

from core import ids
from core.errors import NotFound
from core.permissions import Permission
from services import accounts, ledger
from ui import shell
from ui.components import buttons, cards, chips, danger_dialog, facts, figures, layout, toasts
from ui.labels import State, moment, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.ledger import words


@shell.screen("/grand-livre/operations/{transaction_id}", title="Opération", needs=Permission.LEDGER_READ)
async def transaction(transaction_id: str) -> None:
    """Draw the facts, then the entries: debits first."""
    identifier = ids.parse_id(transaction_id)
    if identifier is None:
        raise NotFound(thing="transaction")
    found = await shell.read(accounts.get_transaction, identifier)
    if found is None:
        return
    state = State.REVERSED if found.reversed_by_id else State.DONE
    crumbs = [(t("Grand livre"), "/grand-livre")]
    reference = found.row.reference
    with layout.page_head(reference, words.kind(found.row.kind), crumbs=crumbs, chip=chips.chip(state)):
        if _is_reversible(found):
            buttons.secondary(t("Contre-passer"), lambda: _ask_reversal(found), icon="undo")
    with layout.grid():
        with layout.cell(8), cards.titled(t("Écritures"), is_flush=True, is_ruled=True):
            show(_entries(found), classes="entries")
        with layout.cell(4), cards.titled(t("Opération")):
            show(figures.amount(found.row.amount, is_big=True))
            show(facts.facts(_facts(found)))


def _is_reversible(found: accounts.Transaction) -> bool:
    may = shell.visitor().may(Permission.LEDGER_REVERSE)
    return may and found.reverses_id is None and found.reversed_by_id is None


def _facts(found: accounts.Transaction) -> list[facts.Fact]:
    lines: list[facts.Fact] = [
        (t("Survenue le"), moment(found.row.occurred_at)),
        (t("Enregistrée le"), moment(found.posted_at)),
        (t("Origine"), words.source(found.row.source)),
        (t("Clé"), tag("code", found.key, class_="code-inline")),
    ]
    if found.row.actor:
        lines.append((t("Par"), found.row.actor))
    for label, other in ((t("Contre-passe"), found.reverses_id), (t("Contre-passée par"), found.reversed_by_id)):
        if other is not None:
            lines.append((label, tag("a", str(other)[-12:], href=f"/grand-livre/operations/{other}")))
    return lines


def _entries(found: accounts.Transaction) -> Markup:
    head = tag(
        "tr",
        tag("th", t("Compte"), scope="col"),
        tag("th", t("Débit"), scope="col", class_="number"),
        tag("th", t("Crédit"), scope="col", class_="number"),
        tag("th", t("Solde après"), scope="col", class_="number wide-only"),
    )
    return tag("table", tag("thead", head), tag("tbody", join(*map(_entry, found.entries))), class_="plain-table")


def _entry(entry: accounts.EntryRow) -> Markup:
    name = words.account(entry.account_kind, entry.account_label)
    size = money(-entry.amount if entry.amount.minor < 0 else entry.amount)
    return tag(
        "tr",
        tag("td", tag("a", name, href=f"/grand-livre/comptes/{entry.account_id}")),
        tag("td", size if entry.amount.minor > 0 else "", class_="number"),
        tag("td", size if entry.amount.minor < 0 else "", class_="number"),
        tag("td", money(entry.balance_after) if entry.balance_after else "", class_="number wide-only"),
    )


def _ask_reversal(found: accounts.Transaction) -> None:
    key = f"reversal:{found.row.id}"
    reference = found.row.reference

    async def confirm() -> UUID | None:
        order = ledger.ReverseTransaction(key=key, transaction_id=found.row.id, reason=t("Depuis le grand livre"))
        posted = await shell.act(ledger.reverse, order)
        if posted is None:
            return None
        toasts.done(t("Opération contre-passée."))
        ui.navigate.to(f"/grand-livre/operations/{posted.id}")
        return posted.id

    danger_dialog.danger_dialog(
        t("Contre-passer cette opération"),
        t("Une opération exactement contraire de {amount} sera enregistrée. L'originale reste au grand livre.").format(
            amount=money(found.row.amount)
        ),
        name=reference,
        act=t("Contre-passer {amount}").format(amount=money(found.row.amount)),
        confirm=confirm,
    )
