"""The dialog that makes a person: who, with which role; then the temporary password, this once."""

from nicegui import ui

from core.errors import Refusal
from core.permissions import Role, Scope
from services import organisations
from services import users as people
from services.users import CreateUser, UserCreated
from ui import forms, shell
from ui.components import buttons, cards, copy_field, dialogs, fields
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show
from ui.pages.administration import words

PLAIN = "platform:membre"


async def ask() -> None:
    """Open the dialog; what is wrong is said under its field, and nothing typed is lost."""
    known = await shell.read(organisations.list_organisations) or []
    with dialogs.dialog(t("Créer un utilisateur")) as dialog, fields.form():
        with ui.element("div").classes("field-pair"):
            first_name = fields.text(t("Prénom")).props("autofocus")
            last_name = fields.text(t("Nom"))
        email = fields.text(t("E-mail"), kind="email")
        phone = fields.text(t("Téléphone (facultatif)"), kind="tel")
        role = fields.choice(t("Rôle"), words.role_choices(with_plain=True), value=PLAIN)
        with ui.element("div") as place:
            organisation = fields.choice(t("Organisation"), {str(one.id): one.name for one in known})
        place.bind_visibility_from(role, "value", backward=lambda chosen: str(chosen).startswith(Scope.ORGANISATION))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Créer l'utilisateur"))
    boxes: forms.Boxes = {
        "first_name": first_name,
        "last_name": last_name,
        "email": email,
        "phone": phone,
        "role": role,
        "organization_id": organisation,
    }

    async def create() -> None:
        scope, code = words.split_role(str(role.value))
        is_global = scope is Scope.PLATFORM
        order = forms.fill(
            CreateUser,
            boxes,
            first_name=forms.written(first_name),
            last_name=forms.written(last_name),
            email=forms.written(email),
            phone=forms.written(phone) or None,
            global_role=code if is_global else Role.MEMBRE,
            scope=None if is_global else scope,
            role=None if is_global else code,
            organisation_id=(organisation.value or None) if scope is Scope.ORGANISATION else None,
        )
        if order is None:
            return
        button.props("loading")
        made = await shell.attempt(people.create_user, order)
        button.props(remove="loading")
        if isinstance(made, Refusal):
            forms.say(made, boxes)
            return
        dialog.close()
        _hand_over(made)

    button.on_click(create)
    for box in (first_name, last_name, email, phone):
        box.on("keydown.enter", create)
    dialog.open()


def _hand_over(made: UserCreated) -> None:
    page = f"/administration/utilisateurs/{made.user.id}"
    with dialogs.dialog(t("Utilisateur créé")) as dialog:
        cards.notice(
            t("Notez ce mot de passe maintenant : il ne sera plus jamais montré."), tone="ochre", icon_name="warning"
        )
        show(copy_field.copy_field(made.temporary_password, label=t("Mot de passe temporaire")))
        show(
            prose(
                t("Il ouvre une seule page, où {name} choisit le sien. Il s'éteint dans 72 heures.").format(
                    name=made.user.name
                )
            )
        )
        show(prose(t("Une invitation part aussi à {email}.").format(email=made.user.email)))
        with dialogs.actions():
            buttons.secondary(t("Fermer"), lambda: ui.navigate.to("/administration/utilisateurs"))
            buttons.primary(t("Ouvrir sa fiche"), lambda: ui.navigate.to(page))
    dialog.props("persistent").open()
