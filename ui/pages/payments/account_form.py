"""The dialog that changes a contract: its name, its address, what it does, its limits, its settings."""

from nicegui import ui

from core.errors import Refusal
from core.money import Currency, InvalidAmount, Money
from services import provider_accounts
from services.provider_accounts import SHAPES, AccountRow, EditAccount
from ui import forms, shell
from ui.components import buttons, dialogs, fields, toasts
from ui.labels import t
from ui.pages.payments.account_words import ACCOUNTS, OFFERS


def ask(row: AccountRow) -> None:
    """Open the dialog; transfers already made keep the address they were made with."""
    with dialogs.dialog(t("Modifier le compte")) as dialog, fields.form():
        label = fields.text(t("Nom"), value=row.label)
        address = fields.text(t("Adresse de l'opérateur"), value=row.base_url)
        offered = choose_offers(row.adapter, set(row.offers))
        least = fields.text(t("Montant minimum"), value=_plain(row, row.min_minor))
        most = fields.text(t("Montant maximum"), value=_plain(row, row.max_minor), hint=t("Vide : aucun."))
        day = fields.text(t("Plafond du jour"), value=_plain(row, row.day_limit_minor), hint=t("Vide : aucun."))
        rate = fields.text(t("Appels par seconde"), value=str(row.rate_per_s), kind="number")
        settings = {
            name: fields.text(name, value=str(row.settings.get(name, ""))) for name in SHAPES[row.adapter].settings
        }
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))
    boxes = {
        "label": label,
        "base_url": address,
        "min_minor": least,
        "max_minor": most,
        "day_limit_minor": day,
        "rate_per_s": rate,
    }

    async def keep() -> None:
        bounds = {name: read_minor(boxes[name], row.currency) for name in ("min_minor", "max_minor", "day_limit_minor")}
        if any(isinstance(value, Refusal) for value in bounds.values()):
            return
        order = forms.fill(
            EditAccount,
            boxes,
            account_id=row.id,
            label=forms.written(label),
            base_url=forms.written(address),
            offers=tuple(sorted(offered)),
            rate_per_s=forms.written(rate) or 10,
            settings={**row.settings, **{name: forms.written(box) for name, box in settings.items()}},
            without_max=bounds["max_minor"] is None,
            without_day_limit=bounds["day_limit_minor"] is None,
            **bounds,
        )
        if order is None:
            return
        done = await shell.attempt(provider_accounts.edit_account, order)
        if isinstance(done, Refusal):
            forms.say(done, boxes)
            return
        dialog.close()
        toasts.done(t("Compte enregistré."))
        ui.navigate.to(f"{ACCOUNTS}/{row.id}")

    button.on_click(keep)
    dialog.open()


def choose_offers(adapter: str, chosen: set[str]) -> set[str]:
    """Place a box to tick for each thing an account may do; the returned set follows the boxes."""
    names = provider_accounts.offers_of(adapter)

    def turn(name: str, *, is_on: bool) -> None:
        (chosen.add if is_on else chosen.discard)(name)

    for name in names:
        fields.checkbox(
            t(OFFERS.get(name, name)),
            is_on=name in chosen,
            on_change=lambda event, name=name: turn(name, is_on=bool(event.value)),
        )
    return chosen


def read_minor(box: ui.input, currency: str) -> int | Refusal | None:
    """Return the amount written in a field in minor units; None when it is empty, its refusal (shown) when wrong."""
    written = forms.written(box)
    fields.show_error(box, None)
    if not written:
        return None
    try:
        return Money.parse(written, Currency(currency or Currency.XOF)).minor
    except InvalidAmount as refusal:
        fields.show_error(box, shell.sentence_of(refusal))
        return refusal


def _plain(row: AccountRow, minor: int | None) -> str:
    if minor is None:
        return ""
    exponent = Currency(row.currency).exponent if row.currency else 0
    return str(minor // 10**exponent)
