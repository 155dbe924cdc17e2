"""The dialog that begins a menu: its name, and what it begins from."""

from nicegui import ui

from channels import publishing
from core.errors import Refusal
from services import new_services, ussd_services
from services.new_services import CreateMenu, ModelRow
from ui import forms, shell
from ui.components import buttons, dialogs, facts, fields, toasts
from ui.labels import t
from ui.markup import show
from ui.pages.ussd.menus import words

BLANK = ""


async def ask() -> None:
    """Ask for what a menu begins with; what is made opens in the editor."""
    models = await shell.read(new_services.list_models)
    if models is None:
        return
    with dialogs.dialog(t("Nouveau menu")) as dialog, fields.form():
        show(
            facts.prose(t("Il naît en brouillon. Un service lui donne un code, et vous le publiez quand il est prêt."))
        )
        boxes: dict[str, forms.Box] = {
            "title": fields.text(t("Nom")),
            "key": fields.text(
                t("Clé"), hint=t("Minuscules, chiffres et tirets ; elle reste. Par exemple epargne-groupe.")
            ),
            "start": fields.choice(
                t("Commencer par"),
                {BLANK: t("Un seul écran, à écrire"), **{str(row.id): _model(row) for row in models}},
                value=BLANK,
            ),
        }
        boxes["title"].props("autofocus maxlength=60")
        with ui.element("div").classes("stack stack-tight") as spoken:
            ticks = {
                code: fields.checkbox(words.language(code), is_on=code == "fr") for code in ussd_services.LANGUAGES
            }
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Créer le menu"))
    boxes["start"].on_value_change(lambda event: spoken.set_visibility(event.value == BLANK))

    async def create() -> None:
        start = str(boxes["start"].value or BLANK)
        languages = tuple(code for code, tick in ticks.items() if tick.value)
        if not languages and start == BLANK:
            toasts.refused(t("Choisissez au moins une langue."))
            return
        named = {name: forms.written(boxes[name]) for name in ("title", "key")}
        order = forms.fill(CreateMenu, boxes, **named, languages=languages or ("fr",), version_id=start or None)
        if order is None:
            return
        made = await shell.attempt(publishing.create_menu, order)
        if isinstance(made, Refusal):
            forms.say(made, boxes)
            return
        dialog.close()
        ui.navigate.to(words.version_path(made.flow_key, made.number))

    button.on_click(create)
    dialog.open()


def _model(row: ModelRow) -> str:
    return t("{title}, copie de la version {number}").format(title=row.title, number=row.number)
