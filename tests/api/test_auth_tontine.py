"""`/api/v1/auth` and `/api/v1/users`, as the tontine document says."""

import io
import json
import zipfile
from datetime import timedelta
from uuid import uuid4

import pyotp
import pytest

from core import clock
from core.database import Database
from tests.builders import people
from tests.builders.people import MEMBER_PASSWORD, PASSWORD, Phone

AWA = {
    "first_name": "Awa",
    "last_name": "Diop",
    "email": "Awa@Exemple.org",
    "phone": "77 123 45 67",
    "password": MEMBER_PASSWORD,
    "confirm_password": MEMBER_PASSWORD,
    "role": "admin",
}


def registered(**changes: object) -> Phone:
    client = people.phone()
    answer = client.post("/api/v1/auth/register", {**AWA, **changes})
    assert answer.status_code == 201, answer.text
    return client


def test_awa_registers_proves_her_phone_and_reads_herself(database: Database) -> None:
    client = registered()
    awa = client.sign_in("awa@exemple.org", MEMBER_PASSWORD)
    me = awa.get("/api/v1/auth/me").json()
    assert set(me) == {
        *("id", "email", "phone", "first_name", "last_name", "full_name", "role", "is_active", "is_verified"),
        *("profile_picture", "address", "city", "country", "language", "created_at", "last_login"),
    }
    assert (me["email"], me["phone"], me["full_name"]) == ("awa@exemple.org", "+221771234567", "Awa Diop")
    assert (me["role"], me["country"], me["language"], me["is_verified"]) == ("membre", "Sénégal", "fr", False)
    assert me["created_at"].endswith("Z")
    code = people.last_code(database, "awa@exemple.org")
    confirmed = awa.post("/api/v1/auth/verify/confirm", {"channel": "email", "code": code})
    assert confirmed.json()["is_verified"] is True
    assert awa.post("/api/v1/auth/verify/request", {"channel": "phone"}).status_code == 200
    code = people.last_code(database, "+221771234567")
    assert awa.post("/api/v1/auth/verify/confirm", {"channel": "phone", "code": code}).status_code == 200
    again = awa.post("/api/v1/auth/verify/request", {"channel": "phone"})
    assert (again.status_code, again.json()["code"]) == (400, "rien_a_verifier")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("changes", "status", "code", "errors"),
    [
        ({"email": "AWA@exemple.ORG", "phone": None}, 400, "email_pris", None),
        ({"email": None, "phone": "+221771234567"}, 400, "telephone_pris", None),
        ({"first_name": "A"}, 422, "validation", {"body.first_name": "2 caractères au moins"}),
        ({"email": None, "phone": ""}, 422, "validation", {"body": "indiquez un e-mail ou un téléphone"}),
        ({"phone": "12"}, 422, "validation", {"body.phone": "numéro de téléphone, par exemple +221770000000"}),
        ({"email": "awa"}, 422, "validation", {"body.email": "adresse e-mail, par exemple awa@exemple.org"}),
        ({"confirm_password": "x"}, 422, "validation", {"body.confirm_password": "les deux saisies diffèrent"}),
        (
            {"password": "baobab26", "last_name": "x" * 101},
            422,
            "validation",
            {"body.last_name": "100 caractères au plus", "body.password": "il manque une majuscule"},
        ),
        ({"password": "BAOBAB26"}, 422, "validation", {"body.password": "il manque une minuscule"}),
        ({"password": "Baobabab"}, 422, "validation", {"body.password": "il manque un chiffre"}),
        ({"password": "Bao1"}, 422, "validation", {"body.password": "8 caractères au moins"}),
        ({"city": "a\x00b"}, 422, "validation", {"body.city": "caractère interdit"}),
        ({"first_name": ["Awa"]}, 422, "validation", {"body.first_name": "valeur invalide"}),
        ({"language": "xx"}, 422, "validation", {"body.language": "valeur inconnue"}),
    ],
)
def test_what_registering_refuses(
    changes: dict[str, object], status: int, code: str, errors: dict[str, str] | None
) -> None:
    client = registered()
    body = {**AWA, "email": "b@exemple.org", "phone": "+221779999999", **changes}
    answer = client.post("/api/v1/auth/register", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    if errors is not None:
        assert {error["field"]: error["message"] for error in answer.json()["errors"]} == errors


def test_signing_in_refusals_have_their_codes(database: Database) -> None:
    people.person(database, "awa@exemple.org")
    people.person(database, "ferme@exemple.org", state="closed")
    client = people.phone()

    def answer(**body: object) -> tuple[int, str]:
        got = client.post("/api/v1/auth/login", body)
        assert "WWW-Authenticate" not in got.headers or got.status_code == 401
        return got.status_code, got.json()["code"]

    assert answer(password=PASSWORD) == (401, "identifiants")
    assert answer(email="awa@exemple.org", password="faux") == (401, "identifiants")
    assert answer(email="ferme@exemple.org", password=PASSWORD) == (403, "compte_ferme")
    assert answer(email="awa@exemple.org") == (422, "validation")
    for _ in range(4):
        answer(email="awa@exemple.org", password="faux")
    locked = client.post("/api/v1/auth/login", {"email": "awa@exemple.org", "password": PASSWORD})
    assert (locked.status_code, locked.json()["code"]) == (429, "trop_d_essais")
    assert locked.headers["retry-after"] == str(locked.json()["data"]["secondes"])
    assert locked.json()["detail"] == f"Trop d'essais : attendez {locked.json()['data']['secondes']} s."


def test_tokens_are_renewed_by_body_or_query_and_die_at_sign_out(database: Database) -> None:
    people.person(database, "awa@exemple.org")
    with clock.travel(clock.now()) as traveller:
        awa = people.phone().sign_in("awa@exemple.org")
        pair = awa.post("/api/v1/auth/refresh/", {"refresh_token": awa.refresh}).json()
        assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
        assert (pair["token_type"], pair["expires_in"]) == ("bearer", 1800)
        by_query = awa.post(f"/api/v1/auth/refresh?refresh_token={pair['refresh_token']}")
        assert by_query.status_code == 200
        traveller.advance(11)
        reused = awa.post("/api/v1/auth/refresh", {"refresh_token": awa.refresh})
        assert (reused.status_code, reused.json()["code"]) == (401, "session_expiree")
        dead = awa.get("/api/v1/auth/me")
        assert (dead.status_code, dead.json()["code"]) == (401, "jeton_invalide")
        assert dead.headers["www-authenticate"] == "Bearer"
        other = people.phone().sign_in("awa@exemple.org")
        assert other.post("/api/v1/auth/logout").json() == {"message": "Vous êtes déconnecté."}
        assert other.get("/api/v1/auth/me").status_code == 401
    assert people.phone().post("/api/v1/auth/refresh").json()["code"] == "session_expiree"


def test_a_forgotten_password_is_set_again_with_six_digits(database: Database) -> None:
    people.person(database, "awa@exemple.org")
    client = people.phone()
    sentence = {"message": "Si ce compte existe, un code vient de partir."}
    assert client.post("/api/v1/auth/forgot-password", {"email": "awa@exemple.org"}).json() == sentence
    assert client.post("/api/v1/auth/forgot-password", {"email": "personne@exemple.org"}).json() == sentence
    assert client.post("/api/v1/auth/forgot-password", {}).json() == sentence
    body = {
        "email": "awa@exemple.org",
        "code": people.last_code(database, "awa@exemple.org"),
        "new_password": "Fromager26",
        "confirm_password": "Fromager26",
    }
    wrong = client.post("/api/v1/auth/reset-password", {**body, "email": "personne@exemple.org"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "code_invalide")
    shape = client.post("/api/v1/auth/reset-password", {**body, "code": "12345"})
    assert shape.json()["errors"][0]["message"] == "6 chiffres"
    done = client.post("/api/v1/auth/reset-password", body)
    assert done.json() == {"message": "Nouveau mot de passe enregistré."}
    client.sign_in("awa@exemple.org", "Fromager26")


def test_changing_the_password_keeps_this_sign_in_and_ends_the_others(database: Database) -> None:
    people.person(database, "awa@exemple.org")
    here, elsewhere = (people.phone().sign_in("awa@exemple.org") for _ in range(2))
    body = {"current_password": "faux", "new_password": "Fromager26", "confirm_password": "Fromager26"}
    wrong = here.post("/api/v1/auth/change-password", body)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "mot_de_passe_actuel")
    right = here.post("/api/v1/auth/change-password", {**body, "current_password": PASSWORD})
    assert right.json() == {"message": "Mot de passe changé."}
    assert here.get("/api/v1/auth/me").status_code == 200
    assert elsewhere.get("/api/v1/auth/me").status_code == 401


def test_a_second_factor_from_enrolment_to_removal(database: Database) -> None:
    people.person(database, "awa@exemple.org")
    with clock.travel(clock.now()) as traveller:
        awa = people.phone().sign_in("awa@exemple.org")
        enrolment = awa.post("/api/v1/auth/totp/enrol").json()
        generator = pyotp.TOTP(enrolment["secret"])
        assert enrolment["otpauth_uri"].startswith("otpauth://totp/Palabre:awa%40exemple.org?secret=")
        confirm = {"code": generator.at(clock.now())}
        assert awa.post("/api/v1/auth/totp/confirm", confirm).status_code == 200
        body = {"email": "awa@exemple.org", "password": PASSWORD}
        needed = people.phone().post("/api/v1/auth/login", body)
        assert (needed.status_code, needed.json()["code"]) == (401, "totp_requis")
        traveller.advance(30)
        code = generator.at(clock.now())
        assert people.phone().post("/api/v1/auth/login", {**body, "totp": code}).status_code == 200
        wrong = awa.call("DELETE", "/api/v1/auth/totp", {"code": code})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "code_invalide")
        traveller.advance(30)
        assert awa.call("DELETE", "/api/v1/auth/totp", {"code": generator.at(clock.now())}).status_code == 200
        people.phone().sign_in("awa@exemple.org")


def test_a_temporary_password_opens_only_the_change_of_password(database: Database) -> None:
    people.person(
        database, "awa@exemple.org", must_change_password=True, temporary_until=clock.now() + timedelta(hours=1)
    )
    awa = people.phone().sign_in("awa@exemple.org")
    refused = awa.get("/api/v1/users/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "mot_de_passe_a_changer")
    body = {"current_password": PASSWORD, "new_password": "Fromager26", "confirm_password": "Fromager26"}
    assert awa.post("/api/v1/auth/change-password", body).status_code == 200
    assert awa.get("/api/v1/users/me").status_code == 200


def test_one_s_own_profile_and_nobody_else_s(database: Database) -> None:
    other = people.person(database, "moussa@exemple.org", phone="+221770000001")
    awa = registered().sign_in("awa@exemple.org", MEMBER_PASSWORD)
    me = awa.get("/api/v1/users/me")
    assert me.json() == awa.get(f"/api/v1/users/{me.json()['id']}/").json()
    for answer in (awa.get(f"/api/v1/users/{other}"), awa.put(f"/api/v1/users/{other}", {"city": "Thiès"})):
        assert (answer.status_code, answer.json()["code"]) == (403, "profil_d_autrui")
    changed = awa.call("PATCH", "/api/v1/users/me", {"city": "Thiès", "role": "admin", "phone": "+221 77 765 43 21"})
    assert (changed.json()["city"], changed.json()["role"], changed.json()["phone"]) == (
        "Thiès",
        "membre",
        "+221777654321",
    )
    assert changed.json()["first_name"] == "Awa"
    assert "votre numéro a été changé" in people.last_text(database, "+221771234567")
    taken = awa.put("/api/v1/users/me", {"phone": "+221770000001"})
    assert (taken.status_code, taken.json()["code"]) == (400, "telephone_pris")
    stale = awa.put("/api/v1/users/me", {"city": "Dakar"}, headers={"If-Match": me.headers["etag"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "modifie_entretemps")
    fresh = awa.get("/api/v1/users/me").headers["etag"]
    assert awa.put("/api/v1/users/me", {"city": "Dakar"}, headers={"If-Match": fresh}).status_code == 200


def test_an_old_code_does_not_prove_a_new_address(database: Database) -> None:
    awa = registered(phone=None).sign_in("awa@exemple.org", MEMBER_PASSWORD)
    code = people.last_code(database, "awa@exemple.org")
    assert awa.put("/api/v1/users/me", {"email": "autre@exemple.org"}).status_code == 200
    late = awa.post("/api/v1/auth/verify/confirm", {"channel": "email", "code": code})
    assert (late.status_code, late.json()["code"]) == (400, "code_invalide")


@pytest.mark.usefixtures("database")
def test_what_is_known_of_me_in_one_archive() -> None:
    awa = registered().sign_in("awa@exemple.org", MEMBER_PASSWORD)
    answer = awa.get("/api/v1/users/me/export")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        parts = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert set(parts) == {"profil.json", "sessions.json", "actes.json", "messages.json"}
    assert parts["profil.json"]["email"] == "awa@exemple.org"
    assert [act["action"] for act in parts["actes.json"]] == ["user.sign_in", "user.register"]
    assert "password" not in json.dumps(parts).replace("has_password", "").replace("must_change_password", "")


def test_the_administrator_lists_closes_opens_and_promotes(database: Database) -> None:
    people.admin(database)
    moussa = people.person(database, "moussa@exemple.org", first_name="Moïse")
    chief = people.phone().sign_in("chef@palabre.org")
    listed = chief.get("/api/v1/users?search=moise&limit=5")
    assert [user["id"] for user in listed.json()] == [str(moussa)]
    assert listed.headers["x-total-count"] == "1"
    assert chief.get("/api/v1/users?limit=1").headers["x-total-count"] == "2"
    his = people.phone().sign_in("moussa@exemple.org")
    closed = chief.call("DELETE", f"/api/v1/users/{moussa}")
    assert (closed.status_code, closed.content) == (204, b"")
    assert his.get("/api/v1/auth/me").status_code == 401
    assert chief.post(f"/api/v1/users/{moussa}/activate/").json()["is_active"] is True
    assert chief.put(f"/api/v1/users/{moussa}/role?role=admin").json()["role"] == "admin"
    assert chief.put(f"/api/v1/users/{moussa}/role", {"role": "membre"}).json()["role"] == "membre"
    me = chief.get("/api/v1/auth/me").json()["id"]

    def code(method: str, path: str, **more: object) -> tuple[int, str]:
        answer = chief.call(method, f"/api/v1/users{path}", **more)
        return answer.status_code, answer.json()["code"]

    assert code("DELETE", f"/{me}") == (400, "soi_meme")
    assert code("PUT", f"/{me}/role?role=membre") == (400, "soi_meme")
    assert code("DELETE", f"/{uuid4()}") == (404, "utilisateur_introuvable")
    assert code("GET", "/pas-un-id") == (404, "utilisateur_introuvable")
    assert code("PUT", "/pas-un-id", json={"city": "x"}) == (404, "utilisateur_introuvable")
    assert code("PUT", f"/{moussa}/role") == (422, "validation")
    assert code("PUT", f"/{moussa}/role?role=president") == (422, "validation")
    assert code("PUT", f"/{moussa}/role?role=operateur") == (422, "validation")
    for query in ("limit=0", "limit=101", "skip=-1", "skip=99999999999999999999", "limit=x", "search=%00"):
        assert code("GET", f"?{query}") == (422, "validation"), query


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/users"),
        ("DELETE", "/api/v1/users/0190"),
        ("POST", "/api/v1/users/0190/activate"),
        ("PUT", "/api/v1/users/0190/role?role=admin"),
    ],
)
def test_a_member_administers_nobody(database: Database, method: str, path: str) -> None:
    people.person(database, "awa@exemple.org")
    answer = people.phone().sign_in("awa@exemple.org").call(method, path)
    assert (answer.status_code, answer.json()["code"]) == (403, "reserve_admin")
    assert people.phone().call(method, path).json()["code"] == "jeton_invalide"
