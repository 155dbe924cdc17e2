"""`/ussd-console/commandes/{id}`: one order and everything it was."""

from uuid import UUID

from nicegui import ui

from core import ids
from core.permissions import Permission
from services import orders
from services.orders import OrderCard, OrderNotFound, OrderStep
from ui import shell
from ui.components import buttons, cards, chips, danger_dialog, facts, layout
from ui.labels import moment, money, t
from ui.markup import Markup, join, show, tag
from ui.pages.ussd.orders import order_form
from ui.pages.ussd.orders.orders import PATH, status_sign

SOURCES = {"console": "Console", "import": "Fichier", "api": "Boutique (API)"}


@shell.screen("/ussd-console/commandes/{order_id}", title="Commande", needs=Permission.USSD_READ)
async def order(order_id: str) -> None:
    """Draw the history, the newest step first, beside the facts."""
    identifier = ids.parse_id(order_id)
    if identifier is None:
        raise OrderNotFound
    card = await shell.read(orders.get_order, identifier)
    known = await shell.read(orders.list_statuses)
    if card is None or known is None:
        return
    line = card.line
    chip = chips.chip(status_sign(line.status, is_final=line.is_final), line.status)
    with layout.page_head(line.reference, line.phone, crumbs=[(t("Commandes"), PATH)], chip=chip):
        if shell.visitor().may(Permission.USSD_OFFERS_WRITE):
            buttons.quiet(t("Supprimer"), lambda: _ask_delete(card), icon="delete")
            buttons.secondary(t("Changer"), lambda: order_form.ask(known, _reload, line), icon="edit")
    with layout.grid():
        with layout.cell(8), cards.titled(t("Historique"), is_flush=True, is_ruled=True):
            show(_history(card), classes="entries")
        with layout.cell(4), cards.titled(t("Commande")):
            show(facts.facts(_facts(card)))


async def _reload() -> None:
    ui.navigate.reload()


def _facts(card: OrderCard) -> list[facts.Fact]:
    line = card.line
    return [
        (t("Numéro"), line.phone),
        (t("Montant"), money(line.amount) if line.amount else ""),
        (t("Note"), line.note),
        (t("Créée le"), moment(line.created_at)),
        (t("Mise à jour"), moment(line.updated_at)),
    ]


def _history(card: OrderCard) -> Markup:
    head = tag(
        "tr",
        tag("th", t("Statut"), scope="col"),
        tag("th", t("Par"), scope="col", class_="wide-only"),
        tag("th", t("Date"), scope="col", class_="number"),
    )
    return tag("table", tag("thead", head), tag("tbody", join(*map(_step, card.steps))), class_="plain-table")


def _step(step: OrderStep) -> Markup:
    note = tag("span", step.note, class_="line-detail") if step.note else None
    by = " · ".join(part for part in (step.actor_name, t(SOURCES[step.source])) if part)
    return tag(
        "tr",
        tag("td", tag("span", step.status, class_="line-title"), note),
        tag("td", by, class_="wide-only"),
        tag("td", moment(step.at), class_="number"),
    )


def _ask_delete(card: OrderCard) -> None:
    async def confirm() -> UUID | None:
        done = await shell.act(orders.delete_order, card.line.id)
        if done is not None:
            ui.navigate.to(PATH)
        return done

    danger_dialog.danger_dialog(
        t("Supprimer cette commande"),
        t("Son historique disparaît avec elle, et son client ne la trouvera plus."),
        name=card.line.reference,
        act=t("Supprimer {name}").format(name=card.line.reference),
        confirm=confirm,
    )
