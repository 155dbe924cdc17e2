"""The dialog that begins a programme: its code, its name, and the ready recipe it begins with."""

from nicegui import ui

from core.errors import Refusal
from services.ciu.recipes import shipped
from services.ciu.store import settings
from services.ciu.store.settings import READY, CreateProgramme
from ui import forms, shell
from ui.components import buttons, dialogs, fields
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show
from ui.pages.ciu.recipes import words

SETTINGS = "/ciu/reglages"


def ask() -> None:
    """Ask for a programme; what is made opens with its settings."""
    with dialogs.dialog(t("Nouveau programme")) as dialog, fields.form():
        show(prose(t("Il répond dès qu'un numéro lui est ouvert. Le code tiré au sort ne montre rien des réponses.")))
        boxes: dict[str, forms.Box] = {
            "name": fields.text(t("Nom lu par les personnes")),
            "code": fields.text(t("Code"), hint=t("Minuscules, chiffres et tirets ; il reste, par exemple vih-kin.")),
            "contact": fields.text(t("Contact donné par AIDE")),
            "recipe": fields.choice(t("Recette"), {key: words.name(key) for key in READY}, value=READY[0]),
        }
        boxes["name"].props("autofocus maxlength=100")
        risk = fields.checkbox(t("J'accepte que deux personnes aux mêmes réponses aient le même code."))
        risk.set_visibility(False)
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Créer le programme"))
    boxes["recipe"].on_value_change(lambda event: risk.set_visibility(shipped(str(event.value)).weak))

    async def create() -> None:
        given = {name: forms.written(boxes[name]) for name in ("name", "code", "contact")}
        order = forms.fill(CreateProgramme, boxes, **given, recipe=boxes["recipe"].value, accepts_weak=bool(risk.value))
        if order is None:
            return
        made = await shell.attempt(settings.create_programme, order)
        if isinstance(made, Refusal):
            forms.say(made, boxes)
            return
        dialog.close()
        ui.navigate.to(f"{SETTINGS}?programme={made.code}")

    button.on_click(create)
    dialog.open()
