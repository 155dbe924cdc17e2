"""The card of a person's roles: each with its way out, and the form that gives one more."""

from nicegui import ui

from core.errors import Refusal
from core.permissions import Permission, Role, Scope
from services import organisations
from services import users as people
from services.users import ChangeRole, RoleRow, UserRow
from ui import forms, shell
from ui.components import buttons, cards, dialogs, fields, toasts
from ui.components.empty import sentence
from ui.labels import t
from ui.markup import join, show, tag
from ui.pages.administration import words
from ui.pages.administration.users import roles_of


def card(found: UserRow) -> None:
    """Place the roles of a person; they change in place, and a role taken away comes back with «Annuler»."""
    may_write = shell.visitor().may(Permission.ROLES_WRITE)

    @ui.refreshable
    def lines(shown: UserRow) -> None:
        held = roles_of(shown)
        if not held:
            show(sentence(t("Aucun rôle : un simple membre tient son propre compte."), "shield_person"))
        for one in held:
            _line(shown, one, lines.refresh, may_write=may_write)

    with cards.titled(t("Rôles"), is_flush=True, is_ruled=True):
        lines(found)
        if may_write:
            with cards.foot():
                buttons.secondary(t("Donner un rôle"), lambda: _ask(found, lines.refresh), icon="add")


def _line(found: UserRow, one: RoleRow, refresh: forms.Then[UserRow], *, may_write: bool) -> None:
    organisation = one.organisation.name if one.organisation else ""
    order = ChangeRole(
        user_id=found.id,
        scope=one.scope,
        role=one.role,
        organisation_id=one.organisation.id if one.organisation else None,
    )

    async def give_back() -> None:
        after = await shell.act(people.grant_role, order)
        if after is not None:
            refresh(after)

    async def take() -> None:
        after = await shell.act(people.revoke_role, order)
        if after is not None:
            refresh(after)
            toasts.undoable(t("Rôle retiré : {role}.").format(role=words.held(one.scope, one.role)), give_back)

    with ui.element("div").classes("line"):
        words_shown = tag("span", words.role(one.role), class_="line-title")
        where = tag("span", words.place(one.scope, organisation), class_="line-detail")
        show(join(words_shown, where), classes="line-words")
        if may_write:
            button = buttons.secondary(t("Retirer"), take)
            button.props["aria-label"] = t("Retirer le rôle {role}").format(
                role=words.held(one.scope, one.role, organisation)
            )


async def _ask(found: UserRow, refresh: forms.Then[UserRow]) -> None:
    known = await shell.read(organisations.list_organisations) or []
    choices = words.role_choices()
    with dialogs.dialog(t("Donner un rôle à {name}").format(name=found.name)) as dialog, fields.form():
        role = fields.choice(t("Rôle"), choices, value=f"{Scope.USSD}:{Role.LECTEUR}")
        with ui.element("div") as place:
            organisation = fields.choice(t("Organisation"), {str(one.id): one.name for one in known})
        place.bind_visibility_from(role, "value", backward=lambda chosen: str(chosen).startswith(Scope.ORGANISATION))
        with dialogs.actions():
            buttons.secondary(t("Annuler"), dialog.close)
            button = buttons.primary(t("Donner le rôle"))

    async def give() -> None:
        scope, code = words.split_role(str(role.value))
        where = (organisation.value or None) if scope is Scope.ORGANISATION else None
        boxes = {"role": role, "organization_id": organisation}
        order = forms.fill(ChangeRole, boxes, user_id=found.id, scope=scope, role=code, organisation_id=where)
        if order is None:
            return
        after = await shell.attempt(people.grant_role, order)
        if isinstance(after, Refusal):
            forms.say(after, boxes)
            return
        dialog.close()
        refresh(after)
        toasts.done(t("Rôle donné : {role}.").format(role=choices[str(role.value)]))

    button.on_click(give)
    dialog.open()
