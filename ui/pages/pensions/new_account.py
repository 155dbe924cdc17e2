"""The dialog that opens a payer account for an organisation."""

from nicegui import ui

from core.errors import Refusal
from core.money import Currency
from models.pension_stages import AmountType, NumberForm, PayeeType
from services import provider_accounts
from services.organisations import OrganisationRow
from services.pensions import accounts
from services.pensions.accounts import OpenAccount
from ui import forms, shell
from ui.components import buttons, dialogs, fields, toasts
from ui.labels import t
from ui.pages.pensions import words

MOJALOOP = "mojaloop"
AMOUNT_TYPES = {
    AmountType.RECEIVE: "La personne reçoit le montant exact",
    AmountType.SEND: "Les frais sont pris sur le montant",
}
NUMBER_FORMS = {
    NumberForm.TEN: "Dix chiffres (01 devant)",
    NumberForm.EIGHT: "Huit chiffres",
    NumberForm.DIRECTORY: "Selon l'annuaire",
}


async def ask(organisation: OrganisationRow) -> None:
    """Open the dialog; the account begins empty."""
    found = await shell.read(provider_accounts.list_accounts)
    if found is None:
        return
    rails = {str(one.id): one.label for one in found if one.adapter == MOJALOOP}
    with dialogs.dialog(t("Ouvrir un compte payeur")) as dialog:
        with fields.form():
            boxes = {
                "account_id": fields.text(
                    t("Code du compte"), value=f"ACC-{organisation.code}-001", hint=t("Celui que nomment les fichiers.")
                ),
                "party_id_type": fields.choice(
                    t("Désigné au switch par"),
                    {code: words.payee_type(code) for code in PayeeType},
                    value=PayeeType.BUSINESS,
                ),
                "party_identifier": fields.text(t("Identifiant au switch"), value=organisation.code),
                "display_name": fields.text(t("Nom affiché aux bénéficiaires"), value=organisation.name),
                "currency": fields.choice(t("Devise"), {code: code for code in Currency}, value=Currency.XOF),
                "amount_type": fields.choice(
                    t("Frais"), {code: t(word) for code, word in AMOUNT_TYPES.items()}, value=AmountType.RECEIVE
                ),
                "number_form": fields.choice(
                    t("Numéros du Bénin"), {code: t(word) for code, word in NUMBER_FORMS.items()}, value=NumberForm.TEN
                ),
                "rail_account_id": fields.choice(t("Connecteur Mojaloop"), rails, value=next(iter(rails), None)),
            }
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Ouvrir le compte"))

    async def keep() -> None:
        order = forms.fill(
            OpenAccount,
            boxes,
            organisation_id=organisation.id,
            **{name: box.value or "" for name, box in boxes.items()},
        )
        if order is None:
            return
        done = await shell.attempt(accounts.open_account, order)
        if isinstance(done, Refusal):
            forms.say(done, boxes)
            return
        dialog.close()
        toasts.done(t("Compte {account} ouvert.").format(account=done.account_id))
        ui.navigate.to(f"{words.SETTINGS}/{organisation.code}")

    button.on_click(keep)
    dialog.open()
