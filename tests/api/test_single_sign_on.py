"""Signing in through the organisation's identity provider, against a real issuer on loopback."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from core import clock
from core.database import Database
from core.settings import get_settings
from services import users
from tests.builders import issuer as issuers
from tests.builders import people
from tests.builders.issuer import Issuer
from tests.builders.people import Phone

AWA = {"sub": "awa-0001", "email": "Awa@Exemple.org", "email_verified": True, "name": "Awa Diop"}


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    with issuers.running(dict(AWA)) as running:
        settings = get_settings()
        monkeypatch.setattr(settings, "oidc_issuer", running.url)
        monkeypatch.setattr(settings, "oidc_client_id", issuers.CLIENT_ID)
        monkeypatch.setattr(settings, "oidc_client_secret", SecretStr(issuers.CLIENT_SECRET))
        yield running
        assert running.problems == []


def leave(browser: Phone) -> str:
    """Start, go to the issuer as a browser does, and return the address of the way back."""
    departure = browser.get("/connexion/oidc")
    assert departure.status_code == 303, departure.text
    at_issuer = httpx.get(departure.headers["location"])
    assert at_issuer.status_code == 302
    parts = urlsplit(at_issuer.headers["location"])
    return f"{parts.path}?{parts.query}"


def walk(browser: Phone) -> httpx.Response:
    return browser.get(leave(browser))


@pytest.mark.usefixtures("issuer")
def test_awa_enters_without_a_password(database: Database) -> None:
    user_id = people.person(database, "awa@exemple.org", password_hash=None)
    browser = people.phone()
    answer = walk(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "palabre_session=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    with database.transaction() as session:
        actor = users.actor_of_console_session(session, browser.http.cookies["palabre_session"], "127.0.0.1")
    assert actor is not None
    assert actor.user_id == user_id
    me = browser.get("/api/auth/profile")  # the console's cookie reads…
    assert me.json()["email"] == "awa@exemple.org"
    assert browser.post("/api/v1/auth/totp/enrol").status_code == 401  # …and changes nothing
    assert [entry["summary"] for entry in people.trail(database, "user.sign_in")] == ["oidc"]


def test_afterwards_the_subject_counts_and_not_the_address(database: Database, issuer: Issuer) -> None:
    user_id = people.person(database, "awa@exemple.org")
    assert walk(people.phone()).status_code == 303
    issuer.person |= {"email": "autre@exemple.org"}
    assert walk(people.phone()).status_code == 303
    thief = people.phone()
    issuer.person |= {"sub": "un-autre", "email": "awa@exemple.org"}
    assert walk(thief).status_code == 403  # the account already belongs to another subject
    with database.transaction() as session:
        assert users.get_user(session, people.actor(user_id), user_id).last_login_at is not None


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": "inconnue@exemple.org"},
        {"nonce": "un autre"},
        {"nonce": None},
        {"aud": "un autre"},
        {"iss": "http://127.0.0.1:1"},
        {"exp": 1},
        {"sub": None},
        {"azp": "un autre"},
    ],
)
def test_a_token_that_proves_nothing_opens_nothing(
    database: Database, issuer: Issuer, claims: dict[str, object]
) -> None:
    people.person(database, "awa@exemple.org")
    issuer.claims = claims
    browser = people.phone()
    answer = walk(browser)
    assert (answer.status_code, answer.json()["code"]) == (403, "acces_refuse")
    assert "palabre_session" not in browser.http.cookies


def test_a_signature_of_another_key_opens_nothing_and_a_rotated_key_does(database: Database, issuer: Issuer) -> None:
    people.person(database, "awa@exemple.org")
    right = issuer.key
    assert walk(people.phone()).status_code == 303
    issuer.published, issuer.key = right, RSAKey.generate_key(2048, {"kid": "deux", "use": "sig"})
    assert walk(people.phone()).status_code == 403
    issuer.published = None
    assert walk(people.phone()).status_code == 303


@pytest.mark.usefixtures("issuer")
def test_the_way_back_belongs_to_the_browser_that_left(database: Database) -> None:
    people.person(database, "awa@exemple.org")
    mine, other = people.phone(), people.phone()
    back = leave(mine)
    assert other.get(back).status_code == 403
    leave(other)
    assert other.get(back).status_code == 403
    assert mine.get(back.replace("state=", "state=x")).status_code == 403
    assert mine.get(back).status_code == 303
    again = leave(mine)
    code = parse_qs(urlsplit(again).query)["code"][0]
    assert mine.get(again.replace(code, "inventé")).status_code == 403


@pytest.mark.usefixtures("issuer")
def test_a_ticket_lives_ten_minutes(database: Database) -> None:
    people.person(database, "awa@exemple.org")
    with clock.travel(clock.now()) as traveller:
        browser = people.phone()
        back = leave(browser)
        traveller.advance(timedelta(minutes=10, seconds=1).total_seconds())
        assert browser.get(back).status_code == 403


def test_an_address_from_userinfo_is_believed_for_the_same_subject_only(database: Database, issuer: Issuer) -> None:
    people.person(database, "awa@exemple.org")
    issuer.has_userinfo, issuer.claims = True, {"email": None, "email_verified": None}
    issuer.userinfo = {"sub": "un-autre", "email": "awa@exemple.org", "email_verified": True}
    assert walk(people.phone()).status_code == 403
    issuer.userinfo["sub"] = "awa-0001"
    assert walk(people.phone()).status_code == 303


@pytest.mark.usefixtures("issuer")
def test_a_closed_account_stays_closed(database: Database) -> None:
    people.person(database, "awa@exemple.org", state="closed")
    answer = walk(people.phone())
    assert (answer.status_code, answer.json()["code"]) == (403, "compte_ferme")


@pytest.mark.usefixtures("database")
def test_an_issuer_that_is_down_or_lies_about_its_name(issuer: Issuer) -> None:
    issuer.is_down = True
    answer = people.phone().get("/connexion/oidc")
    assert (answer.status_code, answer.json()["code"]) == (503, "emetteur_indisponible")
    issuer.is_down, issuer.discovered = False, {"issuer": "http://127.0.0.1:1"}
    assert people.phone().get("/connexion/oidc").status_code == 503
    issuer.discovered = {"token_endpoint": "http://example.org/token"}  # in clear, to the outside: never
    assert people.phone().get("/connexion/oidc").status_code == 503
    issuer.discovered = {}
    assert people.phone().get("/connexion/oidc").status_code == 303


@pytest.mark.usefixtures("database")
def test_without_an_issuer_there_is_no_such_way() -> None:
    answer = people.phone().get("/connexion/oidc")
    assert (answer.status_code, answer.json()["code"]) == (404, "oidc_absent")
    assert people.phone().get("/connexion/oidc/retour?code=a&state=b").status_code == 403
