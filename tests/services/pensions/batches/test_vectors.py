"""Every file of the vectors goes through the real upload: answer, rows and wrong cells are those written."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.database import Database
from core.errors import Refusal
from core.money import Currency
from services.pensions import batches
from services.pensions.batches import CancelBatch, UploadBatch
from tests.builders import pensions
from tests.builders.batches import Desk

Case = Mapping[str, Any]

VECTORS = json.loads((Path(__file__).parents[3] / "data" / "pension_files.json").read_text())
CASES = {case["id"]: case for case in VECTORS["cases"]}
DEFAULT_CYCLE = "2025-12"
FUNDS_OF_EARLIER_MINOR = 1_000_000
OF_AN_ANSWER = (
    "columns",
    "column",
    "line",
    "limit",
    "found",
    "required",
    "available",
    "missing",
    "rows",
    "valid",
    "invalid",
)


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_the_vectors_is_answered_as_written(database: Database, name: str) -> None:
    case = CASES[name]
    desk = _desk(database, case)
    names = {batch["bulk_id"]: _earlier(desk, batch) for batch in case.get("earlier_batches", ())}
    expected, told = case["expect"], _upload(desk, case)
    for key in ("http", "code", "skipped", *OF_AN_ANSWER):
        if key in expected and (key in told or key in {"http", "code"}):
            assert told.get(key) == expected[key], key
    if "bulkTransferId" in expected:
        assert told["bulkTransferId"] == names[expected["bulkTransferId"]]
    if expected["http"] == 200:
        assert _accepted(desk, told["bulk_id"]) == [
            (row["line"], row["type"], row["identifier"], row["amount_minor"], row["purpose"], row["name"] or "")
            for row in expected["verdicts"]
            if "errors" not in row
        ]
    if expected.get("code") == "invalid_rows":
        assert told["wrong"] == [
            (row["line"], one["column"], one["code"], names.get(one["see"], str(one["see"])) if "see" in one else None)
            for row in expected["verdicts"]
            for one in row.get("errors", ())
        ]


def _desk(database: Database, case: Case) -> Desk:
    known = VECTORS["defaults"] | case.get("settings", {})
    reserved = FUNDS_OF_EARLIER_MINOR if case.get("earlier_batches") else 0
    world = pensions.build(database, funds_minor=0, country=known["country"], currency=Currency(known["currency"]))
    desk = Desk(database, world)
    desk.fund(known["available_minor"] + reserved)
    desk.settle(
        lookup="off",
        countries=tuple(known["countries"]),
        max_amount_minor=known["max_amount_minor"],
        max_rows=known["max_rows"],
        personal_id_length=known["personal_id_length"],
        id_types=tuple(known["id_types"]),
        is_same_person_allowed=known["allow_same_person_permitted"],
    )
    return desk


def _earlier(desk: Desk, batch: Case) -> str:
    """Send a batch before the case's own, bring it to its stage, and return its name."""
    bulk_id = _send(desk, CASES[batch["accepted_from"]], batch["cycle"]).batch.bulk_id
    if batch["stage"] == "CANCELLED":
        desk.do(batches.cancel, CancelBatch(bulk_id=bulk_id))
    else:
        desk.rows("update pension_batch set stage = %s where bulk_id = %s returning id", batch["stage"], bulk_id)
    return bulk_id


def _send(desk: Desk, case: Case, cycle: str) -> batches.Uploaded:
    given, form = case["input"], case.get("form", {})
    content = given["text"].encode() if "text" in given else base64.b64decode(given["base64"])
    order = UploadBatch(
        organisation_id=desk.caisse.organisation_id,
        file_name="pensions.csv",
        payer_account=desk.caisse.account.account_id,
        **{**form, "cycle": cycle},
    )
    return batches.upload(desk.database, desk.caisse.manager, order, [content])


def _upload(desk: Desk, case: Case) -> dict[str, Any]:
    try:
        sent = _send(desk, case, case.get("form", {}).get("cycle", DEFAULT_CYCLE))
    except Refusal as refused:
        told = {**refused.data, "http": refused.status, "code": refused.code}
        if "errors" in told:
            told["wrong"] = [(one["line"], one["column"], one["code"], one["see"]) for one in told["errors"]]
        return told
    return {"http": 200, "code": None, "skipped": sent.skipped, "bulk_id": sent.batch.bulk_id}


def _accepted(desk: Desk, bulk_id: str) -> list[tuple[Any, ...]]:
    rows = desk.rows(
        "select p.* from pension_payment p join pension_batch b on b.id = p.batch_id where b.bulk_id = %s"
        " order by line",
        bulk_id,
    )
    columns = ("line", "id_type", "identifier", "amount_minor", "purpose", "name")
    return [tuple(row[column] for column in columns) for row in rows]
