"""What passes before any endpoint: ids, languages, sizes, keys, and everything that is not a proper request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from api import app as api_app
from api import errors
from api.wire import preferred_language
from core.database import Database
from core.settings import Settings
from services import api_keys
from services.api_keys import CreateApiKey
from tests.builders import people
from tests.builders.people import PASSWORD, Phone

POSTS = [
    *(f"/api/v1/auth/{name}" for name in ("register", "login", "refresh", "change-password", "forgot-password")),
    *(f"/api/v1/auth/{name}" for name in ("reset-password", "logout", "verify/request", "verify/confirm")),
    *(f"/api/v1/auth/{name}" for name in ("totp/enrol", "totp/confirm")),
    *(f"/api/auth/{name}" for name in ("login", "token/refresh", "refresh", "logout", "change-password")),
    *("/api/auth/password/reset", "/api/auth/password/reset/confirm", "/api/admin/users/create"),
]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"12",
    b'"texte"',
    b"{}",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"email":' + b"9" * 5000 + b"}",
    b'{"email":"a\\u0000b","password":"a\\u0000b","refresh":"\\ud800","refresh_token":"\\ud800"}',
    b'{"email":{"a":1},"password":["x"],"code":123456,"channel":"fax","refresh":true,"refresh_token":{}}',
    b'{"email":"\\ud800@x.org","password":"\\udfff","new_password":"\\ud800","current_password":"x","token":"\\ud800"}',
]


@pytest.fixture
def awa(database: Database) -> Phone:
    people.person(database, "awa@exemple.org")
    return people.phone().sign_in("awa@exemple.org")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("path", POSTS)
def test_nonsense_is_refused_in_the_documented_shape_and_never_a_500(awa: Phone, path: str) -> None:
    for body in BODIES:
        answer = awa.call("POST", path, content=body, headers={"Content-Type": "application/json"})
        assert 200 <= answer.status_code < 500, (path, body[:40], answer.text)
        if answer.status_code >= 400:
            told = answer.json()
            fields = all(isinstance(value, list) for value in told.values())
            assert ("code" in told and ("detail" in told or "error" in told)) or (fields and path.startswith("/api/a"))
        assert b"ud800" not in answer.content


@pytest.mark.usefixtures("database")
def test_every_answer_has_an_id_and_a_time() -> None:
    client = people.phone()
    own = client.get("/api/v1/auth/me", headers={"X-Request-ID": "demande-42"})
    assert own.headers["x-request-id"] == own.json()["request_id"] == "demande-42"
    assert own.headers["x-process-time"].endswith("ms")
    made = client.get("/api/v1/auth/me", headers={"X-Request-ID": "a b\tc<script>"})
    assert len(made.headers["x-request-id"]) == 36


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "fr"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("de,en;q=0.5,fr;q=0.4", "en"),
        ("en;q=0.2,fr;q=0.8", "fr"),
        ("wo,de", "fr"),
        ("en;q=x,fr;q=0.1", "fr"),
    ],
)
def test_the_language_of_strangers(accepted: str, language: str) -> None:
    assert preferred_language(accepted) == language


def test_sentences_are_in_the_person_s_language(database: Database) -> None:
    people.person(database, "joe@example.org", language="en")
    stranger = people.phone().get("/api/v1/auth/me", headers={"Accept-Language": "en"})
    assert stranger.json()["detail"] == "Sign-in required: missing, wrong or expired token."
    joe = people.phone().sign_in("joe@example.org")
    assert joe.get("/api/v1/users", headers={"Accept-Language": "fr"}).json()["detail"] == "Administrators only."
    assert people.phone().get("/api/v1/auth/me").json()["detail"].startswith("Connexion requise")


def test_a_body_beyond_a_mebibyte_is_refused(awa: Phone) -> None:
    for path in ("/api/v1/auth/login", "/api/auth/login"):
        for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain"):
            answer = awa.call("POST", path, content=b" " * (1 << 20) + b"{}", headers={"Content-Type": kind})
            assert (answer.status_code, answer.json()["code"]) == (413, "trop_volumineux"), kind


def test_unknown_paths_and_methods(awa: Phone) -> None:
    for path, code in (("/api/v1/rien", "introuvable"), ("/api/rien/", "not_found")):
        answer = awa.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert awa.call("DELETE", "/api/v1/auth/login").status_code == 405
    assert awa.put("/api/auth/login").status_code == 405


def test_nothing_is_redirected(awa: Phone) -> None:
    for path in ("/api/v1/auth/me", "/api/v1/auth/me/", "/api/v1/users/me///"):
        assert awa.get(path).status_code == 200


@pytest.mark.usefixtures("awa")
def test_the_same_key_gives_the_same_answer(database: Database) -> None:
    body = {
        "first_name": "A" * 2,
        "last_name": "Ba",
        "email": "a@x.org",
        "password": "Baobab26",
        "confirm_password": "Baobab26",
    }
    key = {"Idempotency-Key": "k-1"}
    client = people.phone()
    first = client.post("/api/v1/auth/register", body, headers=key)
    again = client.post("/api/v1/auth/register/", body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert "idempotency-replayed" not in first.headers
    assert (again.headers["idempotency-replayed"], again.content) == ("true", first.content)
    other = client.post("/api/v1/auth/register", {**body, "city": "Thiès"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "cle_reutilisee")
    assert len(people.trail(database, "user.register")) == 1
    elsewhere = people.phone("198.51.100.1").post("/api/v1/auth/register", body, headers=key)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (400, "email_pris")
    for wrong in ("", "x" * 81):
        answer = client.post("/api/v1/auth/register", body, headers={"Idempotency-Key": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation")


def test_a_refusal_takes_no_key_even_when_it_left_a_trace(database: Database) -> None:
    people.person(database, "awa@exemple.org")
    client, key = people.phone(), {"Idempotency-Key": "k-1"}
    wrong = client.post("/api/v1/auth/login", {"email": "awa@exemple.org", "password": "faux"}, headers=key)
    assert wrong.status_code == 401
    body = {"email": "awa@exemple.org", "password": PASSWORD}
    right = client.post("/api/v1/auth/login", body, headers=key)
    assert right.status_code == 200
    assert client.post("/api/v1/auth/login", body, headers=key).content == right.content
    assert right.json()["refresh_token"] not in people.everything(database)


def test_a_deleted_twice_by_one_key_is_deleted_once(database: Database) -> None:
    people.admin(database)
    target = people.person(database, "m@x.org")
    chief, key = people.phone().sign_in("chef@palabre.org"), {"Idempotency-Key": "k"}
    answers = [chief.call("DELETE", f"/api/v1/users/{target}", headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert answers[1].headers["idempotency-replayed"] == "true"


def test_a_key_of_a_machine_reads_what_its_scopes_say(database: Database) -> None:
    chief = people.admin_actor(people.admin(database))
    with database.transaction() as session:
        order = CreateApiKey(name="robot", scopes=("users.read",), networks=("127.0.0.0/8",))
        key = {"X-API-Key": api_keys.create_api_key(session, chief, order).key}
    assert people.phone().get("/api/v1/users", headers=key).status_code == 200
    assert people.phone().get("/api/v1/auth/me", headers=key).status_code == 404
    refused = people.phone().post("/api/v1/users/0190/activate", headers=key)
    assert (refused.status_code, refused.json()["code"]) == (403, "reserve_admin")
    elsewhere = people.phone("203.0.113.1").get("/api/v1/users", headers=key)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "acces_refuse")
    spoofed = people.phone("203.0.113.1").get("/api/v1/users", headers={**key, "X-Forwarded-For": "127.0.0.1"})
    assert spoofed.status_code == 403
    wrong = people.phone().get("/api/v1/users", headers={"X-API-Key": "pal_faux"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "cle_api_invalide")


def broken(path: str, error: Exception) -> Phone:
    app = FastAPI(redirect_slashes=False)
    errors.install(app)

    def fail() -> None:
        raise error

    app.add_api_route(path, fail)
    return Phone(TestClient(app, raise_server_exceptions=False))


@pytest.mark.parametrize(("path", "code"), [("/api/v1/x", "interne"), ("/api/x", "interne"), ("/x", "interne")])
def test_a_defect_leaks_nothing(path: str, code: str) -> None:
    answer = broken(path, ValueError("mot de passe: Secret")).get(path)
    assert (answer.status_code, answer.json()["code"]) == (500, code)
    assert "Secret" not in answer.text
    assert answer.headers["x-request-id"]


def test_a_silent_database_is_503_and_says_when_to_come_back() -> None:
    answer = broken("/api/v1/x", OperationalError("select", {}, ValueError("lock timeout"))).get("/api/v1/x")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "indisponible", "1")


def test_only_the_hosts_we_are_named_by_are_answered(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, allowed_hosts="pensions.example,.cnss.bj")
    client = TestClient(api_app.create(settings, _nothing, "1"))
    for host, status in (
        ("pensions.example", 200),
        ("api.cnss.bj:8000", 200),
        ("127.0.0.1:8000", 200),
        ("ailleurs.example", 400),
        ("pensions.example.ailleurs.example", 400),
    ):
        assert client.get("/health/live", headers={"Host": host}).status_code == status, host


@asynccontextmanager
async def _nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield
