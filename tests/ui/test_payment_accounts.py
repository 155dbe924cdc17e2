"""Accounts and routes on the screen: secrets go in and never come out, routes change by two people."""

from typing import Any
from uuid import UUID

from nicegui import ui

from core.database import Database, fetch_all, fetch_one
from core.permissions import SYSTEM, Role, Scope
from models.transfers import ProviderAccount
from services import provider_accounts, routes
from services.routes import ChangeRoute, RouteEntry
from tests.builders import payments
from tests.ui.conftest import signed_in
from tests.ui.hands import field, press, shown, stored, until

PATH = "/paiements/comptes"
SECRET = "une-clef-tout-a-fait-secrete-9876"


def chief(house: Database) -> str:
    return signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN)


async def test_accounts_stand_by_kind_with_their_state(open_console: Any, house: Database) -> None:
    payments.account(house, "wave", country="SN", label="Wave Sénégal")
    payments.account(house, "kannel", label="Kannel", is_active=False)
    async with open_console(chief(house)) as user:
        await user.open(PATH)
        await user.should_see("Wave Sénégal")
        await user.should_see("Simulateur")
        await user.should_see("Suspendu")


async def test_a_secret_goes_in_and_is_never_shown(open_console: Any, house: Database) -> None:
    row = payments.account(house, "wave")
    async with open_console(chief(house)) as user:
        await user.open(f"{PATH}/{row.id}")
        await user.should_see("Ils entrent et ne ressortent jamais.")
        press(user, "Remplacer")
        await user.should_see("L’ancien reste bon pendant la rotation")
        with user:
            field(user, "webhook_secret").set_value(SECRET)
            shown(user, ui.checkbox)[-1].set_value(True)
        press(user, "Enregistrer le secret")
        await user.should_see("…9876", retries=20)
        await user.should_see("Finir la rotation")
        await user.should_not_see(SECRET)
    with house.transaction() as session:
        view = provider_accounts.view(session, row.id)
        kept = [name for name in view.secrets if SECRET in view.secret_values(name)]
        assert len(kept) == 1
        assert len(view.secret_values(kept[0])) == 2  # the old one stays good until the rotation ends
        trail = fetch_all(session, "select changes::text as text from audit_entry")
    assert not any(SECRET in entry["text"] for entry in trail)


async def test_an_operator_pauses_and_only_an_administrator_resumes(open_console: Any, house: Database) -> None:
    row = payments.account(house, "mtn", label="MTN Bénin")
    async with open_console(signed_in(house, "Grâce Mbuyi", Scope.USSD, Role.OPERATEUR)) as user:
        await user.open(f"{PATH}/{row.id}")
        for forbidden in ("Modifier", "Remplacer", "Retirer", "Tester", "Mettre en service"):
            await user.should_not_see(forbidden)
        user.find("Suspendre").click()
        await user.should_see("Rien de nouveau ne partira par MTN Bénin.")
        with user:
            field(user, "Motif").set_value("Panne annoncée")
        press(user, "Suspendre le compte")
        await until(lambda: state_of(house, row.id) == "paused")
        await user.should_not_see("Mettre en service")
    async with open_console(chief(house)) as user:
        await user.open(f"{PATH}/{row.id}")
        await user.should_see("Mettre en service")
        press(user, "Mettre en service")
        await until(lambda: state_of(house, row.id) == "active")


def state_of(house: Database, account_id: UUID) -> str:
    with house.transaction() as session:
        return session.get_one(ProviderAccount, account_id).state


async def test_a_new_account_begins_paused_and_says_what_it_lacks(open_console: Any, house: Database) -> None:
    async with open_console(chief(house)) as user:
        await user.open(PATH)
        user.find("Ajouter un compte").click()
        await user.should_see("Le compte naît suspendu.")
        with user:
            field(user, "Nom").set_value("MTN Bénin")
            field(user, "Code").set_value("mtn-bj")
            field(user, "Pays").set_value("BJ")
        press(user, "Créer le compte")
        await user.should_see("collection_key", retries=20)
    with house.transaction() as session:
        made = fetch_one(session, "select state, environment, base_url from provider_account where code = 'mtn-bj'")
    assert made == {"state": "paused", "environment": "sandbox", "base_url": "https://sandbox.momodeveloper.mtn.com"}


async def test_a_route_changes_only_when_a_second_person_agrees(open_console: Any, house: Database) -> None:
    old, new = (payments.account(house, "mtn", label=label) for label in ("MTN un", "MTN deux"))
    order = ChangeRoute(method="mtn_momo", country="BJ", direction="collect", entries=(RouteEntry(account_id=old.id),))
    with house.transaction() as session:
        routes.set_route(session, SYSTEM, order)
    async with open_console(chief(house)) as user:
        await user.open(PATH)
        with user:
            next(iter(user.find(kind=ui.tabs).elements)).set_value("routes")
        await user.should_see("1. MTN un")
        press(user, "Changer une route")
        await user.should_see("D’ici là, rien ne change.")
        with user:
            field(user, "Pays").set_value("BJ")
            field(user, "Choix 1").set_value(str(new.id))
        press(user, "Demander le changement")
        await until(lambda: stored(house, "select count(*) as asked from approval") == {"asked": 1})
    with house.transaction() as session:
        table = routes.list_routes(session, SYSTEM)
        waiting = fetch_all(session, "select kind, state from approval")
    assert [row.account_label for row in table] == ["MTN un"]
    assert waiting == [{"kind": "route_change", "state": "waiting"}]
