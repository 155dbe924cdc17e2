"""The doors for callbacks: every path and form of the document, every answer of its table, and what they never do."""

import json
import time

import pytest
from fastapi.testclient import TestClient

from api import payments
from core.database import Database
from models.transfers import Transfer, TransferState
from providers import registry
from providers.answers import Account, Hint, InboundCall, Refusal
from tests.builders import payments as world
from tests.builders.payments import events, is_asked, transfer_now

ROOT = "/api/v1/payments/callback"
OK = {"status": "ok"}
ORPHAN = {"status": "error", "message": "unknown reference"}
NOT_AUTHENTIC = {"status": "error", "message": "not authentic"}


class Stand:
    """An adapter of the tests: a body with `ref` names a transfer; with `key`, it is signed for who has that secret."""

    def __init__(self, name: str) -> None:
        self.name = name

    def verify_callback(self, call: InboundCall, accounts: list[Account]) -> Hint | Refusal:
        """Read `{"ref", "id", "status", "key"}`."""
        body = json.loads(call.body)
        references = {"reference": str(body.get("ref", ""))}
        state = str(body.get("status", ""))
        for account in accounts:
            if body.get("key") in account.secret_values("api_key"):
                return Hint(str(body["id"]), "signed", references, state, account.id, body.get("kind", "transfer"))
        if "key" in body or all(account.environment == "live" for account in accounts):
            return Refusal(401)
        return Hint(str(body.get("id", call.body)), "none", references, state)


@pytest.fixture
def stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a simple adapter behind every door."""
    monkeypatch.setattr(registry, "adapter", Stand)


# Every path, with and without its slash


@pytest.mark.usefixtures("stands")
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("method", "path", "adapter"),
    [
        ("POST", "orange", "orange_webpay"),
        ("POST", "orange/{token}", "orange_webpay"),
        ("POST", "mtn", "mtn"),
        ("PUT", "mtn", "mtn"),
        ("POST", "mtn/{token}", "mtn"),
        ("PUT", "mtn/{token}", "mtn"),
        ("POST", "wave", "wave"),
        ("POST", "pawapay", "pawapay"),
        ("POST", "pawapay", "moov"),
    ],
)
def test_every_address_answers(
    doors: TestClient, database: Database, method: str, path: str, adapter: str, slash: str
) -> None:
    transfer = world.transfer(database, world.account(database, adapter).id)
    address = f"{ROOT}/{path.format(token=transfer.callback_token)}{slash}"
    answer = doors.request(method, address, json={"ref": transfer.reference, "status": "SUCCESS"})
    assert (answer.status_code, answer.json()) == (200, OK)
    (event,) = events(database)
    assert (event["transfer_id"], event["outcome"], event["handled_at"]) == (transfer.id, "asked", None)
    assert (event["method"], event["is_accepted"]) == (method, True)
    assert event["authenticity"] == ("token" if "token" in path else "none")
    assert transfer.callback_token not in json.dumps([event["path"], event["references"]])
    assert is_asked(database, transfer)
    assert transfer_now(database, transfer).state == TransferState.PENDING


@pytest.mark.parametrize(("method", "path"), [("PUT", "orange"), ("PUT", "wave"), ("GET", "mtn"), ("PUT", "pawapay")])
def test_another_method_is_not_known(doors: TestClient, method: str, path: str) -> None:
    assert doors.request(method, f"{ROOT}/{path}", json={}).status_code == 405


def test_another_operator_is_not_known(doors: TestClient) -> None:
    assert doors.post(f"{ROOT}/airtel", json={}).status_code == 404


# Every answer of the table


@pytest.mark.usefixtures("stands")
def test_a_duplicate_is_counted_and_asks_for_nothing(doors: TestClient, database: Database) -> None:
    transfer = world.transfer(database, world.account(database, "mtn").id)
    body = {"ref": transfer.reference, "id": "1"}
    assert doors.post(f"{ROOT}/mtn", json=body).json() == OK
    with database.transaction() as session:
        row = session.get(Transfer, transfer.id)
        assert row is not None
        row.next_read_at = None
        session.add(row)
    for _ in range(3):
        assert doors.post(f"{ROOT}/mtn", json=body).json() == OK
    (event,) = events(database)
    assert event["repeats"] == 3
    assert not is_asked(database, transfer)


@pytest.mark.usefixtures("stands")
@pytest.mark.parametrize("state", [TransferState.SUCCEEDED, TransferState.FAILED, TransferState.EXPIRED])
def test_a_final_transfer_is_asked_about_and_does_not_move(
    doors: TestClient, database: Database, state: TransferState
) -> None:
    transfer = world.transfer(database, world.account(database, "mtn").id, state=state)
    assert doors.post(f"{ROOT}/mtn", json={"ref": transfer.reference, "status": "PENDING"}).json() == OK
    assert transfer_now(database, transfer).state == state


@pytest.mark.usefixtures("stands")
def test_an_unknown_reference_is_an_orphan(doors: TestClient, database: Database) -> None:
    world.account(database, "mtn")
    answer = doors.post(f"{ROOT}/mtn", json={"ref": "nobody", "status": "SUCCESSFUL"})
    assert (answer.status_code, answer.json()) == (200, ORPHAN)
    (event,) = events(database)
    assert (event["outcome"], event["transfer_id"], event["is_accepted"]) == ("orphan", None, True)
    assert doors.post(f"{ROOT}/mtn", json={"ref": "nobody", "status": "SUCCESSFUL"}).json() == ORPHAN


@pytest.mark.usefixtures("stands")
def test_a_token_nobody_was_given_is_refused(doors: TestClient, database: Database) -> None:
    transfer = world.transfer(database, world.account(database, "mtn").id)
    answer = doors.post(f"{ROOT}/mtn/AAAAAAAAAAAAAAAAAAAAAA", json={"ref": transfer.reference})
    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTIC)
    (event,) = events(database)
    assert (event["is_accepted"], event["outcome"], event["transfer_id"]) == (False, "refused", None)
    assert not is_asked(database, transfer)


@pytest.mark.usefixtures("stands")
def test_the_token_of_another_operator_is_refused(doors: TestClient, database: Database) -> None:
    world.account(database, "mtn")
    transfer = world.transfer(database, world.account(database, "orange_webpay").id)
    answer = doors.post(f"{ROOT}/mtn/{transfer.callback_token}", json={"ref": "x"})
    assert answer.status_code == 401


@pytest.mark.usefixtures("stands")
def test_a_wrong_signature_is_refused_and_does_not_stand_in_the_way(doors: TestClient, database: Database) -> None:
    transfer = world.transfer(database, world.account(database, "wave").id)
    body = {"ref": transfer.reference, "id": "AE_1", "status": "succeeded"}
    assert doors.post(f"{ROOT}/wave", json={**body, "key": "guessed"}).status_code == 401
    assert not is_asked(database, transfer)
    right = doors.post(f"{ROOT}/wave", json={**body, "key": "api_key-0123456789abcdef"})
    assert (right.status_code, right.json()) == (200, OK)
    assert [event["authenticity"] for event in events(database)] == ["none", "signed"]
    assert is_asked(database, transfer)


@pytest.mark.usefixtures("stands")
def test_an_unsigned_copy_of_an_event_does_not_silence_the_signed_one(doors: TestClient, database: Database) -> None:
    transfer = world.transfer(database, world.account(database, "wave").id)
    body = {"ref": transfer.reference, "id": "AE_1", "status": "failed"}
    assert doors.post(f"{ROOT}/wave", json=body).json() == OK
    assert doors.post(f"{ROOT}/wave", json={**body, "key": "api_key-0123456789abcdef"}).json() == OK
    assert [event["authenticity"] for event in events(database)] == ["none", "signed"]


@pytest.mark.usefixtures("stands")
def test_one_account_cannot_speak_of_anothers_transfer(doors: TestClient, database: Database) -> None:
    world.account(database, "wave", secrets={"api_key": "attacker-secret-000", "webhook_secret": "attacker-hook"})
    transfer = world.transfer(database, world.account(database, "wave").id)
    body = {"ref": transfer.reference, "id": "AE_1", "key": "attacker-secret-000"}
    assert doors.post(f"{ROOT}/wave", json=body).status_code == 401
    assert not is_asked(database, transfer)


@pytest.mark.usefixtures("stands")
def test_a_simplified_body_is_refused_on_a_live_signed_account(doors: TestClient, database: Database) -> None:
    account = world.account(database, "wave", environment="live", base_url="https://api.wave.com")
    transfer = world.transfer(database, account.id)
    answer = doors.post(f"{ROOT}/wave", json={"ref": transfer.reference, "status": "succeeded"})
    assert (answer.status_code, answer.json()) == (401, NOT_AUTHENTIC)
    assert not is_asked(database, transfer)


@pytest.mark.usefixtures("stands")
def test_a_body_that_its_own_adapter_refuses_is_not_let_in_by_a_neighbour(
    doors: TestClient, database: Database
) -> None:
    """The Orange door has three adapters: what the one refuses as forged, the other must not take as a hint."""
    live = world.account(
        database, "orange_sonatel", environment="live", base_url="https://api.orange-sonatel.com", country="SN"
    )
    world.account(database, "orange_webpay")
    transfer = world.transfer(database, live.id)
    assert doors.post(f"{ROOT}/orange", json={"ref": transfer.reference, "status": "SUCCESS"}).status_code == 401
    assert not is_asked(database, transfer)


def test_without_an_active_account_there_is_nobody(doors: TestClient, database: Database) -> None:
    assert doors.post(f"{ROOT}/mtn", json={"externalId": "x"}).status_code == 404
    world.account(database, "mtn", is_active=False)
    assert doors.post(f"{ROOT}/mtn", json={"externalId": "x"}).status_code == 404
    assert events(database) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 60_000, b"status=SUCCESS"])
def test_what_is_no_json_object_is_400(doors: TestClient, database: Database, body: bytes) -> None:
    world.account(database, "mtn")
    answer = doors.post(f"{ROOT}/mtn", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, {"status": "error", "message": "not a JSON object"})
    assert events(database) == []


@pytest.mark.usefixtures("stands")
def test_a_body_over_64_kib_is_413_and_one_at_64_kib_is_read(doors: TestClient, database: Database) -> None:
    world.account(database, "mtn")
    frame = json.dumps({"ref": "x", "id": "1", "pad": ""})
    right = frame.replace('"pad": ""', f'"pad": "{"a" * (64 * 1024 - len(frame))}"')
    assert len(right) == 64 * 1024
    assert doors.post(f"{ROOT}/mtn", content=right).status_code == 200
    answer = doors.post(f"{ROOT}/mtn", content=right + " ")
    assert (answer.status_code, answer.json()) == (413, {"status": "error", "message": "too large"})


def test_what_cannot_be_stored_is_503(doors: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments, "get_database", lambda: Database("postgresql://nobody@127.0.0.1:9/none", pool_size=1))
    answer = doors.post(f"{ROOT}/mtn", json={"externalId": "x"})
    assert (answer.status_code, answer.json()) == (503, {"status": "error", "message": "unavailable"})


@pytest.mark.usefixtures("stands")
def test_a_stranger_has_60_a_second_and_a_signed_provider_as_many_as_it_wants(
    doors: TestClient, database: Database
) -> None:
    transfer = world.transfer(database, world.account(database, "wave").id)
    start = time.monotonic()
    statuses = [doors.post(f"{ROOT}/wave", json={"ref": "x", "id": str(n)}).status_code for n in range(90)]
    refilled = int((time.monotonic() - start) * 60) + 1
    assert statuses.count(200) <= 60 + refilled
    assert 429 in statuses or refilled >= 30
    signed = {"ref": transfer.reference, "key": "api_key-0123456789abcdef"}
    assert {doors.post(f"{ROOT}/wave", json={**signed, "id": f"s{n}"}).status_code for n in range(70)} == {200}


@pytest.mark.usefixtures("stands")
def test_forged_callbacks_do_not_fill_the_disk(doors: TestClient, database: Database) -> None:
    world.account(database, "wave")
    pad = "a" * 20_000
    assert doors.post(f"{ROOT}/wave", json={"key": "x", "pad": pad}).status_code == 401
    assert doors.post(f"{ROOT}/wave", json={"key": "x", "pad": pad}).status_code == 401
    (event,) = events(database)
    assert (len(event["body"]), event["repeats"]) == (4096, 1)


@pytest.mark.usefixtures("stands")
def test_nothing_odd_in_a_body_is_a_defect_of_ours(doors: TestClient, database: Database) -> None:
    world.account(database, "mtn")
    for odd in ("\u0000", "\ud800", "x" * 5_000, "' or 1=1 --", "%s %(value)s"):
        answer = doors.post(f"{ROOT}/mtn", content=json.dumps({"ref": odd, "id": odd, "status": odd}).encode())
        assert (answer.status_code, answer.json()) == (200, ORPHAN), odd


@pytest.mark.usefixtures("stands")
def test_a_secret_that_comes_back_in_a_header_is_not_kept(doors: TestClient, database: Database) -> None:
    world.account(database, "mtn")
    headers = {"Authorization": "Basic marked-secret-1", "X-API-Key": "marked-secret-2", "User-Agent": "MTN/1"}
    doors.post(f"{ROOT}/mtn", json={"ref": "x"}, headers=headers)
    (event,) = events(database)
    assert event["headers"]["user-agent"] == "MTN/1"
    assert "marked" not in json.dumps(event["headers"])
