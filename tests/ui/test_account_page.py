"""One's own account: language, password, second factor, browsers."""

from datetime import timedelta
from typing import Any

import pyotp
import pytest
from nicegui import ui

from core import clock
from core.database import Database
from services.users import consoles
from tests.builders import people
from tests.ui.hands import field, press, shown, sign_in, stored, until
from ui import auth


async def test_one_keeps_ones_own_account(house: Database, open_console: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[str] = []
    monkeypatch.setattr(auth, "choose_language", chosen.append)
    me = people.person(house, "awa@palabre.org", first_name="Awa", last_name="Diop")
    other = sign_in(house, me, "Mozilla/5.0 (Linux; Android 14) Chrome/120.0 Mobile")
    async with open_console(sign_in(house, me)) as user:
        await user.open("/mon-compte")
        await user.should_see("Cette session")
        press(user, "Déconnecter Chrome, Android")
        await user.should_see("Session fermée")
        with house.transaction() as session:
            assert consoles.actor_of_console_session(session, other, "") is None
        with user:
            field(user, "Mot de passe actuel").value = "faux"
            field(user, "Nouveau mot de passe").value = field(user, "Encore une fois").value = "Fromager-2026-ombre"
        press(user, "Changer le mot de passe")
        await until(lambda: field(user, "Mot de passe actuel").props.get("error-message"))
        assert "ne correspond pas" in field(user, "Mot de passe actuel").props["error-message"]
        with user:
            field(user, "Mot de passe actuel").value = people.PASSWORD
        press(user, "Changer le mot de passe")
        await user.should_see("Vos autres sessions sont fermées", retries=50)
        with user:
            field(user, "Langue").value = "en"
        press(user, "Enregistrer")
        await until(lambda: chosen == ["en"])
    assert stored(house, "select language from users where id = %s", me) == {"language": "en"}


async def test_a_second_factor_is_enrolled_confirmed_and_removed(house: Database, open_console: Any) -> None:
    me = people.person(house, "awa@palabre.org", first_name="Awa", last_name="Diop")
    token = sign_in(house, me)
    async with open_console(token) as user:
        await user.open("/mon-compte")
        press(user, "Préparer la double authentification")
        await user.should_see("Ou tapez cette clé")
        qr = next(e.content for e in shown(user, ui.html) if "qr-code" in e.content)
        assert qr.startswith('<span class="qr-code scheme-light"><svg')
        secret = next(
            e.content.partition('data-copy="')[2].partition('"')[0]
            for e in shown(user, ui.html)
            if "data-copy" in e.content
        )
        with user:
            field(user, "Code à six chiffres").value = "12"
        press(user, "Activer")
        await until(lambda: field(user, "Code à six chiffres").props.get("error"))
        with user:
            field(user, "Code à six chiffres").value = pyotp.TOTP(secret).at(clock.now())
        press(user, "Activer")
        await until(lambda: people.trail(house, "user.totp_on"))
        await user.open("/mon-compte")
        await user.should_see("écrivez son code du moment")
        with clock.travel(clock.now() + timedelta(seconds=60)):
            with user:
                field(user, "Code à six chiffres").value = pyotp.TOTP(secret).at(clock.now())
            press(user, "Retirer")
            await until(lambda: people.trail(house, "user.totp_off"))
