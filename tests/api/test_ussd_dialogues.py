"""The scripted dialogues of the two documented contracts, over HTTP, on the menus the vectors bring.

`play` runs one through any gateway: give it a `Speaker` that sends a step and says what came back.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, NamedTuple, Protocol

import pytest
from fastapi.testclient import TestClient

from commands.vectors import surveys
from core import clock, metrics
from core.clock import Traveller
from core.database import Database, driver, fetch_all
from services import books, transfers
from tests.builders import outside, world
from tests.providers.conftest import Fakes

# The operators of the vectors' world: the method a route serves, the adapter of its account.
PROVIDERS = {"orange": ("orange_money", "orange_cm"), "mtn": ("mtn_momo", "mtn")}
REFUSED = "016"
DECIDED_AFTER_S = 6
DIALOGUES = world.VECTORS["dialogues"]


class Said(NamedTuple):
    """What a gateway got: the bytes, whether the dialogue goes on, and the text the phone shows."""

    body: bytes
    has_more: bool
    text: str


class Speaker(Protocol):
    """A gateway with a phone behind it."""

    def say(self, dialogue: dict[str, Any], step: dict[str, Any]) -> Said:
        """Send one step of a dialogue."""


class Documented:
    """The two documented contracts, each dialogue by its own."""

    def __init__(self, door: TestClient) -> None:
        self.door = door

    def say(self, dialogue: dict[str, Any], step: dict[str, Any]) -> Said:
        body = _send(self.door, dialogue, step)
        if dialogue["contract"] == "A":
            command, _, text = body.decode().partition(" ")
            return Said(body, command == "CON", text)
        answer = json.loads(body)
        return Said(body, answer["command"] == "CON", answer["message"])


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=[dialogue["id"] for dialogue in DIALOGUES])
def test_a_dialogue_goes_as_written(
    dialogue: dict[str, Any], gateway: TestClient, database: Database, fakes: Fakes, capfd: Any
) -> None:
    play(dialogue, Documented(gateway), database, fakes)
    printed = capfd.readouterr()
    for secret in dialogue.get("after", {}).get("absent_everywhere", ()):
        assert secret not in printed.out + printed.err
        assert secret not in metrics.render().decode()


def play(dialogue: dict[str, Any], speaker: Speaker, database: Database, fakes: Fakes) -> None:
    """Walk one dialogue on a world of its own, and look at what it left behind."""
    with clock.travel(world.NOW) as traveller:
        world.build(database, dialogue.get("world"))
        for provider in world.VECTORS["world"]["providers"]:
            method, adapter = PROVIDERS[provider["code"]]
            outside.serve(database, fakes.url, adapter, method, "collect")
        for method in ("biller", "airtime"):
            outside.serve(database, fakes.url, method, method, "payout")
        for number, step in enumerate(dialogue["steps"], start=1):
            if "advance_s" in step:
                traveller.advance(step["advance_s"])
                continue
            if "provider" in step:
                _decide(database, fakes, step, traveller)
                continue
            with _worker(database, step):
                answers = [speaker.say(dialogue, step) for _ in range(step.get("repeat", 1))]
            assert len({answer.body for answer in answers}) == 1, f"step {number} repeated gave other bytes"
            _compare(answers[0], step["expect"], number)
        _check_after(dialogue.get("after", {}), database)
        _check_surveys(dialogue.get("after", {}), database)
        _check_requests(dialogue.get("after", {}), database, fakes)


@contextmanager
def _worker(database: Database, step: dict[str, Any]) -> Iterator[None]:
    """Let the worker send bills and airtime while an answer that pays them waits for it; never a top-up."""
    if not step.get("reference", "").startswith(("Facture", "Crédit de")):
        yield
        return
    is_over = Event()

    def send() -> None:
        while not is_over.wait(0.01):
            outside.work(database)

    thread = Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _send(gateway: TestClient, dialogue: dict[str, Any], step: dict[str, Any]) -> bytes:
    session = f"{dialogue['id']}-{step.get('session', 's1')}"
    caller = step.get("from", dialogue["caller"])
    if dialogue["contract"] == "A":
        body = {"sessionId": session, "phoneNumber": caller, "text": step["input"]}
        if "service_code" in dialogue:
            body["serviceCode"] = dialogue["service_code"]
        response = gateway.post("/ussd", json=body, headers={"X-API-Key": world.API_KEY})
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
    else:
        response = gateway.post("/ussd/", json={"sessionid": session, "msisdn": caller, "message": step["input"]})
        assert response.headers["content-type"] == "application/json"
    assert response.status_code == 200
    content: bytes = response.content
    return content


def _compare(said: Said, expect: dict[str, Any], number: int) -> None:
    text = said.text
    place = f"step {number}: {text!r}"
    assert said.has_more is expect["continue"], place
    if "equals" in expect:
        assert text == expect["equals"], place
    assert text.startswith(expect.get("starts", "")), place
    for part in expect.get("contains", ()):
        assert part in text, place
    for part in expect.get("absent", ()):
        assert part not in text, place


def _check_after(after: dict[str, Any], database: Database) -> None:
    with database.transaction() as session:
        for phone, expected in after.get("balances", {}).items():
            assert world.balance(session, phone) == expected
        connection = driver(session)
        if "fees" in after:
            fees = connection.execute(
                "select coalesce(sum(ledger_balance(id)), 0) from ledger_account where kind = 'fee_income'"
            ).fetchone()
            assert fees == (after["fees"],)
        if "operations" in after:
            assert connection.execute("select count(*) from ussd_operation").fetchone() == (after["operations"],)
        for phone, expected in after.get("subscribers", {}).items():
            found = connection.execute(
                "select trim(first_name || ' ' || last_name) from users where phone = %s", (phone,)
            ).fetchone()
            assert found == (expected["name"],)
            assert world.balance(session, phone) == expected["balance"]
        for phone, code, is_active in after.get("subscriptions", ()):
            found = connection.execute(
                "select count(*) from subscription s join catalog_service c on c.id = s.service_id"
                " where s.phone = %s and c.code = %s and s.state = 'active'",
                (phone, code),
            ).fetchone()
            assert found == (int(is_active),), code
        if "turns" in after:
            assert connection.execute("select count(*) from ussd_turn").fetchone() == (after["turns"],)
        for expected in after.get("sms", ()):
            texts = _texts(connection, expected["to"])
            assert any(all(part in text for part in expected["contains"]) for text in texts), texts
            assert not any(part in text for part in expected.get("absent", ()) for text in texts)
        assert all(finding.holds for finding in books.list_findings(session))
    dump = world.everything(database)
    for secret in after.get("absent_everywhere", ()):
        assert secret not in dump


def _check_surveys(after: dict[str, Any], database: Database) -> None:
    """Compare the answers that were kept, the runs that were finished, and who wants no more SMS."""
    if "survey_answers" in after:
        assert surveys.answers(database) == after["survey_answers"]
    for code, expected in after.get("survey_complete", {}).items():
        assert surveys.completed(database, code) == expected
    if "sms_opt_out" in after:
        assert surveys.opted_out(database) == after["sms_opt_out"]


def _decide(database: Database, fakes: Fakes, step: dict[str, Any], traveller: Traveller) -> None:
    """Let every operator say what became of what it was asked for, as often as the step says."""
    if step["provider"] == "failed":
        for _, adapter in PROVIDERS.values():
            fakes.kernel.chooser.queue(adapter, REFUSED)
    outside.work(database)
    traveller.advance(DECIDED_AFTER_S)
    for _ in range(step.get("repeat", 1)):
        with database.transaction() as session:
            for row in fetch_all(session, "select id from transfer"):
                transfers.plan_read(session, row["id"])
        outside.work(database)


def _check_requests(after: dict[str, Any], database: Database, fakes: Fakes) -> None:
    """Compare what the operators were asked for, once the worker has sent it; asking credits nothing."""
    expected = after.get("provider_requests", ())
    if not expected:
        return
    with database.transaction() as session:
        assert [world.balance(session, row["phone"]) for row in expected] == list(after["balances"].values())
    outside.work(database)
    asked = [
        (payment.adapter, payment.party[-9:], payment.asked.minor)
        for _, adapter in PROVIDERS.values()
        for payment in fakes.payments(adapter)
    ]
    assert asked == [(PROVIDERS[row["provider"]][1], row["phone"][-9:], row["amount"]) for row in expected]
    with database.transaction() as session:
        assert [world.balance(session, row["phone"]) for row in expected] == list(after["balances"].values())


def _texts(connection: Any, phone: str) -> list[str]:
    rows = connection.execute(
        "select coalesce(body, '') || variables::text from message where address = %s and channel = 'sms'", (phone,)
    ).fetchall()
    return [row[0] for row in rows]
