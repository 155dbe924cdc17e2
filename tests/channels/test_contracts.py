"""The golden fixtures of the two documented contracts: what a request decodes to, and the octets that leave."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from channels.ussd import contracts
from channels.ussd.contracts import dialled_code

FIXTURES = [
    fixture
    for fixture in json.loads((Path(__file__).parent.parent / "data" / "ussd_gateways.json").read_text())["fixtures"]
    if fixture["gateway"] in {"doc_a", "doc_b"}
]
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture(params=FIXTURES, ids=[fixture["id"] for fixture in FIXTURES])
def fixture(request: pytest.FixtureRequest) -> dict[str, Any]:
    chosen: dict[str, Any] = request.param
    return chosen


def fields_of(fixture: dict[str, Any]) -> dict[str, Any]:
    request = fixture["request"]
    if request["headers"]["Content-Type"] == "application/json":
        decoded: dict[str, Any] = json.loads(request["body"])
        return decoded
    return dict(parse_qsl(request["body"], keep_blank_values=True))


def test_a_request_decodes_to_its_turn(fixture: dict[str, Any]) -> None:
    fields, turn = fields_of(fixture), fixture["turn"]
    contract = contracts.tell(fields)
    assert contract.account == fixture["account"]["key"]

    read = contracts.decode(contract, fields, fixture["account"]["country"], NOW)

    assert read.session_key == turn["session_key"]
    assert read.phone == turn["msisdn"]
    if contract.is_cumulative:
        assert (read.code, read.transcript) == (turn["service_code"], turn["transcript"])
    elif turn["kind"] == "begin" and turn["service_code"]:
        # The code dialled may carry a tail (`*237*100*1#`); the route that matches longest cuts it off.
        assert read.dialled is not None
        assert read.dialled.startswith(turn["service_code"].rstrip("#"))
    else:
        assert read.dialled is None
    if "first_message" in turn:
        assert read.message == turn["first_message"]
        assert dialled_code(read.message) is None


def test_a_reply_leaves_in_the_contracts_own_form(fixture: dict[str, Any]) -> None:
    contract = contracts.tell(fields_of(fixture))
    go_on, over = fixture["account"]["options"].get("command_words", ["CON", "END"])
    reply, response = fixture["reply"], fixture["response"]

    wire = contract.encode(reply["text"], has_more=reply["continue"], words=(go_on, over))

    assert wire.media_type == response["headers"]["Content-Type"]
    if response["compare"] == "exact":
        assert wire.body.decode() == response["body"]
    else:
        assert json.loads(wire.body) == response["json"]
    assert contract.text_of(wire.body) == (go_on if reply["continue"] else over, reply["text"])
