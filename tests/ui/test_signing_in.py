"""The door: in with a password, out without, a password forgotten, a password to choose."""

import asyncio
import re
from typing import Any

import pyotp
import pytest
from nicegui import ui
from nicegui.testing.user_interaction import UserInteraction

from core import clock
from core.database import Database, fetch_one
from core.permissions import Role, Scope
from services import users
from services.users import ForgotPassword, TotpCode
from tests.builders import people
from tests.builders.people import PASSWORD
from tests.ui.conftest import signed_in
from ui import auth
from ui.labels import NO_BREAK

EMAIL = "awa@exemple.org"
NEW_PASSWORD = "Fromager-2026-haut"
NAME, SECRET, CODE = "E-mail ou téléphone", "Mot de passe", "Code de double authentification"
NEW, AGAIN = "Nouveau mot de passe", "Encore une fois"
REAL_TOKEN = auth.token


def boxes(user: Any) -> dict[str, ui.input]:
    """Return the fields of the page by label."""
    with user:
        found = user.find(kind=ui.input).elements
    return {
        str(box.parent_slot.children[0].content).removeprefix("<span>").removesuffix("</span>"): box for box in found
    }


def fill(user: Any, written: dict[str, str]) -> None:
    with user:
        for label, text in written.items():
            boxes(user)[label].set_value(text)


async def refusal_of(user: Any, label: str) -> str:
    """Return what is written under a field, once something is."""
    for _ in range(50):
        if boxes(user)[label].props.get("error"):
            return str(boxes(user)[label].props["error-message"])
        await asyncio.sleep(0.05)
    raise AssertionError(f"nothing under {label}")


def open_sessions(database: Database) -> int:
    with database.transaction() as session:
        row = fetch_one(session, "select count(*) as open from console_session where revoked_at is null")
    assert row is not None
    return int(row["open"])


async def test_awa_signs_in_with_her_address_and_lands_where_she_wanted(
    open_console: Any, house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.admin(house, EMAIL)
    async with open_console() as user:
        monkeypatch.setattr(auth, "token", REAL_TOKEN)
        await user.open("/connexion?retour=/grand-livre/balance")
        fill(user, {NAME: EMAIL, SECRET: "faux"})
        user.find("Se connecter").click()
        assert await refusal_of(user, SECRET) == "Identifiants incorrects."
        assert open_sessions(house) == 0
        fill(user, {SECRET: PASSWORD})
        user.find("Se connecter").click()
        await user.should_see("Aucune écriture", retries=100)
        assert open_sessions(house) == 1


async def test_a_return_address_of_another_site_leads_home(
    open_console: Any, house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.admin(house, EMAIL)
    async with open_console() as user:
        monkeypatch.setattr(auth, "token", REAL_TOKEN)
        await user.open("/connexion?retour=//ailleurs.example/")
        fill(user, {NAME: EMAIL, SECRET: PASSWORD})
        user.find("Se connecter").click()
        await user.should_see("Bonjour Awa", retries=100)


async def test_a_second_factor_is_asked_only_of_who_has_one(
    open_console: Any, house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = people.actor(people.admin(house, EMAIL))
    with house.transaction() as session:
        secret = pyotp.TOTP(users.enrol_totp(session, actor).secret)
    with house.transaction() as session:
        users.confirm_totp(session, actor, TotpCode(code=secret.at(clock.now().timestamp())))
    async with open_console() as user:
        monkeypatch.setattr(auth, "token", REAL_TOKEN)
        await user.open("/connexion")
        await user.should_not_see(CODE)
        fill(user, {NAME: EMAIL, SECRET: PASSWORD})
        user.find("Se connecter").click()
        await user.should_see(CODE, retries=100)
        assert open_sessions(house) == 0
        fill(user, {CODE: secret.at(clock.now().timestamp() + 30)})
        user.find("Se connecter").click()
        await user.should_see("Bonjour Awa", retries=100)


async def test_a_forgotten_password_is_replaced_with_a_code_and_nothing_says_who_exists(
    open_console: Any, house: Database
) -> None:
    people.person(house, EMAIL, email_proved_at=clock.now())
    async with open_console() as user:
        for name in ("personne@exemple.org", EMAIL):
            await user.open("/mot-de-passe")
            fill(user, {NAME: name})
            user.find("Recevoir un code").click()
            await user.should_see("Si ce compte existe, un code vient de partir.", retries=100)
        fill(user, {"Code reçu": people.last_code(house, EMAIL), NEW: NEW_PASSWORD, AGAIN: "autre"})
        user.find("Enregistrer le mot de passe").click()
        assert await refusal_of(user, AGAIN) == "Les deux saisies diffèrent."
        fill(user, {AGAIN: NEW_PASSWORD})
        user.find("Enregistrer le mot de passe").click()
        await user.should_see("Se connecter", retries=100)
    with house.transaction() as session:
        signed = users.sign_in_console(session, users.SignIn(email=EMAIL, password=NEW_PASSWORD))
    assert signed.user.email == EMAIL


async def test_a_temporary_password_opens_nothing_but_its_own_replacement(open_console: Any, house: Database) -> None:
    token = signed_in(house, "Awa Diop", Scope.PLATFORM, Role.ADMIN)
    with house.transaction() as session:
        fetch_one(session, "update users set must_change_password = true returning id")
    async with open_console(token) as user:
        assert (await user.http_client.get("/")).headers["location"] == auth.CHANGE_PASSWORD
        await user.open(auth.CHANGE_PASSWORD)
        fill(user, {"Mot de passe actuel": "faux", NEW: NEW_PASSWORD, AGAIN: NEW_PASSWORD})
        user.find("Enregistrer le mot de passe").click()
        assert await refusal_of(user, "Mot de passe actuel") == "L’ancien mot de passe ne correspond pas."
        fill(user, {"Mot de passe actuel": PASSWORD})
        user.find("Enregistrer le mot de passe").click()
        await user.should_see("Bonjour Awa", retries=100)


async def test_a_link_chooses_a_password_and_an_invented_one_does_not(open_console: Any, house: Database) -> None:
    people.person(house, EMAIL, email_proved_at=clock.now())
    with house.transaction() as session:
        users.forgot_password(session, ForgotPassword(email=EMAIL, address="203.0.113.9", by_link=True))
    async with open_console() as user:
        for token, is_good in (("invente", False), (people.last_token(house, EMAIL), True)):
            user.javascript_rules[re.compile(r".*location\.hash")] = lambda _, token=token: token
            await user.open("/nouveau-mot-de-passe")
            fill(user, {NEW: NEW_PASSWORD, AGAIN: NEW_PASSWORD})
            user.find("Enregistrer le mot de passe").click()
            if is_good:
                await user.should_see("Se connecter", retries=100)
            else:
                sentence = f"Ce lien a déjà servi ou n’est plus valable{NO_BREAK}: demandez-en un autre."
                assert await refusal_of(user, NEW) == sentence
    with house.transaction() as session:
        assert users.sign_in_console(session, users.SignIn(email=EMAIL, password=NEW_PASSWORD)).token


async def test_signing_out_ends_the_session(open_console: Any, house: Database) -> None:
    async with open_console(signed_in(house, "Awa Diop", Scope.PLATFORM, Role.ADMIN)) as user:
        await user.open("/")
        with user:
            lines = user.find(kind=ui.menu_item).elements
            leave = next(
                one for one in lines if any("déconnecter" in str(part.text) for part in one if hasattr(part, "text"))
            )
        UserInteraction(user, {leave}, None).click()
        await user.should_see("Se connecter", retries=100)
    assert open_sessions(house) == 0
