"""A real first request through an account's own address, asked for by hand, and what came back."""

from anyio import to_thread

from channels.ussd import knocking
from channels.ussd.knocking import Returned
from core.errors import Refusal
from services.gateways import GatewayRow
from ui import forms, shell
from ui.components import buttons, cards, code, dialogs, facts, fields, layout
from ui.labels import t
from ui.markup import show

OK, UNKNOWN_WHO, NOT_FROM_HERE, NOT_FOUND = 200, 401, 403, 404


def ask(row: GatewayRow, address: str = "") -> None:
    """Ask for the address, which is nowhere kept, and a number; the answer appears under them."""
    with dialogs.dialog(t("Essayer l'adresse")) as dialog, fields.form():
        said = t("Une vraie première requête part, comme la passerelle l'enverrait. Elle paraît dans les échanges.")
        show(facts.prose(said))
        boxes: dict[str, forms.Box] = {
            "address": fields.password(t("Adresse"), autocomplete="off", hint=t("Celle que vous avez copiée.")),
            "phone": fields.text(t("Numéro qui compose"), hint=t("Le vôtre : une session s'ouvre à ce numéro.")),
        }
        boxes["address"].value = address
        place = layout.stack(is_tight=True)
        place.props("role=status")
        with dialogs.actions():
            buttons.secondary(t("Fermer"), dialog.close)
            button = buttons.primary(t("Envoyer"), icon="call")

    async def send() -> None:
        for box in boxes.values():
            fields.show_error(box, None)
        place.clear()
        given = [forms.written(box) for box in boxes.values()]
        request = await shell.attempt(knocking.prepare, row.id, *given)
        if isinstance(request, Refusal):
            forms.say(request, boxes)
            return
        returned = await to_thread.run_sync(knocking.knock, request)
        if place.is_deleted:
            return
        with place:
            _draw(row, returned)

    button.on_click(send)
    dialog.open()


def _draw(row: GatewayRow, returned: Returned) -> None:
    tone, icon_name, sentence = _verdict(row, returned)
    cards.notice(sentence, tone=tone, icon_name=icon_name)
    if returned.status == OK and returned.answer:
        show(code.block(returned.answer, title=t("Réponse")))


def _verdict(row: GatewayRow, returned: Returned) -> tuple[str, str, str]:
    """Return how an answer is to be taken: its colour, its sign, its sentence."""
    match returned.status:
        case 0:
            said = t(
                "Personne ne répond à cette adresse depuis ce serveur : voyez l'adresse publique et le mandataire."
            )
            return "red", "cloud_off", said
        case 200 if row.state == "live":
            return "accent", "check_circle", t("L'adresse répond, et le service aussi.")
        case 200:
            said = t("L'adresse répond. Le compte est suspendu : qui compose entend que le service est arrêté.")
            return "accent", "check_circle", said
        case 401:
            return (
                "ochre",
                "lock",
                t("L'adresse répond, et n'admet que qui porte l'identité exigée : c'est bien gardé."),
            )
        case 403:
            return (
                "ochre",
                "shield",
                t("L'adresse répond, et n'admet que les adresses admises : ce serveur n'en est pas."),
            )
        case status:
            said = t("Autre chose répond à cette adresse (état {status}) : voyez le mandataire.").format(status=status)
            return "red", "error", said
