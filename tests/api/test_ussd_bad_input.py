"""What a gateway may get wrong: each wrong thing has its documented answer, nothing moves, no secret stays."""

import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi.testclient import TestClient

from api import app as whole
from core import clock
from core.database import Database, driver
from core.settings import get_settings, parse_networks
from tests.builders import world

AWA, JEAN, AWA_PIN = "+237699000001", "+237677000002", "48213"
KEY = {"X-API-Key": world.API_KEY}


@pytest.fixture(autouse=True)
def _a_world(database: Database) -> None:
    world.build(database)


def a(gateway: TestClient, text: Any, session: str = "A1", caller: str = AWA, code: str = "*155#") -> str:
    body = {"sessionId": session, "phoneNumber": caller, "text": text, "serviceCode": code}
    response = gateway.post("/ussd", json=body, headers=KEY)
    assert response.status_code == 200, response.text
    text_shown: str = response.text
    return text_shown


def b(gateway: TestClient, message: Any, session: str = "B1", caller: str = AWA) -> dict[str, str]:
    response = gateway.post("/ussd/", json={"sessionid": session, "msisdn": caller, "message": message})
    assert response.status_code == 200, response.text
    answer: dict[str, str] = response.json()
    return answer


@asynccontextmanager
async def nothing_around(_app: FastAPI) -> AsyncIterator[None]:
    yield


def count(database: Database, query: str) -> int:
    with database.transaction() as session:
        row = driver(session).execute(query).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[1]", "application/json", 422),
        (b'"x"', "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b"{}", "application/json", 422),
        (b"[" * 5000, "application/json", 422),
        (json.dumps({"sessionId": "S", "msisdn": AWA}).encode(), "application/json", 422),
        (json.dumps({"SESSIONID": "S", "MSISDN": AWA}).encode(), "application/json", 422),
        (json.dumps({"sessionId": "S"}).encode(), "application/json", 422),
        (json.dumps({"sessionId": "", "phoneNumber": AWA}).encode(), "application/json", 422),
        (json.dumps({"sessionId": "S" * 101, "phoneNumber": AWA}).encode(), "application/json", 422),
        (json.dumps({"sessionId": 7, "phoneNumber": AWA}).encode(), "application/json", 422),
        (json.dumps({"sessionId": "S", "phoneNumber": AWA, "text": 7}).encode(), "application/json", 422),
        (json.dumps({"sessionId": "S\x00", "phoneNumber": AWA}).encode(), "application/json", 422),
        *(
            (json.dumps({"sessionId": "S", "phoneNumber": AWA, name: "\ud800"}).encode(), "application/json", 422)
            for name in ("sessionId", "phoneNumber", "text", "serviceCode", "networkCode")
        ),
        *(
            (json.dumps({"sessionid": "S", "msisdn": AWA, name: "a\udfff"}).encode(), "application/json", 422)
            for name in ("sessionid", "msisdn", "message")
        ),
        (b"sessionId=S&phoneNumber=%2B237699000001&text=", "text/plain", 415),
        (b"sessionId=S", "application/xml", 415),
        (b"x" * 9000, "application/json", 413),
    ],
)
def test_an_unreadable_request_is_named_and_never_repeated(
    gateway: TestClient, database: Database, content: bytes, kind: str, status: int
) -> None:
    response = gateway.post("/ussd", content=content, headers={**KEY, "Content-Type": kind})
    assert response.status_code == status
    assert "detail" in response.json()
    assert AWA not in response.text
    assert count(database, "select count(*) from ussd_session") == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(gateway: TestClient, method: str) -> None:
    assert gateway.request(method, "/ussd").status_code == 405
    assert gateway.request(method, "/ussd/").status_code == 405


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/ussd", "/ussd/"])
def test_beside_the_console_too_a_gateway_is_never_sent_to_its_sign_in_page(
    database: Database, path: str, method: str
) -> None:
    assert database.engine
    app = whole.create(get_settings(), nothing_around, "0")
    app.mount("/", RedirectResponse("/connexion"))
    answer = TestClient(app, follow_redirects=False).request(method, path)
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "query",
    [
        "sessions?offset=9223372036854775808",
        "sessions?offset=99999999999999999999999",
        "logs?session_id=%00",
        "stats?service=%00",
        "stats?from=%00",
        "stats?from=9999-12-31T23:30:00Z",
        "stats?to=0001-01-01T00:00:00%2B14:00",
    ],
)
def test_absurd_questions_about_the_figures_are_refused_not_failed(database: Database, query: str) -> None:
    assert database.engine
    client = TestClient(
        whole.create(get_settings(), nothing_around, "0"), client=("127.0.0.1", 50_000), raise_server_exceptions=False
    )
    answer = client.get(f"/ussd/{query}", headers=KEY)
    assert answer.status_code == 422, answer.text


def test_a_client_cannot_write_his_own_address_before_the_proxys(
    gateway: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = get_settings().model_copy(
        update={"trusted_proxies": parse_networks("127.0.0.1"), "allowed_ips": "10.0.0.1"}
    )
    monkeypatch.setattr("api.ussd.get_settings", lambda: settings)
    body = {"sessionid": "X1", "msisdn": AWA, "message": ""}
    for lines, status in ((["10.0.0.1"], 200), (["10.0.0.1", "203.0.113.9"], 403), (["203.0.113.9", "10.0.0.1"], 200)):
        headers = [("X-Forwarded-For", line) for line in lines]
        assert gateway.post("/ussd/", json=body, headers=headers).status_code == status, lines


def test_no_key_a_wrong_key_and_a_revoked_key_are_one_answer(gateway: TestClient, database: Database) -> None:
    body = {"sessionId": "S", "phoneNumber": AWA, "text": ""}
    for headers in ({}, {"X-API-Key": "wrong"}, {"X-API-Key": world.API_KEY + "x"}):
        response = gateway.post("/ussd", json=body, headers=headers)
        assert (response.status_code, response.json()) == (401, {"detail": "Invalid API Key"})
    wallet = gateway.post("/ussd", json={"sessionid": "S", "msisdn": AWA}, headers={"X-API-Key": "wrong"})
    assert wallet.status_code == 401
    assert count(database, "select count(*) from ussd_session") == 0


def test_the_wallet_contract_never_trusts_an_undeclared_proxy(gateway: TestClient) -> None:
    body = {"sessionid": "S", "msisdn": AWA, "message": ""}
    for header in ("X-Forwarded-For", "Forwarded"):
        response = gateway.post("/ussd", json=body, headers={header: "127.0.0.1"})
        assert (response.status_code, response.json()) == (403, {"detail": "Access denied"})


def test_the_wallet_contract_is_closed_when_the_whole_world_is_allowed(
    gateway: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "allowed_ips", "*")
    body = {"sessionid": "S", "msisdn": AWA, "message": ""}
    assert gateway.post("/ussd", json=body).status_code == 403
    assert gateway.post("/ussd", json=body, headers=KEY).status_code == 200


def test_another_address_is_refused(gateway: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "allowed_ips", "10.1.2.3")
    body = {"sessionId": "S", "phoneNumber": AWA, "text": ""}
    assert gateway.post("/ussd", json=body, headers=KEY).status_code == 403


@pytest.mark.parametrize("number", ["12", "bonjour", "+33", "0" * 40, "+237699000001,+237677000002", "٣"])
def test_an_absurd_number_gets_an_end(gateway: TestClient, database: Database, number: str) -> None:
    assert a(gateway, "", caller=number).startswith("END ")
    assert b(gateway, "1", caller=number)["command"] == "END"
    assert count(database, "select count(*) from ussd_session") == 0


def test_an_overlong_text_gets_an_end_or_a_refusal(gateway: TestClient) -> None:
    assert a(gateway, "1*" * 400).startswith("END ")
    assert a(gateway, "9" * 3000, session="A2").startswith("END ")
    b(gateway, "1")
    assert "Numéro invalide." in b(gateway, "7" * 500)["message"]


@pytest.mark.parametrize(
    "amount", ["-5000", "5000.50", "5 000", "5e3", "0", "cinq", "", "5,5", "9" * 30, "NaN", "+5000", "٥٠٠٠٫٥"]
)
def test_an_absurd_amount_is_asked_again(gateway: TestClient, database: Database, amount: str) -> None:
    b(gateway, "1")
    b(gateway, "677000002")
    answer = b(gateway, amount)
    assert answer["command"] == "CON"
    assert "Montant invalide." in answer["message"] or "Maximum" in answer["message"]
    assert count(database, "select count(*) from ussd_operation") == 0


@pytest.mark.parametrize("pin", ["abcde", "4821", "482133", "4821a", "", "' or 1=1", "4 8 2 1 3"])
def test_a_pin_with_letters_is_wrong_and_kept_nowhere(gateway: TestClient, database: Database, pin: str) -> None:
    b(gateway, "6")
    answer = b(gateway, pin)
    assert answer["command"] == "CON"
    assert "10 000" not in answer["message"]
    if len(pin) > 4:
        assert pin not in world.everything(database)


def test_another_phone_cannot_use_the_session(gateway: TestClient, database: Database) -> None:
    b(gateway, "1")
    assert b(gateway, "677000002", caller=JEAN)["command"] == "END"
    assert "Jean Nkolo" in b(gateway, "677000002")["message"]
    assert count(database, "select conflicts from ussd_session") == 1


def test_the_same_final_turn_five_times_at_once_moves_money_once(gateway: TestClient, database: Database) -> None:
    for text in ("", "1", "1*677000002", "1*677000002*5000", "1*677000002*5000*1"):
        a(gateway, text)
    with ThreadPoolExecutor(5) as pool:
        answers = set(pool.map(lambda _: a(gateway, f"1*677000002*5000*1*{AWA_PIN}"), range(5)))
    assert len(answers) == 1
    assert "réussi" in answers.pop()
    with database.transaction() as session:
        assert world.balance(session, AWA) == 4_950
        assert world.balance(session, JEAN) == 7_500
    assert count(database, "select count(*) from ussd_operation") == 1
    assert count(database, "select count(*) from ussd_turn") == 6


def test_two_different_turns_at_once_are_taken_one_after_the_other(gateway: TestClient, database: Database) -> None:
    b(gateway, "1")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda message: b(gateway, message), ["677000002", "bonjour"]))
    assert all(answer["command"] == "CON" for answer in answers)
    assert count(database, "select count(distinct number) from ussd_turn") == 3
    assert count(database, "select count(*) from ussd_session where screen = 't_amount' and turn_number = 3") == 1


def test_a_repeated_begin_is_one_session(gateway: TestClient, database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(lambda _: a(gateway, ""), range(4)))
    assert len(answers) == 1
    assert count(database, "select count(*) from ussd_session") == 1
    assert count(database, "select replays from ussd_turn") == 3


def test_too_many_sessions_are_refused_until_time_passes(gateway: TestClient, database: Database) -> None:
    with database.transaction() as session:
        driver(session).execute(
            "insert into velocity_rule (id, created_at, name, capacity, window_s)"
            " values (gen_random_uuid(), now(), 'sessions', 3, 60)"
        )
    with clock.travel(world.NOW) as traveller:
        for number in range(3):
            assert a(gateway, "", session=f"V{number}").startswith("CON ")
        assert a(gateway, "", session="V3").startswith("END Trop de demandes")
        assert a(gateway, "", session="V3-jean", caller=JEAN).startswith("CON ")
        traveller.advance(21)
        assert a(gateway, "", session="V4").startswith("CON ")


def test_a_service_in_maintenance_says_so_at_the_next_turn(gateway: TestClient, database: Database) -> None:
    assert a(gateway, "").startswith("CON ")
    with database.transaction() as session:
        driver(session).execute(
            "update ussd_service set state = 'maintenance', state_text = %s where key = 'wallet'",
            ('{"fr": "Retour à 14h."}',),
        )
    assert a(gateway, "1") == "END Retour à 14h."
