"""The dialog that asks for another route: a cell of the table, its accounts in order, and a second person."""

from collections.abc import Sequence

from nicegui import ui

from core.errors import Refusal
from services import routes
from services.provider_accounts import AccountRow
from services.routes import ChangeRoute, RouteEntry, RouteRow
from ui import forms, shell
from ui.components import buttons, dialogs, fields, toasts
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show
from ui.pages.payments.account_words import ACCOUNTS, DIRECTIONS

PREFERENCES = 3


def ask(accounts: Sequence[AccountRow], table: Sequence[RouteRow]) -> None:
    """Open the dialog; nothing changes before another person has agreed."""
    methods = {row.method: routes.label_of(row.method) for row in table} | {
        name: t(label) for name, label in routes.METHODS.items() if name not in routes.WITHOUT_ADAPTER
    }
    with dialogs.dialog(t("Changer une route")) as dialog, fields.form():
        show(prose(t("Une deuxième personne doit être d'accord. D'ici là, rien ne change.")))
        method = fields.choice(t("Moyen"), methods, value=next(iter(methods)))
        country = fields.text(t("Pays"), hint=t("Deux lettres : BJ. Vide : tous."))
        direction = fields.choice(t("Sens"), {name: t(word) for name, word in DIRECTIONS.items()}, value="collect")
        ranks = [
            fields.choice(t("Choix {rank}").format(rank=rank), {"": "–"}, value="")
            for rank in range(1, PREFERENCES + 1)
        ]
        codes = [fields.text(t("Code réseau du choix {rank}").format(rank=rank)) for rank in range(1, PREFERENCES + 1)]
        reason = fields.long_text(t("Motif"), hint=t("Il reste dans la piste d'audit."))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Demander le changement"))
    boxes = {"method": method, "country": country, "direction": direction, "reason": reason, "entries": ranks[0]}

    def fit() -> None:
        """Offer only the accounts that can do this, and show the present order."""
        able = {"": "–"} | {str(one.id): one.label for one in accounts if str(direction.value) in one.offers}
        present = [
            row
            for row in table
            if (row.method, row.country, row.direction)
            == (method.value, forms.written(country).upper(), direction.value)
        ]
        for rank, (box, code) in enumerate(zip(ranks, codes, strict=True)):
            known = present[rank] if rank < len(present) else None
            box.set_options(able, value=str(known.account_id) if known and str(known.account_id) in able else "")
            code.set_value(known.party_code if known else "")

    async def send() -> None:
        entries = tuple(
            RouteEntry.model_validate({"account_id": box.value, "party_code": forms.written(code)})
            for box, code in zip(ranks, codes, strict=True)
            if box.value
        )
        order = forms.fill(
            ChangeRoute,
            boxes,
            method=method.value,
            country=forms.written(country).upper(),
            direction=direction.value,
            reason=forms.written(reason),
            entries=entries,
        )
        if order is None:
            return
        asked = await shell.attempt(routes.request_change, order)
        if isinstance(asked, Refusal):
            forms.say(asked, boxes)
            return
        dialog.close()
        toasts.done(t("Demande envoyée à une deuxième personne."))
        ui.navigate.to(ACCOUNTS)

    for box in (method, country, direction):
        box.on_value_change(fit)
    button.on_click(send)
    fit()
    dialog.open()
