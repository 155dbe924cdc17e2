"""The addresses under `/whatsapp`: who may knock, in which form, and what a stranger gets."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr
from twilio.request_validator import RequestValidator

from api import whatsapp
from core import clock
from core.database import Database, use_database
from core.permissions import SYSTEM, Role, Scope
from core.settings import Environment, get_settings
from models.users import User
from services import provider_accounts
from services.ciu.store import pictures
from services.messages import accounts
from services.provider_accounts import SetSecret
from services.users import tokens
from services.whatsapp import twiml
from tests.builders.people import holds, person
from tests.ciu.clinic import FORM, OURS, SID, TOKEN, Clinic
from tests.kannel.boxes import until

SIGNED = json.loads((Path(__file__).parents[1] / "data" / "whatsapp_signatures.json").read_text())
TWILIO = SIGNED["twilio"]
BUSY = """
select count(*) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
"""
NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


OURS_SIGNED = [
    case
    for case in TWILIO["valid"]
    if case["url"].startswith("https://uic.example.org") and "AccountSid" in dict(case["form"])
]
# What only a function can be asked: another address or token than ours is never the one that is checked.
REFUSED = [
    case for case in TWILIO["invalid"] if case["name"] not in {"http_instead_of_https", "internal_host", "wrong_token"}
]


def token_of(database: Database, role: Role) -> str:
    """Return the access token of somebody with a role in the identifiers."""
    user_id = person(database, f"{role.lower()}@clinic.example")
    holds(database, user_id, Scope.CIU, role)
    with database.transaction() as session:
        return tokens.open_family(session, session.get_one(User, user_id), 30, "127.0.0.1").access


@pytest.fixture
def at_example(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    """Give the clinic that Twilio knows under the address of the vectors, and under another while it moves."""
    monkeypatch.setattr(get_settings(), "public_base_url", "https://old.example.org, https://uic.example.org/")
    return clinic


@pytest.mark.parametrize("case", OURS_SIGNED, ids=[case["name"] for case in OURS_SIGNED])
def test_what_twilio_signed_is_taken(at_example: Clinic, case: dict[str, Any]) -> None:
    path = case["url"].removeprefix("https://uic.example.org")
    headers = {"Content-Type": FORM, "X-Twilio-Signature": case["sha1"]}
    answer = httpx.post(at_example.address + path, content=case["body"], headers=headers)
    assert answer.status_code == (204 if path.startswith("/whatsapp/status") else 200), answer.text


@pytest.mark.parametrize("case", REFUSED, ids=[case["name"] for case in REFUSED])
def test_what_twilio_did_not_sign_is_refused(at_example: Clinic, case: dict[str, Any]) -> None:
    path = case["url"].removeprefix("https://uic.example.org")
    headers = {"Content-Type": FORM, "X-Twilio-Signature": case["signature"]}
    answer = httpx.post(at_example.address + path, content=case["body"], headers=headers)
    assert (answer.status_code, answer.json()) == (403, {"detail": "invalid signature"})
    assert at_example.number("select count(*) from whatsapp_inbound") == 0


def test_the_older_token_and_the_shared_key_sign_too(clinic: Clinic) -> None:
    older, shared = "b" * 32, "shared-secret"
    for name, value, keeps in (("auth_token", older, True), ("shared_keys", f"SKtest0001:{shared}", False)):
        order = SetSecret(account_id=clinic.accounts["twilio_whatsapp"], name=name, value=value, keeps_previous=keeps)
        with clinic.database.transaction() as session:
            provider_accounts.set_secret(session, SYSTEM, order)
    accounts._known.clear()
    assert clinic.post(clinic.form("Bonjour"), token=older).status_code == 200
    assert clinic.post(clinic.form("Bonjour"), token=TOKEN).status_code == 200
    assert clinic.post(clinic.form("Bonjour"), token="c" * 32).status_code == 403


def test_a_number_that_is_not_ours_is_refused(clinic: Clinic) -> None:
    assert clinic.post(clinic.form("Bonjour", To="whatsapp:+14155550000")).status_code == 403
    assert clinic.number("select count(*) from ciu_conversation") == 0


def test_forms_that_are_none(clinic: Clinic) -> None:
    url = f"{clinic.address}/whatsapp/webhook"
    assert httpx.post(url, content="x", headers={"Content-Type": "text/plain"}).status_code == 415
    assert httpx.post(url, content="x").json() == {"detail": "unsupported content type"}
    assert httpx.post(url, content="a=" + "x" * 70_000, headers={"Content-Type": FORM}).status_code == 413
    big = httpx.post(url, content=b"x" * (1 << 20 | 1), headers={"Content-Type": "application/json"})
    assert (big.status_code, big.json()) == (413, {"detail": "body too large"})
    many = [(f"Field{place}", "x") for place in range(201)]
    assert clinic.post(many).json() == {"detail": "too many fields"}
    status = httpx.post(f"{clinic.address}/whatsapp/status", content=urlencode(many), headers={"Content-Type": FORM})
    assert (status.status_code, status.json()) == (400, {"detail": "too many fields"})
    assert httpx.put(url).status_code == 405
    assert httpx.get(f"{clinic.address}/whatsapp/status").status_code == 405
    assert clinic.post(clinic.form("Bonjour", sender="nobody at all")).status_code == 400


def test_every_address_answers_with_a_slash_too(clinic: Clinic) -> None:
    url = f"{clinic.address}/whatsapp/webhook/"
    form = clinic.form("Bonjour")
    headers = {"Content-Type": FORM, "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, dict(form))}
    assert httpx.post(url, content=urlencode(form), headers=headers).status_code == 200
    assert httpx.get(f"{clinic.address}/whatsapp/health/").status_code == 200


def test_a_status_of_a_message_that_is_not_ours_is_taken(clinic: Clinic) -> None:
    url = f"{clinic.address}/whatsapp/status"
    form = {"AccountSid": SID, "From": f"whatsapp:{OURS}", "To": "whatsapp:+243810000001", "MessageSid": "SMx"}
    form["MessageStatus"] = "delivered"
    signature = RequestValidator(TOKEN).compute_signature(url, form)
    headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
    answer = httpx.post(url, content=urlencode(form), headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert clinic.number("select count(*) from inbound_event") == 0
    assert httpx.post(url, content=urlencode(form), headers={"Content-Type": FORM}).status_code == 403


def test_health_says_which_channels_can_hear(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{clinic.address}/whatsapp/health"
    off = {"twilio": "off", "meta": "off"}
    assert httpx.get(url).json() == {
        "status": "healthy",
        "service": "Générateur de CIU WhatsApp",
        "version": "0.1.0",
        "database": "ok",
        "channels": off,
    }
    monkeypatch.setattr(get_settings(), "twilio_whatsapp_number", OURS)
    assert httpx.get(url).json()["channels"] == {"twilio": "ready", "meta": "off"}


def test_without_its_database_a_person_is_told_and_meta_asks_again(clinic: Clinic) -> None:
    form, url = clinic.form("Bonjour"), clinic.database.url
    use_database("postgresql://nobody@127.0.0.1:1/none", 1)
    try:
        answer = clinic.post(form)
        assert answer.status_code == 200
        assert "Petit souci de notre côté" in answer.text
        assert clinic.meta() == 503
        health = httpx.get(f"{clinic.address}/whatsapp/health")
        assert (health.status_code, health.json()["status"]) == (503, "degraded")
    finally:
        use_database(url, 10)


def test_what_takes_too_long_is_undone_and_the_person_is_told(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whatsapp, "HARD_STOP_S", 0.3)
    clinic.say("Bonjour")
    form = clinic.form("1985")
    with clinic.database.engine.connect() as holder:
        holder.exec_driver_sql("lock table ciu_event in exclusive mode")
        assert "Petit souci de notre côté" in clinic.post(form).text
        assert clinic.meta() == 200
    until(lambda: not clinic.number(BUSY), "it never ended")
    assert clinic.rows("select step from ciu_conversation") == [{"step": 0}]
    monkeypatch.setattr(whatsapp, "HARD_STOP_S", 8.0)
    assert "2/5" in clinic.post(form).text


def test_who_may_clean_up(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{clinic.address}/whatsapp/cleanup"
    refused = httpx.post(url)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert httpx.post(url, headers={"Authorization": "Bearer x"}).status_code == 401
    monkeypatch.setattr(get_settings(), "ciu_cleanup_token", SecretStr("cleanup-secret-0123456789"))
    with clock.travel(NINE) as traveller:
        clinic.say("Bonjour")
        traveller.advance(timedelta(minutes=16).total_seconds())
        cleaned = httpx.post(url, headers={"Authorization": "Bearer cleanup-secret-0123456789"})
    assert cleaned.json() == {"status": "success", "sessions_cleaned": 1}
    assert httpx.post(url, headers={"Authorization": "Bearer cleanup-secret-012345678"}).status_code == 401
    operator = {"Authorization": f"Bearer {token_of(clinic.database, Role.OPERATEUR)}"}
    reader = {"Authorization": f"Bearer {token_of(clinic.database, Role.LECTEUR)}"}
    assert httpx.post(url, headers=operator).json() == {"status": "success", "sessions_cleaned": 0}
    assert httpx.post(url, headers=reader).status_code == 403
    monkeypatch.setattr(get_settings(), "environment", Environment.DEVELOPMENT)
    monkeypatch.setattr(get_settings(), "whatsapp_allow_unsigned", True)
    assert httpx.post(url).status_code == 200


def test_the_picture_of_a_code_lives_ten_minutes_and_five_looks(clinic: Clinic) -> None:
    clinic.tell()
    record_id = clinic.rows("select id from ciu_record")[0]["id"]
    with clock.travel(NINE) as traveller:
        with clinic.database.transaction() as session:
            address = pictures.make_address(session, record_id)
            other = pictures.make_address(session, record_id)
        looks = [httpx.get(address) for _ in range(6)]
        assert [look.status_code for look in looks] == [200] * 5 + [404]
        assert looks[0].content.startswith(b"\x89PNG")
        assert looks[0].headers["cache-control"] == "no-store"
        traveller.advance(601)
        assert httpx.get(other).status_code == 404
    assert httpx.get(f"{clinic.address}/whatsapp/qr/nothing.png").status_code == 404


def test_a_recipe_with_a_picture_sends_it_beside_the_code(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "enable_qr_code", True)
    clinic.rows("update ciu_recipe set body = jsonb_set(body, '{qr}', 'true') where key = 'document' returning id")
    for word in ("Bonjour", "1985", "Kinshasa", "Jean", "15", "Kabila"):
        clinic.say(word)
    answer = clinic.post(clinic.form("1")).text
    assert "<Media>" in answer
    assert answer.count("<Message>") == 1
    assert "DA6A7" not in answer.partition("<Media>")[2]


def test_a_long_answer_is_at_most_three_messages_and_valid_xml() -> None:
    text = twiml.render("A & B <c>\x00\x0b\n\n" + ("mot " * 2_000))
    assert text.count("<Message>") == 3
    assert "A &amp; B &lt;c&gt;" in text
    assert "\x00" not in text
    assert twiml.render("") == twiml.NOTHING
