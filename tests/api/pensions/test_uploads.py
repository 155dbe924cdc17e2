"""Files that managers send: what is taken, and each reason why one is not, in the document's words."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from api.pensions import forms
from core import clock
from core.database import Database, fetch_all
from services import idempotency
from tests.api.pensions.conftest import EXAMPLE, MANAGER, ROOT, Client
from tests.builders.pensions import PensionWorld

HEADER = b"type_id,valeur_id,devise,montant\n"
THREE = HEADER + b"MSISDN,22997000001,XOF,50000\nMSISDN,12,XOF,12.5\nPERSONAL_ID,0123456789,XOF,75000\n"


def rows(database: Database) -> dict[str, int]:
    """Count what an upload may leave behind."""
    tables = ("pension_file", "pension_batch", "pension_payment", "pension_claim", "idempotency_record")
    with database.transaction() as session:
        found = fetch_all(
            session, " union all ".join(f"select '{name}' as name, count(*) as n from {name}" for name in tables)
        )
    return {row["name"]: row["n"] for row in found}


def reserved(manager: Client) -> int:
    (account,) = manager.get("/api/accounts").json()
    return int(account["reserved"])


def test_a_wrong_row_refuses_the_file_and_every_wrong_cell_is_listed(manager: Client, database: Database) -> None:
    refused = manager.upload(THREE)
    body = refused.json()
    assert (refused.status_code, body["code"]) == (400, "invalid_rows")
    assert set(body) == {
        *("error", "code", "file_id", "rows", "valid", "invalid", "errors", "errors_count", "totals"),
    }
    assert (body["rows"], body["valid"], body["invalid"], body["errors_count"]) == (3, 2, 1, 2)
    assert [(error["line"], error["column"], error["code"]) for error in body["errors"]] == [
        (3, "valeur_id", "msisdn_invalid"),
        (3, "montant", "amount_decimals"),
    ]
    assert all(set(error) == {"line", "column", "code", "value", "message", "see"} for error in body["errors"])
    assert (reserved(manager), rows(database)["pension_batch"], rows(database)["pension_claim"]) == (0, 0, 0)
    listed = manager.get(f"{ROOT}/files/{body['file_id']}/errors").json()
    assert (listed["total"], listed["errors"]) == (2, body["errors"])
    page = manager.get(f"{ROOT}/files/{body['file_id']}/errors?limit=1&offset=1").json()
    assert page["errors"] == body["errors"][1:]


def test_the_wrong_lines_come_back_to_be_corrected_and_sent_alone(manager: Client) -> None:
    split = manager.upload(THREE.replace(b",", b";"), on_error="split")
    assert (split.status_code, split.json()["skipped"], split.json()["total"]) == (200, 1, 2), split.text
    sheet = manager.get(f"{ROOT}/files/{split.json()['file_id']}/errors?format=csv")
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    text = sheet.content.decode("utf-8-sig")
    assert text.startswith("type_id;valeur_id;devise;montant;ligne;colonne;motif\r\nMSISDN;12;XOF;12.5;3;")
    assert text.count("\r\n") == 2
    corrected = text.replace(";12;XOF;12.5;", ";22997000003;XOF;12500;")
    sent = manager.upload(corrected.encode())
    assert (sent.status_code, sent.json()["total"]) == (200, 1), sent.text
    assert {"code": "unknown_column"} in sent.json()["warnings"]


def test_no_cell_to_correct_is_read_as_a_formula(manager: Client) -> None:
    hostile = [b"=1+1", b"@SUM(A1)", b"+1+1", b"-1+1", b"\"=cmd|' /C calc'!A0\"", b" =1", "＝1".encode()]
    content = HEADER + b"".join(b"MSISDN,%b,XOF,1\n" % cell for cell in [*hostile, b"+22900"])
    refused = manager.upload(content)
    sheet = manager.get(f"{ROOT}/files/{refused.json()['file_id']}/errors?format=csv").content.decode("utf-8-sig")
    lines = sheet.splitlines()[1:]
    assert len(lines) == len(hostile) + 1
    for line in lines[:-1]:
        assert line.split(",")[1].lstrip('"').startswith("'"), line
    assert lines[-1].split(",")[1] == "+22900"


NO_FILES = [
    (b"", 400, "empty_file"),
    (b"\n\n", 400, "empty_file"),
    (HEADER, 400, "no_rows"),
    (b"a,b\n1,2\n", 400, "missing_column"),
    (b"type_id,type_id,valeur_id,devise,montant\nMSISDN,MSISDN,1,XOF,1\n", 400, "duplicate_column"),
    (EXAMPLE.decode().encode("utf-16"), 400, "encoding_unsupported"),
    (b"PK\x03\x04", 400, "not_csv"),
    (b"%PDF-1.7", 400, "not_csv"),
    (b'{"a": 1}', 400, "not_csv"),
    (b"<html>", 400, "not_csv"),
    (HEADER + b"MSISDN,229\x0097,XOF,5\n", 400, "not_csv"),
    (HEADER + b'MSISDN,"22997000001\n",XOF,5\n', 400, "line_break_in_cell"),
    (HEADER + b"MSISDN,22997000001,XOF,-5\n", 400, "invalid_rows"),
    (HEADER + b"MSISDN,22997000001,XOF,0\n", 400, "invalid_rows"),
    (HEADER + b"MSISDN,22997000001,XOF,1e5\n", 400, "invalid_rows"),
    (HEADER + b"MSISDN,22997000001,XOF,1 000\n", 400, "invalid_rows"),
    (HEADER + b"MSISDN,22997000001,NGN,1000\n", 400, "invalid_rows"),
    (HEADER + b"MSISDN,22997000001,XOF,9000000\n", 400, "insufficient_funds"),
    (HEADER + b"x" * 5000 + b"\n", 413, "file_too_large"),
]


def test_what_is_no_file_of_pensions(manager: Client, database: Database) -> None:
    for content, status, code in NO_FILES:
        refused = manager.upload(content)
        body = refused.json()
        assert (refused.status_code, body["code"]) == (status, code), (content, refused.text)
        assert body["error"]
    counted = rows(database)
    assert (counted["pension_batch"], counted["pension_claim"], reserved(manager)) == (0, 0, 0)


BESIDE: list[tuple[dict[str, str], str, set[str]]] = [
    ({"payer_account": "ACC-X"}, "account_unknown", set()),
    ({"payer_account": "ACC-CNPS-CI-001"}, "account_unknown", set()),
    ({"cycle": "12/2025"}, "bad_cycle", set()),
    ({"not_before": "demain"}, "not_before_invalid", set()),
    ({"not_before": "2020-01-01T00:00:00Z"}, "not_before_invalid", set()),
    ({"not_before": "2026-12-01T00:00:00"}, "not_before_invalid", set()),
    ({"expected_count": "3"}, "control_totals", {"expected", "found"}),
    ({"expected_total": "125001"}, "control_totals", {"expected", "found"}),
    ({"expected_count": "deux"}, "bad_parameter", {"parameter"}),
    ({"expected_total": "-1"}, "bad_parameter", {"parameter"}),
    ({"on_error": "ignore"}, "bad_parameter", {"parameter"}),
    ({"allow_same_person": "peut-être"}, "bad_parameter", {"parameter"}),
    ({"rail": "pigeon"}, "bad_parameter", {"parameter"}),
    ({"payer_account": "a\x00b"}, "bad_parameter", {"parameter"}),
    ({"cycle": "a\x00b"}, "bad_parameter", {"parameter"}),
]


def test_what_stands_beside_the_file(manager: Client) -> None:
    for words, code, more in BESIDE:
        refused = manager.upload(EXAMPLE, **words)
        body = refused.json()
        assert (refused.status_code, body["code"], set(body)) == (400, code, {"error", "code", *more}), refused.text
    assert reserved(manager) == 0


def test_a_file_waits_for_its_hour_and_names_what_it_ignores(manager: Client) -> None:
    later = (clock.now() + timedelta(days=3)).isoformat()
    sent = manager.upload(
        EXAMPLE, not_before=later, callback_url="http://example/", expected_count="2", expected_total="125000"
    )
    assert sent.status_code == 200, sent.text
    assert {"code": "callback_url_ignored"} in sent.json()["warnings"]
    details = manager.get(f"{ROOT}/{sent.json()['bulkTransferId']}/details").json()
    assert details["not_before"] == f"{clock.now() + timedelta(days=3):%Y-%m-%d}" + later[10:19] + "Z"


def test_funds_that_are_missing_are_counted(manager: Client) -> None:
    refused = manager.upload(HEADER + b"MSISDN,22997000001,XOF,9000000\n").json()
    assert (refused["required"], refused["available"], refused["missing"]) == (9_000_000, 1_000_000, 8_000_000)


def test_a_preview_reserves_nothing_and_tells_everything(manager: Client) -> None:
    seen = manager.upload(THREE, to="/preview")
    body = seen.json()
    assert seen.status_code == 200, seen.text
    assert (body["state"], body["stage"], body["seal"], body["total"]) == ("PENDING", "DRAFT", None, 2)
    assert (body["valid"], body["invalid"], body["skipped"], body["errors_count"]) == (2, 1, 1, 2)
    assert body["totals"]["by_type"] == {
        "MSISDN": {"count": 1, "amount": 50_000},
        "PERSONAL_ID": {"count": 1, "amount": 75_000},
    }
    assert [row["amount"] for row in body["totals"]["biggest"]] == [75_000, 50_000]
    assert set(body["totals"]) >= {"by_type", "by_purpose", "biggest", "repaired", "same_person", "earlier"}
    assert reserved(manager) == 0


@pytest.mark.parametrize("to", ["", "/preview"])
def test_the_same_key_gives_the_same_answer_and_one_batch(manager: Client, database: Database, to: str) -> None:
    key = {"Idempotency-Key": "paie-2025-12"}
    first = manager.upload(to=to, headers=key)
    again = manager.upload(to=to, headers=key)
    assert first.status_code == 200
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    for other in (
        manager.upload(EXAMPLE.replace(b"50000", b"50001"), to=to, headers=key),
        manager.upload(to=to, headers=key, cycle="2030-01"),
        manager.upload(to=to, headers=key, name="autre.csv"),
    ):
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert rows(database)["pension_batch"] == 1


def test_a_refused_file_takes_no_key(manager: Client) -> None:
    key = {"Idempotency-Key": "paie"}
    assert manager.upload(THREE, headers=key).status_code == 400
    assert manager.upload(EXAMPLE, headers=key).status_code == 200


def test_a_key_is_one_line_of_plain_characters(manager: Client) -> None:
    for key in ("", "x" * 81):
        refused = manager.upload(headers={"Idempotency-Key": key})
        assert (refused.status_code, set(refused.json())) == (400, {"Idempotency-Key"})


def test_what_is_no_form_with_a_file(manager: Client, database: Database) -> None:
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\nabc\r\n'
    cases: list[tuple[dict[str, str], bytes, str]] = [
        ({}, b"", "file_required"),
        ({"Content-Type": "application/json"}, b'{"file": "x"}', "file_required"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"file=abc", "file_required"),
        (boundary, part % (b"file", b"") + b"--x--\r\n", "file_required"),
        (boundary, part % (b"other", b'; filename="a.csv"') + b"--x--\r\n", "file_required"),
        (boundary, part % (b"file", b'; filename="a.csv"') * 2 + b"--x--\r\n", "bad_form"),
        (boundary, part % (b"a", b"") * 40 + b"--x--\r\n", "bad_form"),
        (boundary, (part % (b"a", b"")).replace(b"abc", b"x" * 5000) + b"--x--\r\n", "bad_form"),
        (boundary, b"--y\r\nnonsense", "bad_form"),
        (boundary, part % (b"file", b'; filename="a.csv"'), "file_required"),  # cut before its end: not taken
        ({"Content-Type": "multipart/form-data"}, b"--x--", "bad_form"),
        (boundary, b"--x\r\n\r\nabc\r\n--x--\r\n", "bad_form"),
    ]
    for headers, body, code in cases:
        refused = manager.call("POST", ROOT, headers=headers, content=body)
        assert (refused.status_code, refused.json()["code"]) == (400, code), (headers, body, refused.text)
    assert rows(database)["pension_file"] == 0


def test_too_many_bytes_are_refused_announced_or_not(
    manager: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "LARGEST_FILE_BYTES", 100_000)
    monkeypatch.setattr(forms, "FORM_BYTES", 1_000)
    announced = manager.upload(EXAMPLE + b"\n" * 200_000)
    assert (announced.status_code, announced.json()["code"], announced.json()["limit"]) == (
        413,
        "file_too_large",
        100_000,
    )
    just = manager.upload(EXAMPLE + b"\n" * 100_000)  # more than a file may be, less than a form
    assert (just.status_code, just.json()["code"], just.json()["limit"]) == (413, "file_too_large", 100_000)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'

    def endless() -> Iterator[bytes]:
        yield head
        for _ in range(40):
            yield b"MSISDN,22997000001,XOF,5\n" * 200

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused = manager.call("POST", ROOT, headers=headers, content=endless())
    assert (refused.status_code, refused.json()["code"]) == (413, "file_too_large")
    assert rows(database)["pension_file"] == 0


def test_who_may_not_send_is_told_before_his_file_is_read(sign_in: Any, world: PensionWorld) -> None:
    assert world.own
    for email in ("superviseur@cnss-bj.example", "chef@palabre.org", "personne@palabre.example"):
        client = sign_in(email)
        for to in ("", "/preview"):
            refused = client.upload(to=to)
            assert (refused.status_code, set(refused.json()), refused.json()["code"]) == (
                403,
                {"detail", "code"},
                "permission_denied",
            )


def test_a_key_of_an_act_that_is_under_way_is_told_to_come_back(manager: Client, database: Database) -> None:
    with database.transaction() as session:
        (user,) = fetch_all(session, "select id from users where email = %s", (MANAGER,))
    with idempotency.alone(database, f"user:{user['id']}", "paie"):
        busy = manager.upload(headers={"Idempotency-Key": "paie"})
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
        assert manager.upload(THREE, headers={"Idempotency-Key": "autre"}).status_code == 400
    assert manager.upload(headers={"Idempotency-Key": "paie"}).status_code == 200


def test_a_process_that_died_after_its_commit_leaves_its_key_and_its_batch(
    manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = {"Idempotency-Key": "paie"}

    def die(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "keep_answer", die)
        assert manager.upload(headers=key).status_code == 500
    again = manager.upload(headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "same_file")
    assert again.json()["bulkTransferId"].startswith("bulk-")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", again.json()["uploaded_at"])


def test_of_many_with_one_key_one_acts_and_nobody_else_does(manager: Client, database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: manager.upload(headers={"Idempotency-Key": "paie"}), range(4)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    done = {answer.content for answer in answers if answer.status_code == 200}
    assert len(done) == 1
    assert rows(database)["pension_batch"] == 1
