"""Twelve things a person and a network do, at each of the gateways, over HTTP and a real PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import gateways as door
from channels.ussd import recorder
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.calling import can_dial_behind
from core import clock
from core.database import Database, driver, fetch_all, fetch_one
from tests import database as databases
from tests.builders import world
from tests.builders.accounts import PROFILES, Handset, open_accounts

PIN = "48213"
PROMPT = "Entrez le numéro du bénéficiaire"
BALANCE = "Votre solde est de 10 000 FCFA"
AT_FORM = {"content-type": "application/x-www-form-urlencoded"}
NUMBERED = {"africastalking", "orange_xhtml", "myriad", "hubtel", "kannel_sms", "kannel_ussd"}
NO_CODE = {"orange_xhtml", "moolre"}


@pytest.fixture(scope="module")
def house(database_server: str) -> Iterator[Database]:
    with databases.copied(database_server) as url, databases.current(url) as database:
        world.build(database)
        open_accounts(database)
        yield database


@pytest.fixture(scope="module")
def client(house: Database) -> Iterator[TestClient]:
    assert house.engine
    app = FastAPI(redirect_slashes=False)
    app.include_router(door.router)
    with TestClient(app, client=("127.0.0.1", 50_000)) as chosen:
        yield chosen


@pytest.fixture(params=PROFILES)
def phone(request: pytest.FixtureRequest, client: TestClient, house: Database) -> Handset:
    with house.transaction() as session:
        connection = driver(session)
        connection.execute("delete from ussd_session")
        connection.execute("update pin_credential set tries = 0, locks = 0, locked_until = null, needs_admin = false")
    return Handset(client, request.param)


def state_of(house: Database, phone: Handset) -> dict[str, object]:
    with house.transaction() as session:
        row = fetch_one(
            session,
            "select s.* from ussd_session s join ussd_gateway g on g.id = s.gateway_id"
            " where g.profile = %s order by s.created_at desc, s.generation desc limit 1",
            (phone.profile,),
        )
    assert row is not None
    return row


def test_first(phone: Handset) -> None:
    heard = phone.dial()
    assert heard.text.startswith("PerfectPay\n1. Transfert")
    assert heard.has_more


def test_continue_with_accents(phone: Handset) -> None:
    phone.dial()
    heard = phone.answer("1")
    assert (heard.text, heard.has_more) == (PROMPT, True)


def test_end(phone: Handset) -> None:
    phone.dial()
    heard = phone.answer("6")
    if phone.profile != "kannel_sms":
        assert heard.has_more
        assert heard.text.startswith("Code PIN")
        heard = phone.answer(PIN)
        assert heard.text == BALANCE
        assert not heard.has_more
    else:
        assert heard.text == "Composez *155# sur votre téléphone."


def test_direct_dial(phone: Handset) -> None:
    if can_dial_behind(BUILT_IN[phone.profile].profile) or phone.profile == "kannel_sms":
        assert phone.dial("1").text == PROMPT
    else:
        assert phone.dial().text.startswith("PerfectPay")


def test_a_pin_dialled_with_the_code_is_dropped_and_kept_nowhere(phone: Handset, house: Database) -> None:
    if can_dial_behind(BUILT_IN[phone.profile].profile):
        assert phone.dial("6*90817").text.startswith("Code PIN")
        recorder.flush()
        assert "90817" not in world.everything(house)


def test_cancel(phone: Handset, house: Database) -> None:
    phone.dial()
    phone.turn += 1
    notices = BUILT_IN[phone.profile].profile.notices
    if "abort" not in notices and "event" not in notices:
        return
    if "abort" in notices:
        response = phone.send(phone.request("abort"))
    else:
        body = f"sessionId={phone.session}&phoneNumber=%2B237699000001&status=Incomplete&input=1&cost=XAF+2"
        response = phone.send(replace(phone.request("begin"), body=body.encode()))
    assert response.status_code == 200
    row = state_of(house, phone)
    assert (row["state"], row["turn_number"]) == ("aborted", 1)


def test_timeout(phone: Handset, house: Database) -> None:
    phone.dial()
    if "timeout" in BUILT_IN[phone.profile].profile.notices:
        phone.turn += 1
        assert phone.send(phone.request("timeout")).status_code == 200
        assert state_of(house, phone)["state"] == "timeout"
        return
    with clock.travel(clock.now()) as traveller:
        traveller.advance(181)
        heard = phone.answer("1")
    is_told = BUILT_IN[phone.profile].profile.session_reuse == "refuse" or phone.profile == "kannel_ussd"
    assert heard.text == "Session expirée. Recomposez le code." if is_told else PROMPT


def test_duplicate(phone: Handset, house: Database) -> None:
    phone.dial()
    kind = "begin"
    if phone.profile in NUMBERED:
        phone.answer("1")
        kind = "continue"
    first = phone.last
    assert first is not None
    again = phone.send(phone.request(kind))
    assert (again.content, again.headers) == (first.content, first.headers)
    assert state_of(house, phone)["turn_number"] == phone.turn + 1


def test_missing_field(phone: Handset) -> None:
    profile = BUILT_IN[phone.profile].profile
    response = phone.send(phone.request("begin", carried={profile.fields.msisdn[0]: ""}))
    assert response.status_code == 422
    assert [problem["msg"] for problem in response.json()["detail"]] == ["champ obligatoire"]


def test_too_long(phone: Handset) -> None:
    phone.dial()
    heard = phone.answer("7" * 2_001)
    assert (heard.text, heard.has_more) == ("Saisie trop longue. Recomposez le code.", phone.profile == "kannel_sms")


def test_empty_input(phone: Handset) -> None:
    phone.dial()
    if phone.profile == "africastalking":
        assert phone.dial().text.startswith("PerfectPay")
        return
    assert phone.answer("").text.startswith("Choix invalide.\nPerfectPay")


def test_unknown_code(phone: Handset) -> None:
    phone.code = "9090" if phone.profile == "kannel_sms" else "*999#"
    heard = phone.dial()
    if phone.profile in NO_CODE:
        assert heard.has_more
    elif phone.profile == "airtel_freeflow":
        # Its code is known by being ours: other digits are a first message, kept nowhere.
        assert heard.text.startswith("PerfectPay")
    else:
        # An SMS does not say that it is the last one; the first message of one network can never close.
        assert (heard.text, heard.has_more) == ("Service inconnu.", phone.profile in {"kannel_sms", "infobip"})


def test_a_wrong_secret_and_an_unknown_gateway_are_the_same_404(phone: Handset) -> None:
    request = phone.request("begin")
    wrong = phone.send(request, secret="another")
    assert (wrong.status_code, wrong.content) == (404, b"")
    unknown = phone.client.request(request.method, "/g/nobody/another", content=request.body)
    assert (unknown.status_code, unknown.content, unknown.headers) == (404, b"", wrong.headers)


def test_no_pin_stays_anywhere(phone: Handset, house: Database) -> None:
    phone.dial()
    phone.answer("6")
    phone.answer("73915")
    phone.answer(PIN) if phone.profile == "airtel_freeflow" else None
    recorder.flush()
    dump = world.everything(house)
    assert "73915" not in dump
    with house.transaction() as session:
        records = fetch_all(session, "select exchange from wire_record")
    assert "73915" not in str(records)


def test_a_method_that_the_profile_does_not_name_is_405(phone: Handset) -> None:
    assert phone.send(phone.request("begin"), method="DELETE").status_code == 405
