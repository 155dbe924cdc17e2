"""The dialog of the networks that carry shorter pages than the account's gateway promises."""

from services import gateways as verbs
from services.gateways import GatewayRow, SetNetworkLimits
from ui import forms, shell
from ui.components import buttons, dialogs, facts, fields
from ui.labels import t
from ui.markup import show
from ui.pages.ussd.gateways.changes import said

PARTS = 3
LONGEST, LONGEST_UNICODE = 160, 70


def ask(row: GatewayRow) -> None:
    """Ask for a line for each network: its name, septets, Unicode characters."""
    kept = row.network_limits.items()
    lines = [f"{name} {one.get('gsm7', LONGEST)} {one.get('ucs2', LONGEST_UNICODE)}" for name, one in kept]
    with dialogs.dialog(t("Limites par réseau")) as dialog, fields.form():
        show(facts.prose(t("Un réseau qui porte moins reçoit des pages plus courtes. Rien ici ne les allonge.")))
        box = fields.long_text(
            t("Réseau, septets, caractères Unicode"),
            value="\n".join(lines),
            hint=t("Une ligne par réseau, nommé comme la passerelle le nomme. Par exemple : Orange 140 60."),
        )
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Enregistrer"))

    async def keep() -> None:
        fields.show_error(box, None)
        try:
            limits = dict(map(_read, filter(str.strip, forms.written(box).splitlines())))
        except ValueError:
            fields.show_error(box, t("Une ligne ne se lit pas : un nom, puis deux nombres."))
            return
        order = forms.fill(SetNetworkLimits, {"limits": box}, gateway_id=row.id, limits=limits)
        if order is not None:
            await said(shell.attempt(verbs.set_network_limits, order), {"limits": box}, row, dialog)

    button.on_click(keep)
    dialog.open()


def _read(line: str) -> tuple[str, tuple[int, int]]:
    name, septets, units = line.rsplit(maxsplit=PARTS - 1)
    return name, (int(septets), int(units))
