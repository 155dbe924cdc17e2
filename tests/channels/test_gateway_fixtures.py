"""The golden fixtures of every gateway: what a request decodes to, and the octets that leave."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from channels.ussd.contracts import tell
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.fixtures import check, request_of
from core.errors import InvalidInput

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "ussd_gateways.json").read_text())
NOW = datetime.fromisoformat(VECTORS["now"])
FIXTURES = VECTORS["fixtures"]


@pytest.fixture(params=FIXTURES, ids=[fixture["id"] for fixture in FIXTURES])
def fixture(request: pytest.FixtureRequest) -> dict[str, Any]:
    chosen: dict[str, Any] = request.param
    return chosen


def test_all_of_them_are_there() -> None:
    assert len(FIXTURES) == 78
    assert {fixture["gateway"].removesuffix("_events") for fixture in FIXTURES} == set(BUILT_IN)


def test_a_request_becomes_its_turn_and_the_reply_leaves_as_written(fixture: dict[str, Any]) -> None:
    assert check(BUILT_IN[fixture["gateway"].removesuffix("_events")], fixture, NOW) == []


def test_a_changed_fixture_no_longer_passes(fixture: dict[str, Any]) -> None:
    contract = BUILT_IN[fixture["gateway"].removesuffix("_events")]
    other = {**fixture, "turn": {**fixture["turn"], "session_key": "another"}}
    assert check(contract, other, NOW) != []


@pytest.mark.parametrize(
    "fixture", [one for one in FIXTURES if one["gateway"].startswith("doc_")], ids=lambda f: f["id"]
)
def test_the_documented_contracts_are_told_by_their_fields(fixture: dict[str, Any]) -> None:
    contract = BUILT_IN[fixture["gateway"]]
    assert tell(contract.read(request_of(fixture))) is contract


@pytest.mark.parametrize("fields", [{}, {"sessionId": "S", "msisdn": "1"}, {"SESSIONID": "S", "MSISDN": "1"}])
def test_neither_or_both_families_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        tell(fields)
