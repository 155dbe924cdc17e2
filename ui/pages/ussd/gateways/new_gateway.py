"""The dialog that connects a gateway, and the one that shows its address, once."""

from collections.abc import Sequence

from nicegui import ui

from channels.ussd import accounts
from channels.ussd.accounts import ProfileRow
from core.errors import Refusal
from core.settings import get_settings
from services import ussd_services
from services.gateways import AddressShown, OpenGateway
from ui import forms, shell
from ui.components import buttons, cards, copy_field, dialogs, facts, fields
from ui.labels import t
from ui.markup import show
from ui.pages.ussd.gateways import knock, words


async def ask(profiles: Sequence[ProfileRow]) -> None:
    """Ask for what an account needs; it begins paused."""
    services = await shell.read(ussd_services.list_services)
    if not services:
        return
    with dialogs.dialog(t("Connecter une passerelle")) as dialog, fields.form():
        show(facts.prose(t("Le compte naît suspendu : il décode déjà ce qui arrive, et sert quand vous le décidez.")))
        kinds = {row.name: words.profile(row) for row in profiles}
        boxes: dict[str, forms.Box] = {
            "profile": fields.choice(t("Langage de la passerelle"), kinds, value=profiles[0].name),
            "name": fields.text(t("Nom"), hint=t("Par exemple Africa's Talking, Cameroun.")),
            "key": fields.text(
                t("Clé"), hint=t("Dans l'adresse : minuscules, chiffres, tirets. Par exemple at-cameroun.")
            ),
            "country": fields.text(t("Pays"), value=get_settings().ussd_country, hint=t("Deux lettres.")),
            "service": fields.choice(t("Service"), {row.key: row.name for row in services}, value=services[0].key),
            "codes": fields.text(t("Codes composés"), hint=t("Par exemple *123#. Plusieurs : séparés d'une virgule.")),
        }
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Créer le compte"))

    async def create() -> None:
        values = {name: forms.written(box) for name, box in boxes.items() if name != "codes"}
        codes = tuple(code.strip() for code in forms.written(boxes["codes"]).split(",") if code.strip())
        order = forms.fill(OpenGateway, boxes, codes=codes, **{**values, "country": values["country"].upper()})
        if order is None:
            return
        made = await shell.attempt(accounts.open_account, order)
        if isinstance(made, Refusal):
            forms.say(made, boxes)
            return
        dialog.close()
        show_address(made)

    button.on_click(create)
    dialog.open()


def show_address(made: AddressShown) -> None:
    """Show the address an account was just given; it is never shown again."""
    with dialogs.dialog(t("Adresse à donner à la passerelle")) as dialog:
        cards.notice(t("Copiez-la maintenant : elle ne sera plus jamais montrée."), tone="ochre", icon_name="key")
        show(copy_field.copy_field(made.address, label=t("Adresse de {name}").format(name=made.row.name)))
        query = words.KANNEL_QUERIES.get(made.row.profile)
        if query:
            show(copy_field.copy_field(f'get-url = "{made.address}{query}"', label=t("Ligne de kannel.conf")))
        show(facts.prose(words.place(made.row.profile)))
        with dialogs.actions():
            buttons.secondary(t("Essayer cette adresse"), lambda: knock.ask(made.row, made.address), icon="call")
            buttons.primary(t("C'est copié"), dialog.close)
    dialog.on("hide", lambda: ui.navigate.to(f"{words.GATEWAYS}/{made.row.id}"))
    dialog.open()
