"""`/administration/utilisateurs/{id}`: one person's account, roles, sessions and history."""

from uuid import UUID

from nicegui import ui

from core import ids
from core.errors import NotFound
from core.permissions import Permission
from models.users import UserState
from services import users as people
from services.users import ConsoleSessionRow, RemoveTotp, UserRow
from ui import shell
from ui.components import buttons, cards, chips, danger_dialog, facts, layout, reason_dialog, toasts
from ui.components.empty import sentence
from ui.components.history import history
from ui.labels import moment, t, when
from ui.markup import Markup, join, show, tag
from ui.pages.administration import deeds, granting, words

MOST_SHOWN = 12  # the rest is one link away


@shell.screen("/administration/utilisateurs/{user_id}", title="Utilisateur", needs=Permission.USERS_READ)
async def user(user_id: str) -> None:
    """Draw who this is, what he may, where he is signed in and what happened."""
    identifier = ids.parse_id(user_id)
    if identifier is None:
        raise NotFound(thing="user")
    found = await shell.read(people.get_user, identifier)
    if found is None:
        return
    contact = found.email or found.phone or ""
    crumbs = [(t("Utilisateurs"), "/administration/utilisateurs")]
    with layout.page_head(found.name, contact, crumbs=crumbs, chip=chips.chip(words.USER_STATES[found.state])):
        if _may_change(found):
            _state_button(found)
    with layout.grid():
        with layout.cell(8):
            granting.card(found)
            await _sessions(found)
            await _history(found)
        with layout.cell(4):
            with cards.titled(t("Compte")):
                show(facts.facts(_facts(found)))
            _security(found)


def _may_change(found: UserRow) -> bool:
    actor = shell.visitor()
    return actor.may(Permission.USERS_WRITE) and actor.user_id != found.id


def _state_button(found: UserRow) -> None:
    if found.state is UserState.ACTIVE:
        buttons.secondary(t("Désactiver"), lambda: _ask_close(found), icon="person_off")
        return

    async def reopen() -> None:
        if await shell.act(people.reopen_user, found.id) is not None:
            toasts.done(t("Compte réactivé."))
            ui.navigate.reload()

    buttons.primary(t("Réactiver"), reopen, icon="person_check")


def _ask_close(found: UserRow) -> None:
    async def confirm() -> UUID | None:
        if await shell.act(people.close_user, found.id) is None:
            return None
        toasts.done(t("Compte désactivé."))
        ui.navigate.reload()
        return found.id

    danger_dialog.danger_dialog(
        t("Désactiver ce compte"),
        t("{name} ne pourra plus entrer et toutes ses sessions se ferment. Son histoire reste.").format(
            name=found.name
        ),
        name=found.name,
        act=t("Désactiver {name}").format(name=found.name),
        confirm=confirm,
    )


def _facts(found: UserRow) -> list[facts.Fact]:
    return [
        (t("E-mail"), _contact(found.email, is_proved=found.is_email_proved)),
        (t("Téléphone"), _contact(found.phone, is_proved=found.is_phone_proved)),
        (t("Langue"), words.LANGUAGES.get(found.language, found.language)),
        (t("Pays"), found.country),
        (t("Créé le"), moment(found.created_at)),
        (t("Dernière connexion"), moment(found.last_login_at)),
        (t("Depuis l'adresse"), found.last_login_address),
    ]


def _contact(value: str | None, *, is_proved: bool) -> Markup | str:
    if not value:
        return ""
    return join(tag("span", value), tag("span", t("vérifié") if is_proved else t("non vérifié"), class_="fact-note"))


def _security(found: UserRow) -> None:
    with cards.titled(t("Sécurité")):
        password = t("À changer") if found.must_change_password else t("Choisi") if found.has_password else t("Aucun")
        totp = chips.chip(words.TOTP_ON if found.has_totp else words.TOTP_OFF)
        show(facts.facts([(t("Mot de passe"), password), (t("Double authentification"), totp)]))
        if found.has_totp and _may_change(found):
            words_shown = t("Retirer la double authentification")
            buttons.secondary(words_shown, lambda: _ask_totp_removal(found), icon="gpp_maybe")


def _ask_totp_removal(found: UserRow) -> None:
    async def confirm(reason: str) -> bool:
        if await shell.act(people.remove_totp, RemoveTotp(user_id=found.id, reason=reason)) is None:
            return False
        toasts.done(t("Double authentification retirée."))
        ui.navigate.reload()
        return True

    reason_dialog.reason_dialog(
        t("Retirer la double authentification"),
        t("{name} entrera avec son seul mot de passe, et pourra en préparer une autre.").format(name=found.name),
        act=t("Retirer"),
        confirm=confirm,
        is_danger=True,
    )


async def _sessions(found: UserRow) -> None:
    rows = await shell.read(people.list_console_sessions, found.id) or []
    with cards.titled(t("Sessions ouvertes"), count=str(len(rows)), is_flush=True, is_ruled=True):
        if not rows:
            show(sentence(t("Aucun navigateur connecté."), "desktop_windows"))
        for row in rows:
            session_line(row, may_end=shell.visitor().may(Permission.USERS_WRITE))


def session_line(row: ConsoleSessionRow, *, may_end: bool, note: str = "") -> None:
    """Place one signed-in browser with the button that signs it out."""
    with ui.element("div").classes("line") as line:
        detail = t("{address} · vue {moment}").format(address=row.address or "?", moment=when(row.last_seen_at))
        show(
            join(
                tag("span", words.browser(row.agent), class_="line-title"),
                chips.plain(note) if note else None,
                tag("span", detail, class_="line-detail"),
            ),
            classes="line-words",
        )

        async def end() -> None:
            if await shell.act(people.end_console_session, row.id) is not None:
                toasts.done(t("Session fermée."))
                line.delete()

        if may_end:
            button = buttons.secondary(t("Déconnecter"), end)
            button.props["aria-label"] = t("Déconnecter {browser}").format(browser=words.browser(row.agent))


async def _history(found: UserRow) -> None:
    if not shell.visitor().may(Permission.AUDIT_READ):
        return
    rows = await shell.read(people.list_user_history, found.id, MOST_SHOWN) or []
    with cards.titled(t("Historique"), is_flush=True, is_ruled=True):
        show(history([deeds.happening(row) for row in rows]), classes="card-body")
        cards.foot_link(t("Toute l'histoire de ce compte"), f"/administration/audit?sujet={found.id}")
        cards.foot_link(t("Ce que {name} a fait").format(name=found.name), f"/administration/audit?acteur={found.id}")
