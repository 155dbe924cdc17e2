"""The dialog that writes an order, or brings one up to date."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.errors import Refusal
from core.money import Currency
from services import orders
from services.orders import OrderLine, PutOrder, StatusRow
from ui import forms, shell
from ui.components import buttons, dialogs, fields, toasts
from ui.labels import t


def ask(known: Sequence[StatusRow], after: Callable[[], Awaitable[Any]], line: OrderLine | None = None) -> None:
    """Open the dialog; the reference of an order that exists stays."""
    choices = {one.name: one.name for one in known}
    with dialogs.dialog(t("Changer la commande") if line else t("Ajouter une commande")) as dialog, fields.form():
        reference = fields.text(t("Référence"), value=line.reference if line else "", hint=t("CMD-1001"))
        reference.set_enabled(line is None)
        phone = fields.text(t("Numéro du client"), value=line.phone if line else "")
        status = fields.choice(t("Statut"), choices, value=line.status if line else next(iter(choices), None))
        amount = fields.text(t("Montant (facultatif)"), value=line.amount.plain if line and line.amount else "")
        note = fields.text(t("Note (facultatif)"), hint=t("Elle part dans le SMS, si ce statut en envoie un."))
        is_told = fields.checkbox(t("Prévenir le client si ce statut le prévoit"), is_on=True)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))
    boxes: dict[str, Any] = {
        "reference": reference,
        "phone": phone,
        "status": status,
        "amount": amount,
        "note": note,
    }

    async def save() -> None:
        order = forms.fill(
            PutOrder,
            boxes,
            **{name: forms.written(box) for name, box in boxes.items()},
            currency=line.amount.currency if line and line.amount else Currency.XAF,
            is_told=bool(is_told.value),
        )
        if order is None:
            return
        if (fault := orders.find_fault(order)) is not None:
            fields.show_error(amount, t(fault))
            return
        written = await shell.attempt(orders.put_order, order)
        if isinstance(written, Refusal):
            forms.say(written, boxes)
            return
        dialog.close()
        toasts.done(t("Commande {reference} enregistrée.").format(reference=written.reference))
        await after()

    button.on_click(save)
    dialog.open()
