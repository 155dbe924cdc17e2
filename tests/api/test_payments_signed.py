"""Signed callbacks at the doors, with the real adapters: the vectors, and every lie a stranger may tell."""

import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from core import clock
from core.database import Database, driver
from core.settings import get_settings
from models.transfers import Transfer, TransferState
from providers.mobile_money import pawapay_callbacks
from tests.builders import payments as world
from tests.builders.payments import events, is_asked, transfer_now

ROOT = "/api/v1/payments/callback"
OK, ORPHAN = {"status": "ok"}, {"status": "error", "message": "unknown reference"}
VECTORS = json.loads((Path(__file__).parents[1] / "data" / "provider_signatures.json").read_text())["vectors"]
# scheme → door, adapter, name of the secret, settings
PLACES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "wave": ("wave", "wave", "webhook_secret", {}),
    "wave_bearer": ("wave", "wave", "webhook_secret", {"strategy": "bearer"}),
    "sonatel": ("orange", "orange_sonatel", "callback_secret", {"code": "621000", "name": "Tontine"}),
    "sonatel_apikey": ("orange", "orange_sonatel", "callback_api_key", {"code": "621000", "name": "Tontine"}),
    "pawapay": ("pawapay", "pawapay", "", {}),
}
HOSTS = {
    "wave": "https://api.wave.com",
    "orange_sonatel": "https://api.orange-sonatel.com",
    "pawapay": "https://api.pawapay.io",
}


def placed(database: Database, vector: dict[str, Any]) -> str:
    """Make the live account of a vector, and return its door."""
    door, adapter, name, settings = PLACES[vector["scheme"]]
    secrets = {"client_id": "client", "client_secret": "hush"} if adapter == "orange_sonatel" else {"api_key": "key-1"}
    if adapter == "pawapay":
        secrets = {"api_token": "token-1"}
    account = world.account(
        database,
        adapter,
        environment="live",
        base_url=HOSTS[adapter],
        country="SN",
        settings=settings,
        secrets={**secrets, "webhook_secret": "unused"} if adapter == "wave" else secrets,
    )
    if name:
        world.replace_secret(database, account.id, name, vector["secrets"])
    return door


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if vector["scheme"] in PLACES], ids=lambda vector: vector["id"]
)
def test_every_vector_is_answered_as_it_says(
    doors: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch, vector: dict[str, Any]
) -> None:
    door = placed(database, vector)
    monkeypatch.setattr(get_settings(), "public_base_url", f"https://{vector.get('authority', 'palabre.example')}")
    monkeypatch.setattr(
        pawapay_callbacks, "keys_of", lambda _account, key_id, _wire: {key_id: vector["keys"].get(key_id, "")}
    )
    headers = {name: value.encode("latin-1", "replace") for name, value in vector["headers"].items()}
    # The vector of another path was signed for this door: it comes by an address that is not quite the same.
    slash = "/" if vector["id"] == "pawapay-07" else ""
    with clock.travel(datetime.fromtimestamp(vector.get("now", 1_764_200_000), UTC)):
        answer = doors.post(f"{ROOT}/{door}{slash}", content=vector["body"].encode(), headers=headers)
    if vector["expect"]:
        assert (answer.status_code, answer.json()) == (200, ORPHAN)
        assert [event["is_accepted"] for event in events(database)] == [True]
        assert bytes(events(database)[0]["body"]) == vector["body"].encode()
    else:
        assert answer.status_code in {401, 404}
        assert not any(event["is_accepted"] for event in events(database))


# Wave, as a stranger and as Wave


SECRET = "wave_sn_WHS_0123456789"


@pytest.fixture
def paid(database: Database) -> Transfer:
    """Give a collect by Wave that waits to be known."""
    account = world.account(
        database,
        "wave",
        environment="live",
        base_url="https://api.wave.com",
        country="SN",
        secrets={"api_key": "wave_sn_prod_1", "webhook_secret": SECRET},
    )
    return world.transfer(database, account.id, handles={"checkout_id": "cos-1"})


def event_of(transfer: Transfer, event_id: str = "AE_1", **data: Any) -> bytes:
    session = {
        "id": "cos-1",
        "client_reference": str(transfer.external_id),
        "amount": "5000",
        "currency": "XOF",
        "checkout_status": "complete",
        "payment_status": "succeeded",
        **data,
    }
    return json.dumps({"id": event_id, "type": "checkout.session.completed", "data": session}).encode()


def sent(doors: TestClient, body: bytes, secret: str = SECRET, age_s: float = 0) -> int:
    at = int(clock.now().timestamp() - age_s)
    digest = hmac.new(secret.encode(), f"{at}".encode() + body, "sha256").hexdigest()
    answer = doors.post(f"{ROOT}/wave", content=body, headers={"Wave-Signature": f"t={at},v1={digest}"})
    return int(answer.status_code)


def forget_read(database: Database, transfer: Transfer) -> None:
    with database.transaction() as session:
        driver(session).execute("update transfer set next_read_at = null where id = %s", (transfer.id,))


def test_a_forged_one_does_nothing(doors: TestClient, database: Database, paid: Transfer) -> None:
    body = event_of(paid)
    assert sent(doors, body, secret="guessed") == 401
    assert sent(doors, body, secret="") == 401
    assert doors.post(f"{ROOT}/wave", content=body).status_code == 401
    assert doors.post(f"{ROOT}/wave", content=body, headers={"Authorization": f"Bearer {SECRET}"}).status_code == 401
    assert not is_asked(database, paid)
    assert transfer_now(database, paid).state == TransferState.PENDING


def test_a_true_one_asks_and_does_not_credit(doors: TestClient, database: Database, paid: Transfer) -> None:
    assert sent(doors, event_of(paid)) == 200
    assert is_asked(database, paid)
    row = transfer_now(database, paid)
    assert (row.state, row.transaction_id) == (TransferState.PENDING, None)


def test_a_replayed_one_is_the_same_event_and_a_very_late_one_is_refused(
    doors: TestClient, database: Database, paid: Transfer
) -> None:
    assert sent(doors, event_of(paid)) == 200
    forget_read(database, paid)
    assert sent(doors, event_of(paid)) == 200
    assert not is_asked(database, paid)
    assert sent(doors, event_of(paid, "AE_2"), age_s=301) == 401
    assert not is_asked(database, paid)
    assert [event["repeats"] for event in events(database)] == [1, 0]


def test_reordered_ones_ask_and_never_move_what_is_final(doors: TestClient, database: Database, paid: Transfer) -> None:
    with database.transaction() as session:
        driver(session).execute("update transfer set state = 'succeeded' where id = %s", (paid.id,))
    assert sent(doors, event_of(paid, "AE_0", checkout_status="open", payment_status="processing")) == 200
    assert sent(doors, event_of(paid, "AE_9", payment_status="cancelled")) == 200
    assert transfer_now(database, paid).state == TransferState.SUCCEEDED
    assert is_asked(database, paid)


def test_a_lying_one_changes_nothing_of_the_transfer(doors: TestClient, database: Database, paid: Transfer) -> None:
    before = transfer_now(database, paid)
    assert sent(doors, event_of(paid, amount="1", currency="GNF", transaction_id="T-other")) == 200
    after = transfer_now(database, paid)
    for column in ("amount_minor", "currency", "provider_ref", "state", "handles", "provider_fee_minor"):
        assert getattr(after, column) == getattr(before, column)


def test_money_nobody_asked_for_is_a_case_without_an_amount(
    doors: TestClient, database: Database, paid: Transfer
) -> None:
    body = json.dumps(
        {"id": "AE_5", "type": "merchant.payment_received", "data": {"id": "T_77", "amount": "900", "currency": "XOF"}}
    ).encode()
    assert sent(doors, body) == 200
    assert sent(doors, body) == 200
    with database.transaction() as session:
        found = driver(session).execute("select dedupe_key, provider_ref, amount_minor, account_id from transfer_case")
        cases = found.fetchall()
    assert cases == [("callback:T_77", "T_77", None, paid.account_id)]
    assert [event["outcome"] for event in events(database)] == ["unasked_money"]


def test_the_test_event_of_the_portal_is_answered(doors: TestClient, database: Database, paid: Transfer) -> None:
    body = json.dumps({"id": "AE_6", "type": "test.test_event", "data": {}}).encode()
    assert sent(doors, body) == 200
    assert [event["outcome"] for event in events(database)] == ["test"]
    assert not is_asked(database, paid)


def test_a_simplified_one_is_a_hint_on_a_play_account_and_refused_on_a_live_one(
    doors: TestClient, database: Database, paid: Transfer
) -> None:
    def simple(transfer_id: UUID) -> dict[str, str]:
        return {
            "id": "cos-2",
            "amount": "5000",
            "currency": "XOF",
            "checkout_status": "succeeded",
            "client_reference": str(transfer_id),
        }

    assert doors.post(f"{ROOT}/wave", json=simple(paid.external_id)).status_code == 401
    with database.transaction() as session:
        driver(session).execute("update provider_account set state = 'paused'")
    play = world.transfer(database, world.account(database, "wave", country="SN").id)
    assert doors.post(f"{ROOT}/wave", json=simple(play.external_id)).json() == OK
    assert is_asked(database, play)
    assert not is_asked(database, paid)


def test_mtn_is_found_by_its_reference_with_reason_as_object_or_text(doors: TestClient, database: Database) -> None:
    transfer = world.transfer(database, world.account(database, "mtn").id)
    for reason in ({"code": "PAYER_NOT_FOUND", "message": "x"}, "PAYER_NOT_FOUND"):
        body = {"externalId": transfer.reference, "amount": "5000", "status": "FAILED", "reason": reason}
        assert doors.put(f"{ROOT}/mtn", json=body).json() == OK
    assert [event["claimed_state"] for event in events(database)] == ["failed", "failed"]
    assert transfer_now(database, transfer).state == TransferState.PENDING


def test_a_callback_from_elsewhere_is_refused_where_the_provider_publishes_its_addresses(
    doors: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.settings import parse_networks

    settings = {"target_environment": "sandbox", "callback_addresses": "192.0.2.0/24"}
    transfer = world.transfer(database, world.account(database, "mtn", settings=settings).id)
    body = {"externalId": transfer.reference, "status": "SUCCESSFUL"}
    assert doors.post(f"{ROOT}/mtn", json=body).status_code == 200  # no declared proxy: the peer proves nothing
    monkeypatch.setattr(get_settings(), "trusted_proxies", parse_networks("198.51.100.7"))
    for address, status in (("203.0.113.5", 401), ("192.0.2.9", 200)):
        headers = {"X-Forwarded-For": address}
        assert doors.post(f"{ROOT}/mtn", json={**body, "n": address}, headers=headers).status_code == status
