"""`/nouveau-mot-de-passe#…` from a link that works once, and `/mot-de-passe/changer` after a temporary password."""

from nicegui import ui

from core.errors import Refusal
from services import users
from services.users import ChangePassword, ResetByLink
from ui import auth, frame, shell
from ui.components import buttons, fields, toasts
from ui.labels import t
from ui.pages.signing_in import words


@shell.screen("/nouveau-mot-de-passe", title="Nouveau mot de passe", is_open=True)
async def by_link() -> None:
    """Choose a password with the token of a link; it stands behind `#`, where no server and no log sees it."""
    with frame.bare():
        words.heading(t("Choisissez un mot de passe"), t("Ce lien ne sert qu'une fois."))
        with fields.form():
            first = fields.password(t("Nouveau mot de passe"), autocomplete="new-password").props("autofocus")
            second = fields.password(t("Encore une fois"), autocomplete="new-password")
            button = buttons.primary(t("Enregistrer le mot de passe"))

    async def save() -> None:
        if words.differ(first, second):
            return
        token = str(await ui.run_javascript("window.location.hash.slice(1)"))
        order = ResetByLink(token=token, new_password=str(first.value or ""), address=auth.address())
        outcome = await shell.enter(users.reset_by_link, order)
        if isinstance(outcome, Refusal):
            words.say(outcome, {"new_password": first}, first)
            return
        toasts.done(t("Nouveau mot de passe enregistré."))
        ui.navigate.to(auth.SIGN_IN)

    button.on_click(save)
    second.on("keydown.enter", save)


@shell.screen(auth.CHANGE_PASSWORD, title="Nouveau mot de passe")
async def after_temporary() -> None:
    """Change the password one came in with; until then nothing else opens."""
    with frame.bare():
        words.heading(t("Choisissez votre mot de passe"), t("Celui qui vous a été remis ne sert qu'à entrer."))
        with fields.form():
            current = fields.password(t("Mot de passe actuel")).props("autofocus")
            first = fields.password(t("Nouveau mot de passe"), autocomplete="new-password")
            second = fields.password(t("Encore une fois"), autocomplete="new-password")
            button = buttons.primary(t("Enregistrer le mot de passe"))

    async def save() -> None:
        if words.differ(first, second):
            return
        order = ChangePassword(current_password=str(current.value or ""), new_password=str(first.value or ""))
        outcome = await shell.attempt(users.change_password, order)
        if isinstance(outcome, Refusal):
            words.say(outcome, {"new_password": first, "current_password": current}, current)
            return
        toasts.done(t("Mot de passe changé."))
        ui.navigate.to("/")

    button.on_click(save)
    second.on("keydown.enter", save)
