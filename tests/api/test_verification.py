"""The public page behind the code on a paper."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import errors, verification
from core import signing
from core.database import Database
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from reports import pensions as reports
from tests.builders import pension_batches, pensions
from tests.builders.pension_batches import Pay, some
from tests.builders.pensions import PensionWorld


@pytest.fixture
def world(database: Database) -> PensionWorld:
    return pensions.build(database, funds_minor=1_000_000)


@pytest.fixture
def batch(database: Database, world: PensionWorld) -> PensionBatch:
    lines = [Pay(name="<b>Séraphine</b> Houénou"), *some(PaymentStage.REVERSED), *some(PaymentStage.UNKNOWN, first=7)]
    return pension_batches.put(database, world.own, lines, BatchStage.PROCESSING)


@pytest.fixture
def passer_by(database: Database) -> Iterator[TestClient]:
    """Give somebody with a phone, nobody signed in."""
    assert database.engine
    verification.asked.forget()
    app = FastAPI(redirect_slashes=False)
    errors.install(app)
    app.include_router(verification.router)
    errors.refuse_unknown(app)
    with TestClient(app, client=("198.51.100.9", 50_000), raise_server_exceptions=False) as client:
        yield client


def token_of(batch: PensionBatch, line: int) -> str:
    return signing.make_token(pension_batches.payment_id(batch.id, line), "pension receipt")


PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_phone_shows_that_the_receipt_is_authentic(passer_by: TestClient, batch: PensionBatch) -> None:
    answer = passer_by.get(f"/verifier/{token_of(batch, 2)}", headers=PAGE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    page = answer.text.replace("\u202f", " ").replace("\xa0", " ")
    for said in ("Reçu authentique", "50 000 F CFA", "cinquante mille francs CFA", "+22901****01", batch.seal):
        assert said in page, said
    assert "Séraphine" not in page
    assert "97000001" not in page
    assert "<script" not in page
    assert "<b>" not in page


def test_money_that_came_back_is_told(passer_by: TestClient, batch: PensionBatch) -> None:
    page = passer_by.get(f"/verifier/{token_of(batch, 3)}", headers=PAGE).text
    assert "Reçu authentique, mais l&#x27;argent est revenu depuis." in page


def test_a_program_gets_the_same_as_json(passer_by: TestClient, batch: PensionBatch) -> None:
    for path in (f"/verifier/{token_of(batch, 2)}", f"/verifier/{token_of(batch, 2)}/"):
        answer = passer_by.get(path, headers={"accept": "application/json"})
        body = answer.json()
        assert body.pop("authentic") is True
        assert body["payee"]["identifier"] == "+22901****01"
        assert reports.is_authentic(body)


def test_a_report_leads_to_its_batch(passer_by: TestClient, batch: PensionBatch) -> None:
    page = passer_by.get(f"/verifier/{signing.make_token(batch.id, 'pension batch')}", headers=PAGE).text
    assert "Lot authentique" in page
    assert "Incertain" in page
    assert batch.seal in page


def test_what_is_not_ours_is_not_authentic(passer_by: TestClient, batch: PensionBatch) -> None:
    for token in ("A" * 22, "x", "%3Cscript%3E", token_of(batch, 4)):
        answer = passer_by.get(f"/verifier/{token}", headers=PAGE)
        assert answer.status_code == 404
        assert "Non authentique" in answer.text
        assert "script>" not in answer.text
    assert passer_by.get("/verifier/" + "A" * 22).json() == {"authentic": False}


def test_a_receipt_is_checked_by_its_octets(
    passer_by: TestClient, database: Database, world: PensionWorld, batch: PensionBatch
) -> None:
    with database.transaction() as session:
        paper = reports.receipt(session, world.own.manager, batch.bulk_id, f"{batch.bulk_id}-0000002")
    assert passer_by.post("/verifier", json=paper).json() == {"authentic": True}
    assert passer_by.post("/verifier", json={**paper, "amount": 1}).json() == {"authentic": False}
    for body in (b"", b"[]", b"{", b"null", b'{"signature": 1}', b'{"signature": {"value": "\xff"}}', b"[" * 60_000):
        answer = passer_by.post("/verifier", content=body)
        assert (answer.status_code, answer.json()) == (200, {"authentic": False})
    nothing = b'{"a": NaN, "signature": {"value": "AA"}}'
    assert passer_by.post("/verifier", content=nothing).json() == {"authentic": False}
    assert passer_by.post("/verifier", content=b" " * 70_000).status_code == 413


def test_our_public_keys_are_public(passer_by: TestClient) -> None:
    body = passer_by.get("/verifier").json()
    assert body["algorithm"] == "Ed25519"
    assert [key["key_id"] for key in body["keys"]] == list(signing.public_keys())


def test_who_asks_too_often_waits(passer_by: TestClient) -> None:
    statuses = [passer_by.get("/verifier/" + "A" * 22).status_code for _ in range(40)]
    assert statuses[:30] == [404] * 30
    assert statuses[-1] == 429
    assert passer_by.get("/verifier/x").headers["retry-after"]


def test_nothing_is_posted_by_reading(passer_by: TestClient, database: Database, batch: PensionBatch) -> None:
    paths = [f"/verifier/{token_of(batch, 2)}", "/verifier"]
    with database.transaction() as session:
        before = session.connection().exec_driver_sql("select count(*) from audit_entry").scalar()
    for path in paths:
        assert passer_by.get(path).status_code == 200
    with database.transaction() as session:
        assert session.connection().exec_driver_sql("select count(*) from audit_entry").scalar() == before
