"""`/ussd-console/operations/{id}`: one money operation, its entries in the ledger, the dialogue it came from."""

from typing import Any

from nicegui import ui

from core import ids
from core.errors import NotFound
from core.money import Currency, Money
from core.permissions import Permission
from services import approvals, operation_reversals, subscribers
from services.operation_reversals import REVERSAL, RequestReversal
from services.subscribers import OperationRow
from ui import forms, shell
from ui.components import buttons, cards, chips, decisions, facts, figures, layout, reason_dialog, toasts
from ui.components.empty import sentence
from ui.labels import moment, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.ledger import words as ledger_words
from ui.pages.ussd import words


@shell.screen("/ussd-console/operations/{operation_id}", title="Opération", needs=Permission.SUBSCRIBERS_READ)
async def operation(operation_id: str) -> None:
    """Draw the facts and the entries."""
    identifier = ids.parse_id(operation_id)
    if identifier is None:
        raise NotFound(thing="operation")
    found = await shell.read(subscribers.get_operation, identifier)
    if found is None:
        return
    row, transaction = found
    state = chips.chip(words.OPERATION_STATES[row.state])
    crumbs = [("USSD", words.SECTION), (t("Opérations"), f"{words.SECTION}/operations")]
    with layout.page_head(row.reference, words.kind(row.type), crumbs=crumbs, chip=state):
        if row.state == "completed" and row.transaction_id and shell.visitor().may(Permission.USSD_ACT):
            buttons.secondary(t("Annuler l'opération"), lambda: _ask_reversal(row), icon="undo")
    waiting = await shell.read(approvals.list_waiting, kinds=frozenset({REVERSAL.name}))
    asked = [question for question in waiting or () if question.subject_id == row.id]
    decisions.card(asked, _reload)
    with layout.grid():
        with layout.cell(8), cards.titled(t("Écritures"), is_flush=True, is_ruled=True):
            show(entries(transaction), classes="entries")
        with layout.cell(4), cards.titled(t("Opération")):
            show(figures.amount(row.amount, is_big=True))
            show(facts.facts(_facts(row)))


def _ask_reversal(row: OperationRow) -> None:
    total = money(row.amount + row.fee)
    reason_dialog.reason_dialog(
        t("Annuler {reference}").format(reference=row.reference),
        t(
            "{amount} reviendront à {payer}, frais compris, et {payee} rendra le montant. Un administrateur "
            "doit approuver ; les deux reçoivent un SMS."
        ).format(amount=total, payer=row.payer_name, payee=row.payee_name),
        act=t("Demander l'annulation"),
        confirm=lambda reason: _confirm_reversal(row, reason),
        is_danger=True,
    )


async def _confirm_reversal(row: OperationRow, reason: str) -> bool:
    order = forms.fill(RequestReversal, {}, operation_id=row.id, reason=reason)
    if order is None or await shell.act(operation_reversals.request_reversal, order) is None:
        return False
    toasts.done(t("Demandé. Une autre personne doit approuver."))
    ui.navigate.reload()
    return True


async def _reload() -> None:
    ui.navigate.reload()


def entries(transaction: dict[str, Any] | None) -> Markup:
    """Return the table of a transaction's entries: debits first."""
    if transaction is None:
        return sentence(t("Rien n'a été écrit au grand livre."), "receipt_long")
    head = tag(
        "tr",
        tag("th", t("Compte"), scope="col"),
        tag("th", t("Débit"), scope="col", class_="number"),
        tag("th", t("Crédit"), scope="col", class_="number"),
        tag("th", t("Solde après"), scope="col", class_="number wide-only"),
    )
    lines = join(*map(_entry, transaction["entries"]))
    return tag("table", tag("thead", head), tag("tbody", lines), class_="plain-table")


def _entry(entry: dict[str, Any]) -> Markup:
    currency = Currency(entry["currency"])
    size = money(Money(abs(entry["amount"]), currency))
    after = entry["balance_after"]
    name = ledger_words.account(entry["kind"], entry["label"])
    is_linked = shell.visitor().may(Permission.LEDGER_READ)
    return tag(
        "tr",
        tag("td", tag("a", name, href=f"/grand-livre/comptes/{entry['account_id']}") if is_linked else name),
        tag("td", size if entry["amount"] > 0 else "", class_="number"),
        tag("td", size if entry["amount"] < 0 else "", class_="number"),
        tag("td", "" if after is None else money(Money(after, currency)), class_="number wide-only"),
    )


def _facts(row: OperationRow) -> list[facts.Fact]:
    payer = tag("a", f"{row.payer_name} {row.payer_phone}", href=f"{words.SUBSCRIBERS}/{row.payer_id}")
    payee = tag("a", f"{row.payee_name} {row.payee_phone}", href=f"{words.SUBSCRIBERS}/{row.payee_id}")
    lines: list[facts.Fact] = [
        (t("Payeur"), payer),
        (t("Bénéficiaire"), payee if row.payee_id else ""),
        (t("Frais"), money(row.fee)),
        (t("Le"), moment(row.created_at)),
    ]
    if row.is_repeat_confirmed:
        lines.append((t("Même envoi"), t("confirmé par la personne")))
    if row.session_id is not None and shell.visitor().may(Permission.USSD_READ):
        lines.append((t("Session"), tag("a", t("Voir les écrans"), href=f"{words.SECTION}/sessions/{row.session_id}")))
    if row.transaction_id is not None and shell.visitor().may(Permission.LEDGER_READ):
        link = tag("a", str(row.transaction_id)[-12:], href=f"/grand-livre/operations/{row.transaction_id}")
        lines.append((t("Grand livre"), link))
    return lines
