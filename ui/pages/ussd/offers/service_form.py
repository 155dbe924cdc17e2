"""The dialog that adds a service to the catalogue, or changes one."""

from collections.abc import Awaitable, Callable
from typing import Any

from core.errors import Refusal
from core.money import Currency, InvalidAmount, Money
from models.offers import Period
from services import catalogue
from services.catalogue import AddService, ChangeService, ServiceRow
from ui import forms, shell
from ui.components import buttons, dialogs, fields, toasts
from ui.labels import t
from ui.pages.ussd.offers import words


def ask(after: Callable[[], Awaitable[Any]], row: ServiceRow | None = None) -> None:
    """Open the dialog; a service that exists keeps its code and its currency."""
    with dialogs.dialog(t("Changer l'offre") if row else t("Ajouter une offre")) as dialog, fields.form():
        boxes = _boxes(row)
        is_active = fields.switch(t("Proposée dans le menu"), is_on=row.is_active if row else True)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def save() -> None:
        done = await _save(row, boxes, is_active=bool(is_active.value))
        if done:
            dialog.close()
            toasts.done(t("Offre enregistrée."))
            await after()

    button.on_click(save)
    dialog.open()


def _boxes(row: ServiceRow | None) -> dict[str, Any]:
    boxes: dict[str, Any] = {}
    if row is None:
        boxes["code"] = fields.text(t("Code"), hint=t("Fixe une fois créé, par exemple METEO."))
        currencies = {one.value: one.value for one in Currency}
        boxes["currency"] = fields.choice(t("Monnaie"), currencies, value=Currency.XAF)
    boxes["name"] = fields.text(
        t("Nom"), value=row.name if row else "", hint=t("20 caractères au plus : une ligne du menu.")
    )
    boxes["category"] = fields.text(t("Catégorie"), value=row.category if row else "")
    boxes["price_minor"] = fields.text(
        t("Prix"), value=row.price.plain if row else "0", hint=t("0 : gratuit. Les abonnés gardent leur prix.")
    )
    periods = {period.value: t(word) for period, word in words.PERIODS.items()}
    boxes["period"] = fields.choice(t("Payé"), periods, value=row.period.value if row else Period.ONCE.value)
    for language, word in words.LANGUAGES.items():
        label = t("Informations ({language})").format(language=word)
        boxes[f"info_{language}"] = fields.long_text(label, value=row.info.get(language, "") if row else "")
    boxes["info"] = boxes["info_fr"]
    boxes["webhook_url"] = fields.text(
        t("Adresse à prévenir (facultatif)"),
        value=row.webhook_url if row else "",
        hint=t("Elle reçoit chaque abonnement et chaque arrêt, signés."),
    )
    return boxes


async def _save(row: ServiceRow | None, boxes: dict[str, Any], *, is_active: bool) -> bool:
    currency = row.price.currency if row else Currency(str(boxes["currency"].value))
    try:
        price_minor = Money.parse(forms.written(boxes["price_minor"]), currency).minor
    except InvalidAmount as refusal:
        fields.show_error(boxes["price_minor"], shell.sentence_of(refusal))
        return False
    values: dict[str, Any] = {name: forms.written(boxes[name]) for name in ("name", "category", "webhook_url")}
    values["info"] = {language: forms.written(boxes[f"info_{language}"]) for language in words.LANGUAGES}
    values |= {"price_minor": price_minor, "period": boxes["period"].value, "is_active": is_active}
    if row is None:
        code = forms.written(boxes["code"]).upper()
        added = forms.fill(AddService, boxes, code=code, currency=currency, **values)
        outcome = await shell.attempt(catalogue.add_service, added) if added else None
    else:
        changed = forms.fill(ChangeService, boxes, service_id=row.id, **values)
        outcome = await shell.attempt(catalogue.change_service, changed) if changed else None
    if isinstance(outcome, Refusal):
        forms.say(outcome, boxes)
        return False
    return outcome is not None
