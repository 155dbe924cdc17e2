"""`/mon-compte`: one's own name and language, password, second factor and browsers."""

from nicegui import ui

from core.errors import Refusal
from services import merchants, users
from services.users import ChangePassword, TotpCode, TotpEnrolment, UpdateProfile, UserRow
from ui import auth, forms, shell
from ui.components import buttons, cards, chips, copy_field, fields, layout, qr_code, toasts
from ui.components.facts import prose
from ui.labels import t
from ui.markup import show
from ui.pages import account_preferences, account_push
from ui.pages.administration import user as console
from ui.pages.administration import words


@shell.screen("/mon-compte", title="Mon compte")
async def account() -> None:
    """Draw what is one's own to change."""
    actor = shell.visitor()
    me = await shell.read(users.get_user, actor.user_id)
    if me is None:
        return
    shop = await shell.read(merchants.find_own)
    with layout.page_head(me.name, me.email or me.phone or ""):
        if shop is not None:
            buttons.secondary(shop.name, href="/mon-point-de-vente", icon="storefront")
    with layout.grid():
        with layout.cell(6):
            _profile(me)
            _password()
        with layout.cell(6):
            _second_factor(me)
            await _sessions()
        with layout.cell(12):
            await account_preferences.draw()
            await account_push.draw()


def _profile(me: UserRow) -> None:
    with cards.titled(t("Profil")), fields.form():
        with ui.element("div").classes("field-pair"):
            first_name = fields.text(t("Prénom"), value=me.first_name, autocomplete="given-name")
            last_name = fields.text(t("Nom"), value=me.last_name, autocomplete="family-name")
        language = fields.choice(t("Langue"), {"fr": "Français", "en": "English"}, value=me.language)
        with layout.row(at_end=True):
            button = buttons.primary(t("Enregistrer"))

    async def save() -> None:
        if not forms.written(first_name):
            fields.show_error(first_name, t("À remplir."))
            return
        order = UpdateProfile(
            user_id=me.id,
            first_name=forms.written(first_name),
            last_name=forms.written(last_name),
            language=str(language.value),
        )
        if await shell.act(users.update_profile, order) is not None:
            auth.choose_language(str(language.value))
            ui.navigate.reload()

    button.on_click(save)


def _password() -> None:
    with cards.titled(t("Mot de passe")), fields.form():
        current = fields.password(t("Mot de passe actuel"))
        first = fields.password(t("Nouveau mot de passe"), autocomplete="new-password")
        second = fields.password(t("Encore une fois"), autocomplete="new-password")
        with layout.row(at_end=True):
            button = buttons.secondary(t("Changer le mot de passe"))
    boxes = {"current_password": current, "new_password": first}

    async def save() -> None:
        is_different = first.value != second.value
        fields.show_error(second, t("Les deux saisies diffèrent.") if is_different else None)
        order = forms.fill(
            ChangePassword, boxes, current_password=str(current.value or ""), new_password=str(first.value or "")
        )
        if order is None or is_different:
            return
        button.props("loading")
        outcome = await shell.attempt(users.change_password, order)
        button.props(remove="loading")
        if isinstance(outcome, Refusal):
            forms.say(outcome, boxes)
            return
        for box in (current, first, second):
            box.value = ""
        toasts.done(t("Mot de passe changé. Vos autres sessions sont fermées."))

    button.on_click(save)
    second.on("keydown.enter", save)


def _second_factor(me: UserRow) -> None:
    sign = words.TOTP_ON if me.has_totp else words.TOTP_OFF
    with cards.titled(t("Double authentification"), chips.chip(sign)):
        if me.has_totp:
            _drop()
        else:
            _enrol()


def _enrol() -> None:
    place = ui.element("div").classes("stack stack-tight")

    async def begin() -> None:
        made = await shell.act(users.enrol_totp)
        if made is not None:
            place.clear()
            with place:
                _confirm(made)

    with place:
        show(prose(t("Un code de votre téléphone s'ajoute au mot de passe : le vol de l'un ne suffit plus.")))
        with layout.row():
            buttons.secondary(t("Préparer la double authentification"), begin, icon="qr_code")


def _confirm(made: TotpEnrolment) -> None:
    show(prose(t("Lisez ce carré avec votre application, puis écrivez le code qu'elle montre.")))
    show(qr_code.qr_code(made.uri, label=t("Carré à lire avec une application de codes")))
    show(copy_field.copy_field(made.secret, label=t("Ou tapez cette clé")))
    _code(t("Activer"), users.confirm_totp, t("Double authentification activée."))


def _drop() -> None:
    show(prose(t("Votre application donne un code à chaque entrée. Pour la retirer, écrivez son code du moment.")))
    _code(t("Retirer"), users.drop_totp, t("Double authentification désactivée."))


def _code(word: str, verb: forms.Verb[TotpCode, UserRow], done: str) -> None:
    with fields.form():
        code = fields.text(t("Code à six chiffres"), autocomplete="one-time-code")
        code.props("inputmode=numeric maxlength=6")
        with layout.row(at_end=True):
            button = buttons.primary(word)

    async def send() -> None:
        outcome = await shell.attempt(verb, TotpCode(code=forms.written(code)))
        if isinstance(outcome, Refusal):
            fields.show_error(code, shell.sentence_of(outcome))
            return
        toasts.done(done)
        ui.navigate.reload()

    button.on_click(send)
    code.on("keydown.enter", send)


async def _sessions() -> None:
    here = shell.visitor().session_id
    rows = await shell.read(users.list_console_sessions) or []
    with cards.titled(t("Mes sessions"), count=str(len(rows)), is_flush=True, is_ruled=True):
        for row in rows:
            is_here = row.id == here
            console.session_line(row, may_end=not is_here, note=t("Cette session") if is_here else "")
