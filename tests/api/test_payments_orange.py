"""The Orange door with its three adapters: WebPay, Sonatel, Cameroon and the simplified form on one address."""

import base64
import hmac
import json

from fastapi.testclient import TestClient

from core import clock
from core.database import Database
from models.transfers import TransferState
from tests.builders import payments as world
from tests.builders.payments import events, is_asked, transfer_now

ROOT = "/api/v1/payments/callback"
OK = {"status": "ok"}


def sonatel(secret: str, body: bytes, now: float) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{int(now)},".encode() + body, "sha256").hexdigest()
    return {"X-Sonatel-Signature": f"t={int(now)},v1={digest}", "Content-Type": "application/json"}


def test_webpay_is_found_by_the_token_of_its_address(doors: TestClient, database: Database) -> None:
    account = world.account(database, "orange_webpay", country="CI")
    transfer = world.transfer(database, account.id, handles={"notif_token": "n-1", "pay_token": "p-1"})
    address = f"{ROOT}/orange/{transfer.callback_token}"
    lie = doors.post(address, json={"status": "SUCCESS", "notif_token": "n-2", "txnid": "MP1"})
    assert (lie.status_code, is_asked(database, transfer)) == (401, False)
    true = doors.post(address, json={"status": "SUCCESS", "notif_token": "n-1", "txnid": "MP1"})
    assert (true.json(), is_asked(database, transfer)) == (OK, True)


def test_webpay_without_a_token_is_found_by_its_notif_token(doors: TestClient, database: Database) -> None:
    account = world.account(database, "orange_webpay", country="CI")
    transfer = world.transfer(database, account.id, handles={"notif_token": "n-1"})
    assert doors.post(f"{ROOT}/orange", json={"status": "SUCCESS", "notif_token": "n-1"}).json() == OK
    (event,) = events(database)
    assert (event["transfer_id"], event["authenticity"]) == (transfer.id, "token")


def test_webpay_before_its_own_answer_is_found_by_its_token(doors: TestClient, database: Database) -> None:
    transfer = world.transfer(
        database,
        world.account(database, "orange_webpay", country="CI").id,
        state=TransferState.SUBMITTED,
        lease_until=clock.now(),
    )
    body = {"status": "SUCCESS", "notif_token": "n-1", "txnid": "MP1"}
    assert doors.post(f"{ROOT}/orange/{transfer.callback_token}", json=body).json() == OK
    assert transfer_now(database, transfer).state == TransferState.SUBMITTED


def test_cameroon_is_found_by_its_pay_token_at_the_top_or_inside(doors: TestClient, database: Database) -> None:
    account = world.account(database, "orange_cm", country="CM", currency="XAF")
    transfer = world.transfer(database, account.id, handles={"pay_token": "MP-1"})
    assert doors.post(f"{ROOT}/orange", json={"payToken": "MP-1", "status": "SUCCESSFULL"}).json() == OK
    assert doors.post(f"{ROOT}/orange", json={"data": {"payToken": "MP-1", "status": "FAILED"}}).json() == OK
    assert [event["transfer_id"] for event in events(database)] == [transfer.id] * 2
    assert transfer_now(database, transfer).state == TransferState.PENDING


def test_sonatel_is_believed_with_its_signature_only(doors: TestClient, database: Database) -> None:
    secrets = {"client_id": "client", "client_secret": "hush", "callback_secret": "whsec-1"}
    account = world.account(database, "orange_sonatel", country="SN", secrets=secrets)
    world.account(database, "orange_webpay", country="CI")
    transfer = world.transfer(database, account.id)
    body = json.dumps({"transactionId": "MP1", "reference": transfer.reference, "status": "SUCCESS"}).encode()
    now = clock.now().timestamp()
    for headers in ({}, sonatel("whsec-2", body, now), sonatel("whsec-1", body, now - 301)):
        assert doors.post(f"{ROOT}/orange", content=body, headers=headers).status_code == 401
    assert not is_asked(database, transfer)
    changed = body.replace(b"SUCCESS", b"SUCCESs")
    assert doors.post(f"{ROOT}/orange", content=changed, headers=sonatel("whsec-1", body, now)).status_code == 401
    assert doors.post(f"{ROOT}/orange", content=body, headers=sonatel("whsec-1", body, now)).json() == OK
    assert is_asked(database, transfer)
    assert transfer_now(database, transfer).state == TransferState.PENDING


def test_sonatel_registered_key_comes_back_as_it_is_and_is_not_kept(doors: TestClient, database: Database) -> None:
    secrets = {"client_id": "client", "client_secret": "hush", "callback_api_key": "key-we-registered"}
    transfer = world.transfer(database, world.account(database, "orange_sonatel", country="SN", secrets=secrets).id)
    body = {"transactionId": "MP1", "reference": transfer.reference, "status": "SUCCESS"}
    assert doors.post(f"{ROOT}/orange", json=body, headers={"X-API-Key": "another"}).status_code == 401
    encoded = base64.b64encode(b"key-we-registered").decode()
    assert doors.post(f"{ROOT}/orange", json=body, headers={"Authorization": f"Basic {encoded}"}).status_code == 401
    answer = doors.post(f"{ROOT}/orange", json=body, headers={"Authorization": "Basic key-we-registered"})
    assert (answer.status_code, answer.json()) == (200, OK)
    assert "key-we-registered" not in json.dumps([event["headers"] for event in events(database)])


def test_the_simplified_form_is_a_hint(doors: TestClient, database: Database) -> None:
    transfer = world.transfer(
        database, world.account(database, "orange_webpay", country="CI").id, handles={"notif_token": "n-1"}
    )
    body = {
        "status": "SUCCESS",
        "notif_token": "n-1",
        "txnid": "MP150709.1341.A00073",
        "txnstatus": "200",
        "amount": 1,
        "order_id": transfer.reference,
    }
    assert doors.post(f"{ROOT}/orange", json=body).json() == OK
    assert doors.post(f"{ROOT}/orange", json={**body, "notif_token": "guessed"}).status_code == 401
    assert transfer_now(database, transfer).state == TransferState.PENDING
    assert is_asked(database, transfer)
