"""The dialog that makes a contract: operator, environment, country; it begins paused and says what it lacks."""

from nicegui import ui

from core.errors import Refusal
from core.money import Currency
from services import provider_accounts
from services.provider_accounts import SHAPES, CreateAccount
from ui import forms, shell
from ui.components import buttons, dialogs, fields, toasts
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show
from ui.pages.payments.account_form import choose_offers
from ui.pages.payments.account_words import ACCOUNTS, ENVIRONMENTS


def ask() -> None:
    """Open the dialog; the secrets are given afterwards, on the account's own page."""
    with dialogs.dialog(t("Ajouter un compte")) as dialog, fields.form():
        show(
            prose(
                t("Le compte naît suspendu. Donnez-lui ses secrets sur sa page, testez-le, puis mettez-le en service.")
            )
        )
        operator = fields.choice(t("Opérateur"), {name: t(shape.label) for name, shape in SHAPES.items()}, value="mtn")
        environment = fields.choice(
            t("Environnement"), {name: t(word) for name, word in ENVIRONMENTS.items()}, value="sandbox"
        )
        label = fields.text(t("Nom"), hint=t("MTN Bénin, caisse des tontines…"))
        code = fields.text(t("Code"), hint=t("Minuscules, chiffres, tirets : mtn-bj."))
        country = fields.text(t("Pays"), hint=t("Deux lettres : BJ. Vide : tous."))
        currency = fields.choice(t("Devise"), {"": "–", **{one.value: one.value for one in Currency}}, value="XOF")
        address = fields.text(t("Adresse de l'opérateur"), hint=t("Seules celles de l'opérateur sont acceptées."))
        place = ui.element("div").classes("form")
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Créer le compte"))
    boxes: dict[str, forms.Box] = {
        "adapter": operator,
        "environment": environment,
        "label": label,
        "code": code,
        "country": country,
        "currency": currency,
        "base_url": address,
    }
    settings: dict[str, ui.input] = {}
    offered: set[str] = set()

    def draw() -> None:
        place.clear()
        settings.clear()
        offered.clear()
        offered.update(provider_accounts.offers_of(str(operator.value)))
        with place:
            settings.update({name: fields.text(name) for name in SHAPES[str(operator.value)].settings})
            choose_offers(str(operator.value), offered)
        address.set_value(_usual_address(str(operator.value), str(environment.value)))

    async def create() -> None:
        order = forms.fill(
            CreateAccount,
            boxes,
            **{name: forms.written(box) for name, box in boxes.items() if name != "currency"},
            currency=currency.value or None,
            settings={name: forms.written(box) for name, box in settings.items()},
            offers=tuple(sorted(offered)),
        )
        if order is None:
            return
        made = await shell.attempt(provider_accounts.create_account, order)
        if isinstance(made, Refusal):
            forms.say(made, boxes)
            return
        dialog.close()
        toasts.done(t("Compte créé, suspendu."))
        ui.navigate.to(f"{ACCOUNTS}/{made.id}")

    operator.on_value_change(draw)
    environment.on_value_change(draw)
    button.on_click(create)
    draw()
    dialog.open()


def _usual_address(adapter: str, environment: str) -> str:
    shape = SHAPES[adapter]
    hosts = {"live": shape.live_hosts, "sandbox": shape.sandbox_hosts}.get(environment, ())
    return f"https://{hosts[0]}" if hosts else ""
