"""What a log line says, and what it never says."""

import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from core import clock, logs
from core.access_log import AccessLog, loggable_path
from core.masking import DOTS, mask, mask_text
from core.settings import Settings


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    logs.configure(Settings(data_dir=tmp_path, log_level="INFO"))
    yield tmp_path / "logs" / "palabre.log"
    for handler in root.handlers:
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_is_json_with_its_time_its_level_and_the_request(log_file: Path) -> None:
    moment = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    with clock.travel(moment), structlog.contextvars.bound_contextvars(request_id="r-abcdefgh"):
        structlog.get_logger("services.wallets").info("wallet.opened", phone="+237699000001", amount_minor=50_000_000)
    assert lines_of(log_file) == [
        {
            "event": "wallet.opened",
            "phone": f"{DOTS}01",
            "amount_minor": 50_000_000,
            "level": "info",
            "logger": "services.wallets",
            "request_id": "r-abcdefgh",
            "timestamp": "2026-03-01T08:30:00.000Z",
        }
    ]


def test_libraries_are_masked_too_and_their_tracebacks(log_file: Path) -> None:
    try:
        int("[parameters: {'pin': '48213'}]")
    except ValueError:
        logging.getLogger("sqlalchemy").exception("failed for %s with pin=%s", "+221771234567", "48213")
    (line,) = lines_of(log_file)
    assert "48213" not in json.dumps(line)
    assert "771234567" not in json.dumps(line)
    assert "ValueError" in line["exception"]


def test_uvicorn_writes_no_access_line_of_its_own(log_file: Path) -> None:
    logging.getLogger("uvicorn.access").info("GET /g/at/secret-of-the-address?pin=12345")
    assert not log_file.exists()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("appel de +237 6 99 00 00 01", f"appel de {DOTS}01"),
        ("appel de 237699000001", f"appel de {DOTS}01"),
        ("awa.diop@exemple.sn", f"a{DOTS}@exemple.sn"),
        ("postgresql://palabre:mot-de-passe@hote/base", f"postgresql://palabre:{DOTS}@hote/base"),
        ("Authorization: Bearer abc.def-ghi", f"Authorization: {DOTS} {DOTS}"),
        ("GET /?new_pin=12345&montant=10", f"GET /?new_pin={DOTS}&montant=10"),
        ('{"password": "Sésame ouvre", "a": 1}', f'{{"password": {DOTS}, "a": 1}}'),
        ("input_value='12345', input_type=str", f"input_value={DOTS}, input_type=str"),
        ("DETAIL:  Key (phone)=(x) already exists.", f"DETAIL:  {DOTS}"),
    ],
)
def test_what_looks_like_a_person_or_a_secret_is_masked(written: str, kept: str) -> None:
    assert mask_text(written) == kept


@pytest.mark.parametrize(
    "text",
    [
        "019aa4f2-0000-7000-8000-123456789012",
        "12345678-1234-4234-8234-123456789012",
        "2026-11-21T04:46:00.123456Z",
        "192.168.100.200",
        "50 000 F CFA",
        "ticket 1234567",
    ],
)
def test_what_is_useful_is_kept(text: str) -> None:
    assert mask_text(text) == text


def test_a_secret_is_hidden_by_its_name_at_any_depth() -> None:
    identifier = UUID("019aa4f2-0000-7000-8000-123456789012")
    given = {
        "id": identifier,
        "body": [{"PIN": 12345, "X-API-Key": "k", "inputText": "1", "input_text": "1*2"}],
        "n": 3,
    }
    assert mask(given) == {
        "id": identifier,
        "body": [{"PIN": DOTS, "X-API-Key": DOTS, "inputText": DOTS, "input_text": DOTS}],
        "n": 3,
    }


def test_a_file_turns_over_by_size_and_by_day_and_old_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "palabre.log"
    record = logging.LogRecord("x", logging.INFO, "", 0, "une ligne", None, None)
    with clock.travel(datetime.now(UTC)) as traveller:
        handler = logs.DailyFile(path)
        handler.emit(record)
        handler.emit(record)
        assert [file.name for file in tmp_path.iterdir()] == ["palabre.log"]
        ancient = tmp_path / "palabre.log.9"
        ancient.touch()
        os.utime(ancient, (0, 0))
        traveller.advance(86_400)
        handler.emit(record)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["palabre.log", "palabre.log.1"]
        handler.maxBytes = 10
        handler.emit(record)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["palabre.log", "palabre.log.1", "palabre.log.2"]
        handler.close()


def test_the_end_of_a_private_address_is_never_written() -> None:
    assert loggable_path("/g/kannel/fSdG83hs/4") == "/g/kannel"
    assert loggable_path("/verifier/abc") == "/verifier"
    assert loggable_path("/v/X7K2") == "/v"
    for door in ("mtn", "orange"):
        address = f"/api/v1/payments/callback/{door}"
        assert {loggable_path(address), loggable_path(f"{address}/4bb506b542af4dfc8c8e2c/")} == {address}
    assert loggable_path("/ussd/sessions") == "/ussd/sessions"
    assert loggable_path("/") == "/"


def test_an_access_line_has_neither_query_nor_secret(log_file: Path) -> None:
    app = FastAPI()
    app.add_middleware(AccessLog)

    @app.get("/g/{gateway}/{secret}")
    def gateway(gateway: str, secret: str) -> str:
        return f"{gateway} {len(secret)}"

    client = TestClient(app)
    assert client.get("/g/at/un-secret?text=1*12345").json() == "at 9"
    assert client.get("/ailleurs").status_code == 404
    access = [line for line in lines_of(log_file) if line["logger"] == "access"]
    assert [(line["method"], line["path"], line["status"]) for line in access] == [
        ("GET", "/g/at", 200),
        ("GET", "/ailleurs", 404),
    ]
    assert "12345" not in json.dumps(access)
    assert "un-secret" not in json.dumps(access)


def test_an_application_that_breaks_is_recorded_as_500(log_file: Path) -> None:
    app = FastAPI()
    app.add_middleware(AccessLog)

    @app.get("/")
    def broken() -> None:
        raise RuntimeError

    assert TestClient(app, raise_server_exceptions=False).get("/").status_code == 500
    assert [line["status"] for line in lines_of(log_file) if line["logger"] == "access"] == [500]
