"""`/connexion`: e-mail or phone, password, and a code where a second factor is on."""

from nicegui import context, ui

from core.errors import Refusal
from core.settings import get_settings
from services import users
from services.users import SignedIn, SignIn, TotpRequired
from ui import auth, frame, shell
from ui.components import buttons, fields
from ui.labels import t
from ui.markup import show, tag
from ui.pages.signing_in import words


@shell.screen("/connexion", title="Connexion", is_open=True)
async def sign_in(retour: str = "/") -> None:
    """Draw the form; Enter sends it, and a refusal is said beside its field."""
    with frame.bare():
        words.heading(t("Connexion"), t("Avec votre adresse e-mail ou votre téléphone."))
        with fields.form():
            name = fields.text(t("E-mail ou téléphone"), autocomplete="username").props("autofocus")
            password = fields.password(t("Mot de passe"))
            with ui.element("div") as second:
                code = fields.text(t("Code de double authentification"), autocomplete="one-time-code")
                code.props("inputmode=numeric maxlength=6")
            second.set_visibility(False)
            button = buttons.primary(t("Se connecter"))
        words.link(t("Mot de passe oublié ?"), "/mot-de-passe")
        if get_settings().oidc_issuer:
            show(tag("span", t("ou")), classes="door-rule")
            buttons.secondary(get_settings().oidc_label, href="/connexion/oidc", icon="login")

    async def send() -> None:
        button.props("loading")
        order = _order(str(name.value or ""), str(password.value or ""), str(code.value or ""))
        outcome = await shell.enter(users.sign_in_console, order)
        button.props(remove="loading")
        if isinstance(outcome, SignedIn):
            auth.remember(outcome.token)
            ui.navigate.to(retour if auth.is_local(retour) else "/")
        else:
            say(outcome)

    def say(refusal: Refusal) -> None:
        needs_code = isinstance(refusal, TotpRequired)
        words.say(refusal, {"password": password, "totp": code}, code if needs_code else password)
        if needs_code:
            second.set_visibility(True)
            code.run_method("focus")

    button.on_click(send)
    for box in (name, password, code):
        box.on("keydown.enter", send)


def _order(name: str, password: str, code: str) -> SignIn:
    is_email = "@" in name
    return SignIn(
        email=name.strip() if is_email else None,
        phone=None if is_email else name.strip(),
        password=password,
        totp=code.strip(),
        address=auth.address(),
        agent=context.client.request.headers.get("user-agent", "")[:200],
    )
