"""Connectors against a real server: what leaves, what is believed of the answer, and what is never called."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from core import clock
from core.database import Database, driver, fetch_one
from core.errors import Forbidden, InvalidInput
from models.offers import FakeMode
from services import connectors, hosts
from services.connectors import Asked, Canned, Input, OutcomeRule, Output, SaveConnector
from services.hosts import AddressRefusedError, AllowHost, choose_address
from tests.builders import world
from tests.services.elsewhere import Elsewhere, served
from tests.services.wallet_world import ADMIN, OPERATOR, READER

SECRET = "s3cret-of-the-weather"


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with served() as other:
        yield other


def order(elsewhere: Elsewhere, **changes: Any) -> SaveConnector:
    values: dict[str, Any] = {
        "name": "meteo",
        "base_url": elsewhere.url,
        "path": "/villes/{ville}",
        "inputs": (Input(name="ville", max=20),),
        "outputs": (
            Output(name="temps", pointer="/demain/texte"),
            Output(name="degres", pointer="/demain/t", type="int"),
        ),
        "outcomes": (
            OutcomeRule(outcome="unknown", status=404),
            OutcomeRule(outcome="closed", pointer="/open", equals=False),
        ),
        "secrets": {"X-Api-Key": SECRET},
        "timeout_ms": 2_000,
    }
    return SaveConnector(**{**values, **changes})


def save(database: Database, elsewhere: Elsewhere, **changes: Any) -> Any:
    with database.transaction() as session:
        if hosts.find_listed(session, elsewhere.url) is None:
            hosts.allow_host(session, ADMIN, AllowHost(host=f"127.0.0.1:{elsewhere.port}", is_private=True))
        return connectors.save_connector(session, ADMIN, order(elsewhere, **changes))


def call(database: Database, values: Mapping[str, Any] | None = None) -> Asked:
    with database.transaction() as session:
        prepared = connectors.prepare_call(session, "meteo")
    assert prepared is not None
    asked = connectors.ask(prepared, values or {"ville": "Douala"})
    with database.transaction() as session:
        connectors.settle_call(session, "meteo", asked)
    return asked


def answer(elsewhere: Elsewhere, document: Any, status: int = 200) -> None:
    elsewhere.body, elsewhere.status = json.dumps(document).encode(), status


def test_what_is_asked_is_escaped_and_what_is_answered_becomes_variables(
    database: Database, elsewhere: Elsewhere
) -> None:
    save(database, elsewhere)
    answer(elsewhere, {"demain": {"texte": "Soleil", "t": 31}})
    assert call(database, {"ville": "../admin?x=1&y#é"}) == Asked("ok", {"temps": "Soleil", "degres": 31})
    method, path, headers, _ = elsewhere.asked[0]
    assert (method, path) == ("GET", "/villes/..%2Fadmin%3Fx%3D1%26y%23%C3%A9")
    assert headers["X-Api-Key"] == SECRET
    call(database, {"ville": ".."})
    assert elsewhere.asked[1][1] == "/villes/%2E%2E"


def test_a_body_keeps_its_structure_whatever_is_typed(database: Database, elsewhere: Elsewhere) -> None:
    save(database, elsewhere, method="POST", path="/", body={"q": {"ville": "{ville}", "phrase": "à {ville} !"}})
    call(database, {"ville": '","admin":true,"x":"'})
    sent = json.loads(elsewhere.asked[0][3])
    assert sent == {"q": {"ville": '","admin":true,"x":"', "phrase": 'à ","admin":true,"x":" !'}}


@pytest.mark.parametrize(
    ("document", "status", "expected"),
    [
        ({"demain": {}}, 404, "unknown"),
        ({"open": False}, 200, "closed"),
        ({"error": "no"}, 422, "refused"),
        ({"demain": {"texte": "Soleil", "t": "chaud"}}, 200, "down"),
        ({"demain": {"texte": "Soleil"}}, 200, "down"),
        ([], 500, "down"),
        ({}, 429, "down"),
    ],
)
def test_an_answer_means_what_its_rules_say(
    database: Database, elsewhere: Elsewhere, document: Any, status: int, expected: str
) -> None:
    save(database, elsewhere)
    answer(elsewhere, document, status)
    assert call(database).outcome == expected


def test_garbage_redirects_and_too_much_are_down(database: Database, elsewhere: Elsewhere) -> None:
    save(database, elsewhere)
    elsewhere.body = b"<html>"
    assert call(database).why == "not_json"
    elsewhere.status, elsewhere.headers = 302, {"Location": f"{elsewhere.url}/villes/other"}
    assert call(database).why == "HTTP 302"
    assert len(elsewhere.asked) == 2
    elsewhere.status, elsewhere.headers, elsewhere.body = 200, {}, b'"' + b"x" * (64 * 1024) + b'"'
    assert call(database).why == "AnswerTooLargeError"


def test_a_server_that_hangs_is_cut_and_five_failures_open_the_breaker(
    database: Database, elsewhere: Elsewhere
) -> None:
    save(database, elsewhere, timeout_ms=400)
    elsewhere.waits_s = 0.8
    with clock.travel(clock.now()) as traveller:
        assert [call(database).why for _ in range(5)] == ["ReadTimeout"] * 5
        assert call(database).why == "breaker"
        assert len(elsewhere.asked) == 5
        elsewhere.waits_s = 0
        answer(elsewhere, {"demain": {"texte": "Pluie", "t": 24}})
        traveller.advance(31)
        assert call(database).outcome == "ok"
        assert call(database).outcome == "ok"
    with database.transaction() as session:
        row = fetch_one(session, "select failures_in_row, down_since from connector")
        assert row == {"failures_in_row": 0, "down_since": None}


def test_an_answer_between_failures_begins_the_count_again(database: Database, elsewhere: Elsewhere) -> None:
    save(database, elsewhere)
    for _ in range(3):
        answer(elsewhere, [], 500)
        assert [call(database).outcome for _ in range(4)] == ["down"] * 4
        answer(elsewhere, {}, 422)
        assert call(database).outcome == "refused"


def test_only_a_listed_host_is_called_and_no_private_one_by_another_name(
    database: Database, elsewhere: Elsewhere
) -> None:
    with database.transaction() as session:
        with pytest.raises(InvalidInput):
            connectors.save_connector(session, ADMIN, order(elsewhere))
        with pytest.raises(InvalidInput):
            connectors.save_connector(session, ADMIN, order(elsewhere, base_url="http://a:b@127.0.0.1"))
    save(database, elsewhere)
    with database.transaction() as session:
        driver(session).execute("update connector_host set is_private = false")
    assert call(database).why == "private"
    with database.transaction() as session:
        driver(session).execute("delete from connector_host")
    assert call(database).why == "host_not_allowed"
    assert elsewhere.asked == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1",
     "64:ff9b::a00:1", "2002:a00:1::", "0.0.0.1", "224.0.0.1"],
)  # fmt: skip
def test_a_public_name_never_leads_inside(address: str) -> None:
    with pytest.raises(AddressRefusedError):
        choose_address("https://api.example", is_private=False, resolve=lambda *_: ["8.8.8.8", address])
    assert choose_address("https://api.example", is_private=True, resolve=lambda *_: [address]) == address
    assert choose_address("https://api.example", is_private=False, resolve=lambda *_: ["8.8.8.8"]) == "8.8.8.8"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(FakeMode.OK, "ok"), (FakeMode.REFUSED, "refused"), (FakeMode.SLOW, "down"), (FakeMode.GARBAGE, "down")],
)
def test_a_connector_on_trial_asks_nobody(
    database: Database, elsewhere: Elsewhere, mode: FakeMode, expected: str
) -> None:
    save(database, elsewhere, fake=mode)
    assert call(database).outcome == expected
    assert elsewhere.asked == []


def test_what_is_canned_is_read_like_an_answer(database: Database, elsewhere: Elsewhere) -> None:
    canned = {FakeMode.OK: Canned(body={"demain": {"texte": "Soleil", "t": 31}}), FakeMode.REFUSED: Canned(status=404)}
    connector_id = save(database, elsewhere, fake=FakeMode.OK, canned=canned)
    assert call(database).values == {"temps": "Soleil", "degres": 31}
    with database.transaction() as session:
        connectors.save_connector(session, ADMIN, order(elsewhere, fake=FakeMode.REFUSED, canned=canned), connector_id)
    assert call(database).outcome == "unknown"


def test_a_secret_is_written_and_never_read(database: Database, elsewhere: Elsewhere) -> None:
    connector_id = save(database, elsewhere)
    with database.transaction() as session:
        connectors.save_connector(session, ADMIN, order(elsewhere, secrets={}), connector_id)
        row = connectors.get_connector(session, ADMIN, connector_id)
    assert row.secret_names == ("X-Api-Key",)
    assert SECRET not in repr(row)
    assert SECRET not in world.everything(database)
    call(database)
    assert elsewhere.asked[0][2]["X-Api-Key"] == SECRET
    with database.transaction() as session:
        connectors.save_connector(session, ADMIN, order(elsewhere, secrets={"X-Api-Key": ""}), connector_id)
    call(database)
    assert "X-Api-Key" not in elsewhere.asked[1][2]


def test_connectors_are_the_administrators(database: Database, elsewhere: Elsewhere) -> None:
    with database.transaction() as session:
        for actor in (OPERATOR, READER):
            for act in (
                lambda who=actor: connectors.list_connectors(session, who),
                lambda who=actor: hosts.allow_host(session, who, AllowHost(host="api.example")),
                lambda who=actor: connectors.save_connector(session, who, order(elsewhere)),
            ):
                with pytest.raises(Forbidden):
                    act()


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/{autre}"},
        {"headers": {"Host": "x"}},
        {"headers": {"X-A": "a\r\nX-B: b"}},
        {"timeout_ms": 2_501},
        {"body": {"a": 1}},
        {"outputs": (Output(name="aa", pointer="/a"), Output(name="aa", pointer="/b"))},
    ],
)
def test_a_connector_that_makes_no_sense_is_refused(elsewhere: Elsewhere, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        order(elsewhere, **changes)
