"""`/api/auth`, `/api/organizations` and `/api/admin/users/create`, as the pension document says."""

from datetime import timedelta

import pyotp
import pytest

from core import clock
from core.database import Database, fetch_all
from core.permissions import Role, Scope
from services import users
from services.users import TotpCode
from tests.builders import people
from tests.builders.people import PASSWORD, Phone

EMAIL = "gestionnaire@cnss.bj"
NEW = "Fromager-2026-grand"


@pytest.fixture
def manager(database: Database) -> Phone:
    cnss = people.organisation(database, "CNSS", name="CNSS Bénin")
    user_id = people.person(database, EMAIL, first_name="Gestionnaire", last_name="CNSS")
    people.holds(database, user_id, Scope.ORGANISATION, Role.GESTIONNAIRE, cnss)
    return people.phone()


def login(client: Phone, email: str = EMAIL, password: str = PASSWORD) -> Phone:
    answer = client.post("/api/auth/login", {"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    return Phone(client.http, answer.json()["access"], answer.json()["refresh"])


def test_the_manager_signs_in_and_reads_his_profile(manager: Phone) -> None:
    body = manager.post("/api/auth/login/", {"email": EMAIL.upper(), "password": PASSWORD}).json()
    assert set(body) == {"access", "refresh", "expires_in", "must_change_password", "user"}
    assert body["expires_in"] == 1800
    assert body["user"] | {"id": ""} == {
        "id": "",
        "email": EMAIL,
        "username": EMAIL,
        "first_name": "Gestionnaire",
        "last_name": "CNSS",
        "role": "GESTIONNAIRE",
        "organization": "CNSS",
        "is_staff": False,
        "is_superuser": False,
    }
    signed = Phone(manager.http, body["access"], body["refresh"])
    profile = signed.get("/api/auth/profile").json()
    assert profile == signed.get("/api/auth/me/").json()
    assert set(profile) == {
        *("id", "username", "email", "first_name", "last_name", "role", "role_display", "phone_number"),
        *("organization", "permissions", "must_change_password", "last_login", "last_login_ip", "date_joined"),
    }
    assert (profile["role_display"], profile["last_login_ip"]) == ("Gestionnaire", "127.0.0.1")
    assert set(profile["organization"]) == {"id", "name", "code", "is_active", "created_at"}
    assert profile["permissions"] == {
        "can_create_transfers": True,
        "can_view_transfers": True,
        "can_approve_transfers": False,
    }
    changed = signed.call("PATCH", "/api/auth/profile", {"first_name": "Koffi", "role": "SUPERVISEUR", "email": "x"})
    assert (changed.json()["first_name"], changed.json()["role"], changed.json()["email"]) == (
        "Koffi",
        "GESTIONNAIRE",
        EMAIL,
    )
    assert signed.get("/api/v1/auth/me").json()["first_name"] == "Koffi"  # one token opens both


def test_one_answer_for_every_wrong_secret(database: Database, manager: Phone) -> None:
    people.person(database, "ferme@cnss.bj", state="closed")
    bodies = [
        {"email": EMAIL, "password": "faux"},
        {"email": "personne@cnss.bj", "password": PASSWORD},
        {"email": "ferme@cnss.bj", "password": PASSWORD},
    ]
    answers = [manager.post("/api/auth/login", body) for body in bodies]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json() == {
        "detail": "Identifiants incorrects.",
        "code": "bad_credentials",
        "non_field_errors": ["Identifiants incorrects."],
    }
    missing = manager.post("/api/auth/login", {})
    assert (missing.status_code, missing.json()) == (
        400,
        {"email": ["champ obligatoire"], "password": ["champ obligatoire"]},
    )


def test_too_many_failures_wait(manager: Phone) -> None:
    for _ in range(5):
        manager.post("/api/auth/login", {"email": EMAIL, "password": "faux"})
    answer = manager.post("/api/auth/login", {"email": EMAIL, "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_a_second_factor_is_asked(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    with database.transaction() as session:
        enrolment = users.enrol_totp(session, people.actor(user_id))
        code = pyotp.TOTP(enrolment.secret).at(clock.now())
        users.confirm_totp(session, people.actor(user_id), TotpCode(code=code))
    answer = people.phone().post("/api/auth/login", {"email": EMAIL, "password": PASSWORD, "otp": None})
    assert (answer.status_code, answer.json()["code"]) == (401, "otp_required")


def test_tokens_rotate_by_both_paths(manager: Phone) -> None:
    with clock.travel(clock.now()) as traveller:
        signed = login(manager)
        first = manager.post("/api/auth/token/refresh", {"refresh": signed.refresh}).json()
        assert set(first) == {"access", "refresh", "expires_in"}
        assert manager.post("/api/auth/refresh/", {"refresh": signed.refresh}).json() == first
        traveller.advance(11)
        reused = manager.post("/api/auth/token/refresh", {"refresh": signed.refresh})
        assert (reused.status_code, reused.json()["code"]) == (401, "token_reused")
        dead = manager.post("/api/auth/token/refresh", {"refresh": first["refresh"]})
        assert (dead.status_code, dead.json()["code"]) == (401, "token_not_valid")
        assert manager.post("/api/auth/token/refresh", {}).json() == {"refresh": ["champ obligatoire"]}


def test_signing_out(manager: Phone) -> None:
    signed = login(manager)
    for body in (None, {}, {"refresh": ""}):
        missing = signed.post("/api/auth/logout", body)
        assert (missing.status_code, missing.json()["code"], "error" in missing.json()) == (
            400,
            "refresh_required",
            True,
        )
    other = login(manager)
    assert other.post("/api/auth/logout", {"refresh": signed.refresh}).status_code == 200
    assert signed.get("/api/auth/profile").json()["code"] == "token_not_valid"
    third = login(manager)
    dead = third.post("/api/auth/logout", {"refresh": signed.refresh})
    assert (dead.status_code, dead.json()) == (200, {"message": "Vous êtes déconnecté."})


def test_without_a_token_and_with_a_bad_one(manager: Phone) -> None:
    nobody = manager.get("/api/auth/profile")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_authenticated")
    assert nobody.headers["www-authenticate"] == "Bearer"
    assert Phone(manager.http, "faux").get("/api/auth/profile").json()["code"] == "token_not_valid"


def test_a_changed_password_gives_a_new_pair_and_ends_everything_else(manager: Phone) -> None:
    here, elsewhere = login(manager), login(manager)
    refusals = {
        (PASSWORD, PASSWORD): {"new_password"},
        (PASSWORD, "Court1"): {"new_password"},
        (PASSWORD, "Gestionnaire-2026"): {"new_password"},
        ("faux", NEW): {"current_password"},
    }
    for (current, new), fields in refusals.items():
        answer = here.post("/api/auth/change-password", {"current_password": current, "new_password": new})
        assert (answer.status_code, set(answer.json())) == (400, fields)
    body = here.post("/api/auth/change-password", {"old_password": PASSWORD, "new_password": NEW}).json()
    assert set(body) == {"message", "access", "refresh", "expires_in"}
    for dead in (here, elsewhere):
        assert dead.get("/api/auth/profile").status_code == 401
    assert Phone(manager.http, body["access"]).get("/api/auth/profile").status_code == 200


def test_a_forgotten_password_comes_back_by_a_link(database: Database, manager: Phone) -> None:
    answers = [manager.post("/api/auth/password/reset", {"email": email}) for email in (EMAIL, "x@cnss.bj")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    token = people.last_token(database, EMAIL)
    weak = manager.post("/api/auth/password/reset/confirm", {"token": token, "new_password": "Baobab26"})
    assert (weak.status_code, set(weak.json())) == (400, {"new_password"})
    assert manager.post("/api/auth/password/reset/confirm", {"token": token, "new_password": NEW}).status_code == 200
    for dead in (token, "inconnu"):
        answer = manager.post("/api/auth/password/reset/confirm", {"token": dead, "new_password": NEW})
        assert (answer.status_code, answer.json()["code"]) == (400, "token_not_valid")
    login(manager, password=NEW)


def test_a_reset_that_is_asked_too_often_sends_nothing_more_and_says_the_same(
    database: Database, manager: Phone
) -> None:
    answers = [manager.post("/api/auth/password/reset", {"email": EMAIL}) for _ in range(6)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    with database.transaction() as session:
        (sent,) = fetch_all(session, "select count(*) as number from message where address = %s", (EMAIL,))
    assert sent["number"] == 3


def test_the_link_and_the_temporary_password_kill_each_other(database: Database, manager: Phone) -> None:
    people.admin(database)
    chief = login(manager, "chef@palabre.org")
    for name in ("lien", "mot"):
        order = {
            "email": f"{name}@cnss.bj",
            "first_name": "Nou",
            "last_name": "Veau",
            "role": "GESTIONNAIRE",
            "organization_id": "CNSS",
        }
        body = chief.post("/api/auth/admin/users", order).json()
        temporary, token = body["temporary_password"], people.last_token(database, order["email"])
        confirm = {"token": token, "new_password": NEW}
        if name == "lien":
            assert manager.post("/api/auth/password/reset/confirm", confirm).status_code == 200
            dead = manager.post("/api/auth/login", {"email": order["email"], "password": temporary})
            assert (dead.status_code, dead.json()["code"]) == (401, "bad_credentials")
        else:
            signed = login(manager, order["email"], temporary)
            changed = {"current_password": temporary, "new_password": NEW}
            assert signed.post("/api/auth/change-password", changed).status_code == 200
            late = manager.post("/api/auth/password/reset/confirm", {**confirm, "new_password": "Autre-2026-mot"})
            assert (late.status_code, late.json()["code"]) == (400, "token_not_valid")
        login(manager, order["email"], NEW)


def test_a_temporary_password_is_dead_after_three_days(database: Database, manager: Phone) -> None:
    people.admin(database)
    order = {
        "email": "tard@cnss.bj",
        "first_name": "Tar",
        "last_name": "Dif",
        "role": "SUPERVISEUR",
        "organization_id": "CNSS",
    }
    with clock.travel(clock.now()) as traveller:
        body = login(manager, "chef@palabre.org").post("/api/admin/users/create", order).json()
        token = people.last_token(database, "tard@cnss.bj")
        traveller.advance(timedelta(hours=72, minutes=1).total_seconds())
        dead = manager.post("/api/auth/login", {"email": "tard@cnss.bj", "password": body["temporary_password"]})
        assert (dead.status_code, dead.json()["code"]) == (401, "bad_credentials")
        late = manager.post("/api/auth/password/reset/confirm", {"token": token, "new_password": NEW})
        assert (late.status_code, late.json()["code"]) == (400, "token_not_valid")


def test_the_administrator_makes_a_manager_who_must_choose_his_password(database: Database, manager: Phone) -> None:
    people.admin(database)
    chief = login(manager, "chef@palabre.org")
    order = {
        "email": "Nouveau@CNSS.bj",
        "first_name": "Nou",
        "last_name": "Veau",
        "role": "SUPERVISEUR",
        "organization_id": "cnss",
        "phone_number": "97 00 00 01",
    }
    key = {"Idempotency-Key": "création 1".replace("é", "e")}
    created = chief.post("/api/admin/users/create", order, headers=key)
    assert created.status_code == 201, created.text
    body = created.json()
    assert set(body) == {"user", "temporary_password", "email_sent", "message"}
    assert body["email_sent"] is False
    assert "remettez le mot de passe vous-même" in body["message"]
    assert len(body["temporary_password"]) == 12
    assert body["user"]["phone_number"] == "+2290197000001"
    assert body["user"]["username"] == "nouveau@cnss.bj"
    assert body["user"]["permissions"]["can_approve_transfers"] is True
    assert body["temporary_password"] not in people.everything(database)
    assert "/nouveau-mot-de-passe#" in people.last_text(database, "nouveau@cnss.bj")
    replayed = chief.post("/api/admin/users/create", order, headers=key)
    assert (replayed.json(), replayed.headers["idempotency-replayed"]) == (body, "true")
    reused = chief.post("/api/admin/users/create", {**order, "first_name": "X"}, headers=key)
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_conflict")
    signed = login(manager, "nouveau@cnss.bj", body["temporary_password"])
    refused = signed.get("/api/organizations")
    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    assert signed.get("/api/auth/profile").json()["must_change_password"] is True
    change = {"current_password": body["temporary_password"], "new_password": NEW}
    again = Phone(manager.http, signed.post("/api/auth/change-password", change).json()["access"])
    assert [row["code"] for row in again.get("/api/organizations").json()] == ["CNSS"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": EMAIL.upper()}, "email"),
        ({"email": "pas une adresse"}, "email"),
        ({"organization_id": "INCONNUE"}, "organization_id"),
        ({"organization_id": "FERMEE"}, "organization_id"),
        ({"organization_id": 12}, "organization_id"),
        ({"organization_id": None}, "organization_id"),
        ({"role": "ADMIN"}, "role"),
        ({"role": "operateur"}, "role"),
        ({"phone_number": "12"}, "phone_number"),
        ({"first_name": ""}, "first_name"),
        ({"last_name": "a\x00b"}, "last_name"),
    ],
)
def test_what_creating_refuses(database: Database, manager: Phone, changes: dict[str, object], field: str) -> None:
    people.admin(database)
    people.organisation(database, "FERMEE", is_active=False)
    order = {
        "email": "n@cnss.bj",
        "first_name": "N",
        "last_name": "C",
        "role": "GESTIONNAIRE",
        "organization_id": "CNSS",
    }
    answer = login(manager, "chef@palabre.org").post("/api/auth/admin/users", {**order, **changes})
    assert (answer.status_code, set(answer.json())) == (400, {field}), answer.text


def test_a_manager_makes_nobody_and_sees_his_own_organisation(database: Database, manager: Phone) -> None:
    people.organisation(database, "IPRES")
    people.organisation(database, "FERMEE", is_active=False)
    people.admin(database)
    people.person(database, "seul@x.org")
    order = {
        "email": "n@cnss.bj",
        "first_name": "N",
        "last_name": "C",
        "role": "GESTIONNAIRE",
        "organization_id": "CNSS",
    }
    refused = login(manager).post("/api/admin/users/create", order)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")

    def seen(email: str) -> list[str]:
        return [row["code"] for row in login(manager, email).get("/api/organizations/").json()]

    assert seen(EMAIL) == ["CNSS"]
    assert seen("seul@x.org") == []
    assert seen("chef@palabre.org") == ["IPRES", "CNSS"]  # Caisse IPRES, CNSS Bénin


def test_a_manager_who_leaves_loses_his_rights_with_the_same_token(database: Database, manager: Phone) -> None:
    signed = login(manager)
    chief = people.admin_actor(people.admin(database))
    with database.transaction() as session:
        (row,), _ = users.list_users(session, chief, users.UserSearch(text=EMAIL))
        (held,) = row.roles
        assert held.organisation is not None
        users.revoke_role(
            session,
            chief,
            users.ChangeRole(user_id=row.id, scope=held.scope, role=held.role, organisation_id=held.organisation.id),
        )
    profile = signed.get("/api/auth/profile").json()
    assert (profile["organization"], profile["permissions"]["can_create_transfers"]) == (None, False)
    assert signed.get("/api/organizations").json() == []


@pytest.mark.usefixtures("database")
def test_access_lives_as_long_as_the_door_says(manager: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.settings import get_settings

    monkeypatch.setattr(get_settings(), "jwt_access_token_lifetime", 5)
    monkeypatch.setattr(get_settings(), "access_token_expire_minutes", 60)
    with clock.travel(clock.now()) as traveller:
        short, long = login(manager), manager.sign_in(EMAIL)
        traveller.advance(timedelta(minutes=6).total_seconds())
        assert short.get("/api/v1/auth/me").status_code == 401
        assert long.get("/api/auth/profile").status_code == 200
