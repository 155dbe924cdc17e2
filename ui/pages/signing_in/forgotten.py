"""`/mot-de-passe`: a code leaves for an e-mail or a phone; with it, a new password."""

from nicegui import ui

from core.errors import Refusal
from services import users
from services.users import ForgotPassword, ResetByCode
from ui import auth, frame, shell
from ui.components import buttons, fields, toasts
from ui.labels import t
from ui.pages.signing_in import words


@shell.screen("/mot-de-passe", title="Mot de passe oublié", is_open=True)
async def forgotten() -> None:
    """Ask for the name, then for the code and the new password; nothing says whether the account exists."""
    with frame.bare():
        words.heading(
            t("Mot de passe oublié"), t("Un code à six chiffres part par e-mail ou par SMS. Il vaut une heure.")
        )
        with fields.form() as asking:
            name = fields.text(t("E-mail ou téléphone"), autocomplete="username").props("autofocus")
            ask = buttons.primary(t("Recevoir un code"))
        with fields.form() as choosing:
            code = fields.text(t("Code reçu"), autocomplete="one-time-code").props("inputmode=numeric maxlength=6")
            first = fields.password(t("Nouveau mot de passe"), autocomplete="new-password")
            second = fields.password(t("Encore une fois"), autocomplete="new-password")
            choose = buttons.primary(t("Enregistrer le mot de passe"))
        choosing.set_visibility(False)
        words.link(t("Revenir à la connexion"), auth.SIGN_IN)

    def whose() -> dict[str, str | None]:
        written = str(name.value or "").strip()
        return {"email": written, "phone": None} if "@" in written else {"email": None, "phone": written}

    async def send() -> None:
        outcome = await shell.enter(users.forgot_password, ForgotPassword(**whose(), address=auth.address()))
        if isinstance(outcome, Refusal):
            words.say(outcome, {}, name)
            return
        toasts.done(t("Si ce compte existe, un code vient de partir."))
        asking.set_visibility(False)
        choosing.set_visibility(True)
        code.run_method("focus")

    async def save() -> None:
        if words.differ(first, second):
            return
        order = ResetByCode(
            **whose(), code=str(code.value or "").strip(), new_password=str(first.value or ""), address=auth.address()
        )
        outcome = await shell.enter(users.reset_by_code, order)
        if isinstance(outcome, Refusal):
            words.say(outcome, {"new_password": first, "code": code}, code)
            return
        toasts.done(t("Nouveau mot de passe enregistré."))
        ui.navigate.to(auth.SIGN_IN)

    ask.on_click(send)
    name.on("keydown.enter", send)
    choose.on_click(save)
    second.on("keydown.enter", save)
