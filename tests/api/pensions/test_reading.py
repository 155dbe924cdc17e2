"""What managers and programs read of batches: the history, one batch, its payments, how far it is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.database import Database
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from tests.api.pensions.conftest import ADMIN, ROOT, SUPERVISOR, Client, SignIn
from tests.builders import people
from tests.builders.pension_batches import Pay, paid, put, some
from tests.builders.pensions import PensionWorld

DAY = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # the 21st already, in Porto-Novo


@pytest.fixture
def batch(database: Database, world: PensionWorld) -> PensionBatch:
    """Write the batch of the document: ten payments, nine made and one failed."""
    lines = [*paid(9), Pay(PaymentStage.FAILED, identifier="+2290197000099", code="5200", reason="payee_limit")]
    return put(database, world.own, lines, BatchStage.PARTIALLY_COMPLETED)


@pytest.fixture
def running(database: Database, world: PensionWorld) -> PensionBatch:
    """Write a batch at work: seven payments made, one out, one in doubt, one to go."""
    stages = [PaymentStage.SENDING, PaymentStage.UNKNOWN, PaymentStage.WAITING]
    others = [line for number, stage in enumerate(stages) for line in some(stage, first=60_000 + number)]
    return put(database, world.own, [*paid(7), *others], BatchStage.PROCESSING)


def test_nine_paid_and_one_failed_is_completed_as_the_document_says(manager: Client, batch: PensionBatch) -> None:
    details = manager.get(f"{ROOT}/{batch.bulk_id}/details").json()
    assert (details["state"], details["stage"]) == ("COMPLETED", "PARTIALLY_COMPLETED")
    assert details["statistics"] == {
        "total": 10,
        "completed": 9,
        "failed": 1,
        "pending": 0,
        "processing": 0,
        "unknown": 0,
        "held": 0,
        "success_rate": 90.0,
    }
    assert details["amounts"] == {"completed": 450_000, "failed": 50_000, "pending": 0, "processing": 0, "fees": 0}
    last = details["individual_transfers"][-1]
    assert (last["status"], last["error_code"], last["retryable"]) == ("FAILED", "5200", False)
    assert last["error_description"] == last["error_message"] != ""
    (line,) = manager.get(f"{ROOT}/history?state=completed").json()["results"]
    assert set(line) == {
        *("id", "bulk_id", "state", "stage", "total_amount", "currency", "transfers_count", "completed_count"),
        *("failed_count", "pending_count", "unknown_count", "completed_amount", "cycle", "payer_account"),
        *("organization", "created_by", "created_at", "completed_at", "retry_of"),
    }
    assert (line["transfers_count"], line["completed_count"], line["failed_count"]) == (10, 9, 1)


def test_how_far_a_batch_is(manager: Client, running: PensionBatch) -> None:
    status = manager.get(f"{ROOT}/{running.bulk_id}/status").json()
    assert (status["total"], status["completed"], status["failed"], status["pending"]) == (10, 7, 0, 3)
    assert (status["progress_percent"], status["unknown"], status["state"]) == (70.0, 1, "PROCESSING")
    assert status["individualTotal"] == 10
    assert status["nextOffset"] is None
    assert set(status["individualTransfers"][0]) == {
        *("transferId", "amount", "currency", "status", "stage", "fulfilment", "completed_at"),
        *("payee_party_id_type", "payee_party_identifier", "payee_name", "error_code", "error_message"),
    }
    short = manager.get(f"{ROOT}/{running.bulk_id}/status?items=0").json()
    assert "individualTransfers" not in short
    page = manager.get(f"{ROOT}/{running.bulk_id}/status?limit=4&offset=4").json()
    assert (len(page["individualTransfers"]), page["nextOffset"]) == (4, 8)
    details = manager.get(f"{ROOT}/{running.bulk_id}/details").json()["statistics"]
    assert (details["pending"], details["processing"], details["unknown"]) == (1, 2, 1)
    assert details["total"] == details["completed"] + details["failed"] + details["pending"] + details["processing"]


def test_the_payments_are_paged_and_filtered(manager: Client, running: PensionBatch) -> None:
    at = f"{ROOT}/{running.bulk_id}/payments"

    def found(query: str) -> list[int]:
        answer = manager.get(f"{at}?{query}")
        assert answer.status_code == 200, answer.text
        return [row["line"] for row in answer.json()["results"]]

    lines = found("")
    assert len(lines) == 10
    assert found("limit=3&offset=3") == lines[3:6]
    assert found(f"after={lines[7]}") == lines[8:]
    assert found("status=processing") == lines[7:9]
    assert found("stage=UNKNOWN") == [lines[8]]
    assert found("status=COMPLETED&stage=UNKNOWN") == []
    assert found("min=50001") == []
    assert found("max=50000&limit=1") == [lines[0]]
    assert len(found("q=0197000003")) == 1
    assert found("name_verdict=different") == []
    page = manager.get(f"{at}?stage=COMPLETED&limit=2").json()
    assert (page["total"], page["count"], page["limit"], page["offset"]) == (7, 2, 2, 0)


def test_one_payment_by_each_of_its_names(manager: Client, batch: PensionBatch) -> None:
    at = f"{ROOT}/{batch.bulk_id}/payments"
    first = manager.get(f"{at}?limit=1").json()["results"][0]
    detail = manager.get(f"{at}/{first['transfer_id']}").json()
    assert {name: detail[name] for name in first} == first
    assert set(detail) - set(first) == {"submitted_at", "next_read_at", "reads", "events", "calls", "ledger"}
    for name in (first["id"], first["mojaloop_transfer_id"]):
        assert manager.get(f"{at}/{name}").json()["transfer_id"] == first["transfer_id"]
    receipt = manager.get(f"{at}/{first['transfer_id']}/receipt").json()
    assert (receipt["amount"], receipt["payment_id"]) == (50_000, first["transfer_id"])
    paper = manager.get(f"{at}/{first['transfer_id']}/receipt?format=pdf")
    assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    failed = manager.get(f"{at}?status=failed").json()["results"][0]
    refused = manager.get(f"{at}/{failed['transfer_id']}/receipt")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_completed")


def test_the_report_is_a_file(manager: Client, batch: PensionBatch) -> None:
    for kind, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF-")):
        report = manager.get(f"{ROOT}/{batch.bulk_id}/report?format={kind}")
        assert report.status_code == 200, report.text
        assert report.content.startswith(begins)
        assert report.headers["content-disposition"].startswith("attachment; filename*=UTF-8''rapport-")


def test_days_are_those_of_the_organisation(database: Database, manager: Client, world: PensionWorld) -> None:
    put(database, world.own, paid(1), created_at=DAY)
    for query, count in (
        ("start_date=2026-11-21&end_date=2026-11-21", 1),
        ("end_date=2026-11-20", 0),
        ("start_date=2026-11-22", 0),
        (f"q={DAY:%Y}-13", 0),
        ("cycle=1999-01", 0),
    ):
        assert manager.get(f"{ROOT}/history?{query}").json()["total"] == count, query


BAD_VALUES = [
    ("history?limit=x", "limit"),
    ("history?limit=0", "limit"),
    ("history?limit=201", "limit"),
    ("history?offset=-1", "offset"),
    ("history?offset=99999999999999999999", "offset"),
    ("history?start_date=5/12/2025", "start_date"),
    ("history?start_date=2025-02-30", "start_date"),
    ("history?end_date=9999-12-31", "end_date"),
    ("history?end_date=1733356800", "end_date"),
    ("history?state=PAID", "state"),
    ("history?cycle=2025-13", "cycle"),
    ("history?q=%00", "q"),
    ("{bulk_id}/details?limit=5001", "limit"),
    ("{bulk_id}/details?after=-1", "after"),
    ("{bulk_id}/status?items=2", "items"),
    ("{bulk_id}/payments?status=PAID", "status"),
    ("{bulk_id}/payments?stage=PAID", "stage"),
    ("{bulk_id}/payments?min=1e5", "min"),
    ("{bulk_id}/payments?max=99999999999999999999", "max"),
    ("{bulk_id}/payments?code=%00", "code"),
    ("{bulk_id}/report?format=doc", "format"),
    ("{bulk_id}/wait?timeout=601", "timeout"),
]


def test_a_bad_value_is_named(manager: Client, batch: PensionBatch) -> None:
    for path, parameter in BAD_VALUES:
        answer = manager.get(f"{ROOT}/{path.format(bulk_id=batch.bulk_id)}")
        assert answer.status_code == 400, answer.text
        body = answer.json()
        assert (set(body), body["code"]) == ({"error", "code", "parameter"}, "bad_parameter")
        assert body["parameter"] == parameter


def test_a_read_of_an_outsider_is_written_once_an_hour(
    database: Database, sign_in: SignIn, batch: PensionBatch
) -> None:
    chief, supervisor = sign_in(ADMIN), sign_in(SUPERVISOR)
    for client in (chief, chief, supervisor):
        assert client.get(f"{ROOT}/{batch.bulk_id}/status?items=0").status_code == 200
        assert client.get(f"{ROOT}/history").json()["total"] == 1
    entries = people.trail(database, "pensions.read")
    assert [(entry["actor_name"], entry["subject_id"]) for entry in entries] == [
        ("Awa Diop", str(batch.id)),
        ("Awa Diop", ""),
    ]


def test_every_path_answers_with_and_without_a_slash_and_never_elsewhere(
    manager: Client, running: PensionBatch
) -> None:
    payment = manager.get(f"{ROOT}/{running.bulk_id}/payments?limit=1").json()["results"][0]["transfer_id"]
    at = f"{ROOT}/{running.bulk_id}"
    for path in (
        *(f"{ROOT}/history", at, f"{at}/details", f"{at}/status", f"{at}/payments", f"{at}/payments/{payment}"),
        *(f"{at}/payments/{payment}/receipt", f"{at}/report", "/api/accounts", "/api/organizations"),
    ):
        bare, slashed = _without_clock(manager.get(path)), _without_clock(manager.get(f"{path}/"))
        assert bare == slashed
        assert bare[0] == 200
    assert manager.upload(to="/").status_code == 200
    assert manager.upload(b"type_id\n", to="/preview/").status_code == 400


def _without_clock(answer: Any) -> tuple[int, Any]:
    if "json" not in answer.headers["content-type"]:
        return answer.status_code, answer.headers["content-disposition"]
    body = answer.json()
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in {"rate_per_s", "eta_s"}}
    return answer.status_code, body
