"""An administrator's day with people: who may come in, by which role, with which key."""

from typing import Any

import pytest
from nicegui import ui

from core import clock
from core.database import Database
from core.permissions import GRANTS, Permission, Role, Scope
from services import api_keys
from services.users.refusals import InvalidApiKey
from tests.builders import people
from tests.ui.hands import chief, field, narrow, open_row, press, rows, shown, sign_in, stored, until
from ui import shell

A = "/administration"


PLACES = {
    f"{A}/utilisateurs": Permission.USERS_READ,
    f"{A}/roles": Permission.ROLES_WRITE,
    f"{A}/cles": Permission.API_KEYS,
    f"{A}/audit": Permission.AUDIT_READ,
    f"{A}/sante": Permission.HEALTH_READ,
    f"{A}/taches": Permission.JOBS_READ,
    f"{A}/boite-envoi": Permission.OUTBOX_READ,
}


async def test_an_operator_opens_nothing_of_it_but_the_outbox_and_his_own_account(
    house: Database, open_console: Any
) -> None:
    grace = people.person(house, "grace@palabre.org", first_name="Grâce", last_name="Mbuyi")
    people.holds(house, grace, Scope.USSD, Role.OPERATEUR)
    async with open_console(sign_in(house, grace)) as user:
        for path, needed in PLACES.items():
            assert shell.SCREENS[path].needs is needed
            answer = await user.http_client.get(path)
            assert (path, answer.status_code) == (path, 200 if needed is Permission.OUTBOX_READ else 403)
        assert (await user.http_client.get(f"{A}/utilisateurs/{grace}")).status_code == 403
        assert (await user.http_client.get("/mon-compte")).status_code == 200


async def test_a_person_is_found_without_his_accents(house: Database, open_console: Any) -> None:
    token = chief(house)
    serge = people.person(house, "serge@palabre.org", first_name="Aïssatou", last_name="Barry")
    people.holds(house, serge, Scope.CIU, Role.LECTEUR)
    people.person(house, "kofi@palabre.org", first_name="Kofi", last_name="Adjovi")
    people.person(house, "awa@palabre.org", first_name="Awa", last_name="Diop", state="suspended")
    async with open_console(token) as user:
        await user.open(f"{A}/utilisateurs")
        team = await rows(user, 2)
        assert [(row["name"], row["roles"]) for row in team] == [
            ("Aïssatou Barry", "Lecteur, CIU"),
            ("Mireille Bongo", "Administrateur"),
        ]
        narrow(user, "Nom, e-mail ou téléphone", "aissatou BARRY")
        assert [row["_under"] for row in await rows(user, 1)] == ["serge@palabre.org"]
        narrow(user, "Nom, e-mail ou téléphone", "")
        narrow(user, "Rôle", "")
        assert len(await rows(user, 4)) == 4
        narrow(user, "État", "suspended")
        assert [row["name"] for row in await rows(user, 1)] == ["Awa Diop"]


async def test_a_person_is_made_with_a_role_and_a_password_shown_once(house: Database, open_console: Any) -> None:
    token, place = chief(house), people.organisation(house, "CNSS")
    async with open_console(token) as user:
        await user.open(f"{A}/utilisateurs")
        press(user, "Créer un utilisateur")
        await user.should_see("Téléphone (facultatif)")
        press(user, "Créer l’utilisateur")
        await until(lambda: field(user, "Prénom").props.get("error-message") == "À remplir.")
        with user:
            field(user, "Prénom").value, field(user, "Nom").value = "Bénédicte", "Hounkpatin"
            field(user, "E-mail").value = "chef@palabre.org"
            field(user, "Rôle").value = "organisation:GESTIONNAIRE"
        press(user, "Créer l’utilisateur")
        await until(lambda: field(user, "Organisation").props.get("error"))
        with user:
            field(user, "E-mail").value = "b.hounkpatin@cnss.org"
            field(user, "Organisation").value = str(place)
        press(user, "Créer l’utilisateur")
        await user.should_see("il ne sera plus jamais montré", retries=50)
        made = stored(house, "select * from users where email = 'b.hounkpatin@cnss.org'")
        assert (made["must_change_password"], made["global_role"]) == (True, "membre")
        held = stored(house, "select scope, role, organisation_id from role_grant where user_id = %s", made["id"])
        assert held == {"scope": "organisation", "role": "GESTIONNAIRE", "organisation_id": place}
        password = next(
            e.content.partition('data-copy="')[2].partition('"')[0]
            for e in shown(user, ui.html)
            if "data-copy" in e.content and "Mot de passe temporaire" in e.content
        )
        assert len(password) >= 12
        await user.open(f"{A}/utilisateurs/{made['id']}")
        await user.should_see("Gestionnaire")
        await user.should_see("Caisse CNSS")
        assert not any(password in e.content for e in shown(user, ui.html))
        assert people.trail(house, "user.create")[0]["actor_name"] == "Mireille Bongo"


async def test_a_role_is_given_taken_and_given_back(house: Database, open_console: Any) -> None:
    token, yao = chief(house), people.person(house, "yao@palabre.org", first_name="Yao", last_name="Kouassi")
    held = "select count(*) as count from role_grant where user_id = %s"
    async with open_console(token) as user:
        await user.open(f"{A}/utilisateurs/{yao}")
        await user.should_see("Aucun rôle")
        press(user, "Donner un rôle")
        await user.should_see("Donner un rôle à Yao Kouassi")
        with user:
            field(user, "Rôle").value = "ussd:operateur"
        press(user, "Donner le rôle")
        await user.should_see("Rôle donné")
        assert stored(house, held, yao) == {"count": 1}
        press(user, "Retirer le rôle Opérateur, USSD")
        await user.should_see("Rôle retiré")
        await user.should_see("Aucun rôle")
        assert stored(house, held, yao) == {"count": 0}
        undo = next(e for e in user.client.layout._event_listeners.values() if e.type.startswith("undo"))
        user.client.layout._handle_event({"id": user.client.layout.id, "listener_id": undo.id, "args": {}})
        await until(lambda: stored(house, held, yao) == {"count": 1})
    assert [len(people.trail(house, f"user.role_{act}")) for act in ("grant", "revoke")] == [2, 1]


async def test_an_account_is_closed_only_with_its_name_typed_and_opens_again(
    house: Database, open_console: Any
) -> None:
    token, yao = chief(house), people.person(house, "yao@palabre.org", first_name="Yao", last_name="Kouassi")
    sign_in(house, yao)
    async with open_console(token) as user:
        await user.open(f"{A}/utilisateurs/{yao}")
        await user.should_see("Firefox, Linux")
        press(user, "Désactiver")
        await user.should_see("Pour confirmer")
        with user:
            field(user, "Pour confirmer").value = "Yao"
        assert not [e for e in shown(user, ui.button) if e.text == "Désactiver Yao Kouassi"][-1].enabled
        with user:
            field(user, "Pour confirmer").value = "Yao Kouassi"
        press(user, "Désactiver Yao Kouassi")
        await until(lambda: stored(house, "select state from users where id = %s", yao)["state"] == "closed")
        await user.open(f"{A}/utilisateurs/{yao}")
        await user.should_see("Aucun navigateur connecté")
        await user.should_see("Compte désactivé")
        press(user, "Réactiver")
        await until(lambda: stored(house, "select state from users where id = %s", yao)["state"] == "active")


async def test_nobody_closes_his_own_account(house: Database, open_console: Any) -> None:
    me = people.admin(house, first_name="Mireille", last_name="Bongo")
    async with open_console(sign_in(house, me)) as user:
        await user.open(f"{A}/utilisateurs/{me}")
        await user.should_see("Sessions ouvertes")
        assert [e.text for e in shown(user, ui.button) if e.text == "Désactiver"] == []


async def test_a_lost_second_factor_is_removed_with_its_reason(house: Database, open_console: Any) -> None:
    token = chief(house)
    yao = people.person(house, "yao@palabre.org", totp_secret=b"x", totp_confirmed_at=clock.now())
    async with open_console(token) as user:
        await user.open(f"{A}/utilisateurs/{yao}")
        press(user, "Retirer la double authentification")
        await user.should_see("avec son seul mot de passe")
        with user:
            field(user, "Motif").value = "Téléphone volé à Dantokpa"
        press(user, "Retirer")
        await until(lambda: people.trail(house, "user.totp_removed"))
    assert people.trail(house, "user.totp_removed")[0]["summary"] == "Téléphone volé à Dantokpa"
    assert stored(house, "select totp_secret from users where id = %s", yao) == {"totp_secret": None}


async def test_the_table_of_roles_says_what_the_program_obeys(house: Database, open_console: Any) -> None:
    token = chief(house)
    async with open_console(token) as user:
        await user.open(f"{A}/roles")
        await user.should_see("Qui tient chaque rôle")
        table = next(e.content for e in shown(user, ui.html) if "matrix" in e.content)
        assert table.count("matrix-yes") == table.count(">oui<") == sum(map(len, GRANTS.values()))
        assert table.count(">non<") == len(GRANTS) * len(Permission) - table.count("matrix-yes")
        await user.should_see("Mireille Bongo")


async def test_a_key_is_shown_once_and_revoked_by_its_name(house: Database, open_console: Any) -> None:
    token = chief(house)
    async with open_console(token) as user:
        await user.open(f"{A}/cles")
        await user.should_see("Créez la première pour relier une machine")
        press(user, "Créer une clé")
        await user.should_see("Nom de la machine")
        with user:
            field(user, "Nom de la machine").value = "Passerelle Orange"
            field(user, "Réseaux permis").value = "pas une adresse"
            next(e for e in shown(user, ui.checkbox) if "(ussd)" in e.text).value = True
        press(user, "Créer la clé")
        await until(lambda: field(user, "Réseaux permis").props.get("error"))
        with user:
            field(user, "Réseaux permis").value = "10.20.0.0/16\n192.0.2.7"
        press(user, "Créer la clé")
        await user.should_see("elle ne sera plus jamais montrée")
        made = next(e.content for e in shown(user, ui.html) if 'data-copy="pal_' in e.content)
        key = made.partition('data-copy="')[2].partition('"')[0]
        (row,) = await rows(user, 1)
        assert (row["name"], row["scopes"], row["networks"]) == (
            "Passerelle Orange",
            "ussd",
            "10.20.0.0/16, 192.0.2.7/32",
        )
        assert row["used"] == "Jamais"
        with house.transaction() as session:
            assert api_keys.actor_of_key(session, key, "10.20.3.4").name == "Passerelle Orange"
        open_row(user, row["id"])
        await user.should_see("Recevoir les appels d’une passerelle USSD")
        press(user, "Révoquer la clé")
        await user.should_see("ne revient pas")
        with user:
            field(user, "Pour confirmer").value = "Passerelle Orange"
        press(user, "Révoquer Passerelle Orange")
        await until(lambda: shown(user, ui.table)[0].rows[0]["state"]["word"] == "Révoquée")
    with house.transaction() as session, pytest.raises(InvalidApiKey):
        api_keys.actor_of_key(session, key, "10.20.3.4")
