"""`POST /api/v1/ussd/orders`: a shop's system writes its orders, once each, under its own key."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import errors, ussd_orders
from core.database import Database, fetch_all
from core.permissions import SYSTEM
from services import api_keys
from services.api_keys import CreateApiKey
from tests.builders import world

PATH = "/api/v1/ussd/orders"
BODY = {"reference": "cmd-7001", "phone": "+237699000001", "status": "livrée", "amount": "12500", "note": "Merci"}


@pytest.fixture
def shop(database: Database) -> Iterator[TestClient]:
    """Give a shop's system, with the right to write orders."""
    world.build(database)
    with database.transaction() as session:
        made = api_keys.create_api_key(session, SYSTEM, CreateApiKey(name="Boutique", scopes=("ussd.offers.write",)))
    app = FastAPI(redirect_slashes=False)
    errors.install(app)
    app.include_router(ussd_orders.router)
    errors.refuse_unknown(app)
    with TestClient(app, headers={"X-API-Key": made.key}, raise_server_exceptions=False) as client:
        yield client


def test_an_order_is_written_then_brought_up_to_date(shop: TestClient, database: Database) -> None:
    first = shop.post(PATH, json=BODY)
    assert first.status_code == 200
    answer = first.json()
    assert (answer["reference"], answer["status"], answer["amount"], answer["created"]) == (
        "CMD-7001", "livrée", "12500", True,
    )  # fmt: skip
    second = shop.post(f"{PATH}/", json={**BODY, "status": "prête à retirer", "amount": None}).json()
    assert (second["id"], second["status"], second["amount"], second["created"]) == (
        answer["id"], "prête à retirer", "12500", False,
    )  # fmt: skip
    with database.transaction() as session:
        steps = fetch_all(session, "select status, source, actor_name from order_event order by id")
    assert [(step["status"], step["source"]) for step in steps] == [("livrée", "api"), ("prête à retirer", "api")]


def test_the_same_key_gives_the_same_answer_and_other_content_is_refused(shop: TestClient, database: Database) -> None:
    key = {"Idempotency-Key": "commande-7001"}
    first, again = shop.post(PATH, json=BODY, headers=key), shop.post(PATH, json=BODY, headers=key)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert shop.post(PATH, json={**BODY, "note": "Autre"}, headers=key).status_code == 409
    with database.transaction() as session:
        assert len(fetch_all(session, "select 1 from order_event")) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [({"reference": "é"}, 422), ({"phone": "12"}, 422), ({"amount": "1.5"}, 422), ({"status": "perdue"}, 422)],
)
def test_a_wrong_order_is_refused(shop: TestClient, change: dict[str, str], status: int) -> None:
    assert shop.post(PATH, json={**BODY, **change}).status_code == status


def test_a_stranger_and_a_reader_write_nothing(shop: TestClient, database: Database) -> None:
    with database.transaction() as session:
        reader = api_keys.create_api_key(session, SYSTEM, CreateApiKey(name="Lecture", scopes=("ussd.read",)))
    assert shop.post(PATH, json=BODY, headers={"X-API-Key": "pal_wrong"}).status_code == 401
    assert shop.post(PATH, json=BODY, headers={"X-API-Key": reader.key}).status_code == 403
    with database.transaction() as session:
        assert fetch_all(session, "select 1 from order_row where reference = 'CMD-7001'") == []
