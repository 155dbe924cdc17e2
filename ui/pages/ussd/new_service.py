"""The dialog that opens a service: a name, a code to dial, the menu it follows."""

from nicegui import ui

from core.errors import Refusal
from core.money import Currency
from services import menus, new_services, ussd_services
from services.new_services import TIMEZONES, CreateService
from ui import forms, shell
from ui.components import buttons, dialogs, facts, fields
from ui.labels import t
from ui.markup import show
from ui.pages.ussd import words

EVERYWHERE = ""


async def ask(path: str, menu: str = "") -> None:
    """Ask for what a service begins with; `path` is where services are, `menu` the one already chosen."""
    found = await shell.read(menus.list_menus)
    gateways = await shell.read(ussd_services.list_gateway_names)
    others = await shell.read(ussd_services.list_services)
    if found is None or gateways is None or others is None:
        return
    currency, timezone = (others[0].currency, others[0].timezone) if others else (Currency.XAF, next(iter(TIMEZONES)))
    titles = {row.key: row.title or row.key for row in found if ":" not in row.key}
    with dialogs.dialog(t("Nouveau service")) as dialog, fields.form():
        show(facts.prose(t("Son code répond « Service inconnu. » tant qu'aucune version de son menu n'y est publiée.")))
        boxes: dict[str, forms.Box] = {
            "name": fields.text(t("Nom du service")),
            "key": fields.text(t("Clé"), hint=t("Minuscules, chiffres et tirets ; elle reste. Par exemple epargne.")),
            "brand": fields.text(t("Nom montré sur le téléphone"), hint=t("20 caractères au plus.")),
            "code": fields.text(t("Code composé"), hint=t("Par exemple *123# ou *237*100#.")),
            "gateway_id": fields.choice(
                t("Passerelle"),
                {EVERYWHERE: t("Toutes les passerelles")} | {str(key): name for key, name in gateways.items()},
                value=EVERYWHERE,
            ),
            "menu": fields.choice(t("Menu"), titles, value=menu if menu in titles else next(iter(titles), None)),
            "currency": fields.choice(t("Monnaie"), {one.value: one.value for one in Currency}, value=currency),
            "timezone": fields.choice(
                t("Heure de"),
                {timezone: timezone} | {name: t(where) for name, where in TIMEZONES.items()},
                value=timezone,
            ),
            "default_language": fields.choice(
                t("Langue par défaut"), {code: words.language(code) for code in ussd_services.LANGUAGES}, value="fr"
            ),
        }
        boxes["name"].props("autofocus maxlength=60")
        is_paired = fields.switch(t("Publier un menu demande une seconde personne"))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Créer le service"))

    async def create() -> None:
        values = {name: forms.written(box) for name, box in boxes.items() if name != "gateway_id"}
        gateway_id = str(boxes["gateway_id"].value or "") or None
        order = forms.fill(CreateService, boxes, **values, gateway_id=gateway_id, needs_four_eyes=bool(is_paired.value))
        if order is None:
            return
        made = await shell.attempt(new_services.create_service, order)
        if isinstance(made, Refusal):
            forms.say(made, boxes)
            return
        dialog.close()
        ui.navigate.to(f"{path}/{made}")

    button.on_click(create)
    dialog.open()
