"""«Recharger» by phone, over HTTP, against real fakes and the worker: every end of it, to the franc."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import payments, ussd
from core import clock, ids
from core.clock import Traveller
from core.database import Database, driver, fetch_all, fetch_one
from models.transfers import TransferState
from providers.answers import SeenState
from providers.fakes.kernel import Kernel
from providers.fakes.server import FakeServer
from services import transfers
from tests.builders import outside, world
from tests.providers.conftest import Fakes
from tests.services import wallet_world

AWA, JEAN = "+237699000001", "+237677000002"
PIN = {AWA: "48213", JEAN: "73519"}
ORANGE, MTN = "1", "2"
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
SILENT = "011"


@dataclass
class Town:
    """A phone that dials, operators that answer, and time."""

    client: TestClient
    database: Database
    fakes: Fakes
    traveller: Traveller
    dialled: int = field(default=0)

    def dial(self, phone: str, *messages: str) -> str:
        """Walk one dialogue of contract B and return the last screen."""
        self.dialled += 1
        text = ""
        for message in messages:
            body = {"sessionid": f"recharge-{self.dialled}", "msisdn": phone, "message": message}
            answer = self.client.post("/ussd/", json=body)
            assert answer.status_code == 200
            text = answer.json()["message"]
        return text

    def recharge(self, phone: str = JEAN, operator: str = MTN, amount: int = 1_000, *, code: str = "") -> str:
        """Ask for a top-up; the operator will behave as `code` says. Return what the phone shows."""
        if code:
            self.fakes.kernel.chooser.queue({ORANGE: "orange_cm", MTN: "mtn"}[operator], code)
        return self.dial(phone, "8", operator, str(amount), "1", PIN[phone])

    def work(self) -> None:
        outside.work(self.database)

    def pass_time(self, seconds: float, step_s: float = MINUTE_S) -> None:
        """Let time pass, the worker doing what falls due."""
        passed = 0.0
        while passed < seconds:
            self.traveller.advance(step_s)
            passed += step_s
            self.work()

    def transfer(self) -> dict[str, Any]:
        with self.database.transaction() as session:
            row = fetch_one(session, "select * from transfer order by created_at desc limit 1")
        assert row is not None
        return row

    def operation(self) -> str:
        with self.database.transaction() as session:
            row = fetch_one(session, "select state from ussd_operation order by created_at desc limit 1")
        assert row is not None
        return str(row["state"])

    def balance(self, phone: str = JEAN) -> int:
        with self.database.transaction() as session:
            return wallet_world.balance(session, phone)

    def texts(self, phone: str = JEAN) -> list[str]:
        with self.database.transaction() as session:
            return wallet_world.texts(session, phone)

    def moved(self) -> list[tuple[str, int]]:
        return [(line.kind, line.amount_minor) for line in self.fakes.kernel.book]

    def nothing_happened(self) -> None:
        assert (self.balance(), outside.entries(self.database), self.moved()) == (2_500, {}, [])


@pytest.fixture
def town(database: Database, fakes: Fakes) -> Iterator[Town]:
    """Give the vectors' world with Orange Money and MTN MoMo; in the end its books hold."""
    app = FastAPI(redirect_slashes=False)
    app.include_router(ussd.router)
    app.include_router(payments.router)
    with clock.travel(world.NOW) as traveller, TestClient(app, client=("127.0.0.1", 50_000)) as client:
        world.build(database)
        outside.serve(database, fakes.url, "orange_cm", "orange_money", "collect")
        outside.serve(database, fakes.url, "mtn", "mtn_momo", "collect")
        yield Town(client, database, fakes, traveller)
        with database.transaction() as session:
            wallet_world.assert_books_hold(session)


def test_the_phone_is_answered_at_once_and_the_money_comes_when_the_operator_says_so(town: Town) -> None:
    shown = town.recharge()
    assert shown.startswith("Demande envoyée à MTN MoMo. Validez 1 010 FCFA sur votre téléphone. Un SMS confirmera.")
    reference = shown[-9:]
    assert (town.transfer()["state"], town.operation()) == (TransferState.CREATED, "reserved")
    town.nothing_happened()

    town.work()
    assert (town.transfer()["state"], town.operation()) == (TransferState.PENDING, "sent")
    town.nothing_happened()

    town.pass_time(10, 5)
    assert (town.transfer()["state"], town.operation()) == (TransferState.SUCCEEDED, "completed")
    assert town.moved() == [("collect", 1_010)]
    assert town.balance() == 3_500
    assert outside.entries(town.database) == {"provider_float": 1_010, "fee_income": 10}
    assert town.texts() == [
        f"Recharge de 1 000 FCFA par MTN MoMo recue. Frais 10 FCFA. Solde 3 500 FCFA. Réf {reference}"
    ]
    assert town.dial(JEAN, "9", "2", PIN[JEAN]).splitlines()[0] == "21/11 +1 000 FCFA " + reference


def test_each_operator_asks_the_callers_own_number_for_the_total(town: Town) -> None:
    town.recharge(AWA, ORANGE, 2_000)
    town.recharge(JEAN, MTN, 2_000)
    town.work()
    asked = [
        (one.adapter, one.party[-9:], one.asked.minor)
        for name in ("orange_cm", "mtn")
        for one in town.fakes.payments(name)
    ]
    assert asked == [("orange_cm", "699000001", 2_020), ("mtn", "677000002", 2_020)]


@pytest.mark.parametrize(("code", "reason"), [("014", "solde insuffisant"), ("016", "non validé")])
def test_a_refused_top_up_credits_nothing_and_says_why(town: Town, code: str, reason: str) -> None:
    reference = town.recharge(code=code)[-9:]
    town.work()
    town.pass_time(30, 5)
    assert (town.transfer()["state"], town.operation()) == (TransferState.FAILED, "failed")
    town.nothing_happened()
    assert town.texts() == [
        f"Recharge de 1 000 FCFA par MTN MoMo non aboutie ({reason}). Rien n'est débité chez nous. Réf {reference}"
    ]


def test_a_prompt_nobody_answers_expires(town: Town) -> None:
    town.recharge(code="012")
    town.work()
    (payment,) = town.fakes.payments("mtn")
    town.pass_time(5 * MINUTE_S)
    assert town.operation() == "sent"
    town.fakes.kernel.end(payment, SeenState.EXPIRED)
    town.pass_time(2 * MINUTE_S)
    assert (town.transfer()["state"], town.operation()) == (TransferState.EXPIRED, "failed")
    town.nothing_happened()
    (text,) = town.texts()
    assert text.startswith("Recharge de 1 000 FCFA par MTN MoMo non aboutie (")


@pytest.mark.parametrize("code", ["002", "003", "027"])
def test_a_lost_answer_is_unknown_and_is_credited_once_when_it_is_known(town: Town, code: str) -> None:
    town.recharge(code=code)
    town.work()
    assert (town.transfer()["state"], town.operation()) == (TransferState.UNKNOWN, "unknown")
    assert (town.balance(), outside.entries(town.database), town.texts()) == (2_500, {}, [])
    town.pass_time(2 * MINUTE_S)
    assert (town.transfer()["state"], town.operation()) == (TransferState.SUCCEEDED, "completed")
    assert (town.balance(), town.moved(), len(town.texts())) == (3_500, [("collect", 1_010)], 1)


def test_a_lost_request_waits_until_it_is_certain_that_nothing_was_received(town: Town) -> None:
    town.recharge(code="001")
    town.work()
    town.pass_time(10 * MINUTE_S)
    assert town.operation() == "unknown"
    town.pass_time(25 * MINUTE_S)
    assert (town.transfer()["state"], town.transfer()["reason"]) == (TransferState.FAILED, "never_received")
    town.nothing_happened()


def test_another_amount_is_never_credited(town: Town) -> None:
    town.recharge(code="008")
    town.work()
    town.pass_time(MINUTE_S, 5)
    assert (town.transfer()["state"], town.transfer()["reason"]) == (TransferState.UNKNOWN, "mismatch_amount")
    assert town.balance() == 2_500
    assert town.texts() == []


def test_a_success_told_twice_through_the_door_and_read_twice_is_one_credit(town: Town) -> None:
    town.recharge()
    town.work()
    row = town.transfer()
    town.traveller.advance(3)
    body = json.dumps({"externalId": row["reference"], "status": "SUCCESSFUL", "amount": "1010", "currency": "XAF"})
    for _ in range(2):
        answer = town.client.post(f"/api/v1/payments/callback/mtn/{row['callback_token']}", content=body)
        assert answer.status_code == 200
        town.work()
    with town.database.transaction() as session:
        transfers.plan_read(session, row["id"])
    town.work()
    assert (town.balance(), len(town.texts()), len(town.moved())) == (3_500, 1, 1)
    assert outside.entries(town.database) == {"provider_float": 1_010, "fee_income": 10}


def test_a_forged_success_before_anybody_paid_credits_nothing(town: Town) -> None:
    town.recharge(code="012")
    town.work()
    row = town.transfer()
    body = json.dumps({"externalId": row["reference"], "status": "SUCCESSFUL", "amount": "1010", "currency": "XAF"})
    town.client.post(f"/api/v1/payments/callback/mtn/{row['callback_token']}", content=body)
    town.work()
    assert town.operation() == "sent"
    town.nothing_happened()


def test_the_same_screen_sent_twice_asks_once(town: Town) -> None:
    town.dial(JEAN, "8", MTN, "1000", "1")
    body = {"sessionid": f"recharge-{town.dialled}", "msisdn": JEAN, "message": PIN[JEAN]}
    first, again = town.client.post("/ussd/", json=body), town.client.post("/ussd/", json=body)
    assert first.content == again.content
    with town.database.transaction() as session:
        assert [wallet_world.count(session, table) for table in ("ussd_operation", "transfer")] == [1, 1]


# Who is offered, and what is refused


def test_an_operator_that_rests_is_not_offered_and_none_is_said_to_be_none(town: Town) -> None:
    assert town.dial(AWA, "8") == "Recharger depuis:\n1. Orange Money\n2. MTN MoMo\n0. Retour"
    with town.database.transaction() as session:
        driver(session).execute("update provider_account set breaker = 'open' where adapter = 'orange_cm'")
    assert town.dial(AWA, "8") == "Recharger depuis:\n1. MTN MoMo\n0. Retour"
    with town.database.transaction() as session:
        driver(session).execute("update provider_account set state = 'paused'")
    assert town.dial(AWA, "8") == "Aucun service disponible."


def test_an_operator_that_closes_between_two_screens_leaves_nothing_behind(town: Town) -> None:
    town.dial(JEAN, "8", MTN, "1000", "1")
    with town.database.transaction() as session:
        driver(session).execute("update provider_account set state = 'paused'")
    body = {"sessionid": f"recharge-{town.dialled}", "msisdn": JEAN, "message": PIN[JEAN]}
    assert town.client.post("/ussd/", json=body).json()["message"].startswith("MTN MoMo n'est pas disponible ici")
    with town.database.transaction() as session:
        assert [wallet_world.count(session, table) for table in ("ussd_operation", "transfer")] == [0, 0]


def test_a_wallet_that_would_hold_too_much_is_told_before_anybody_is_asked(town: Town) -> None:
    rita = "+237699000007"
    shown = town.dial(rita, "8", ORANGE, "20000", "1", "58024")
    assert shown == "Ce compte ne peut pas recevoir ce montant. Rien n'a été débité."
    with town.database.transaction() as session:
        assert wallet_world.count(session, "transfer") == 0


def test_a_payment_by_link_sends_the_link_by_sms(town: Town) -> None:
    with town.database.transaction() as session:
        driver(session).execute("delete from provider_route where method = 'orange_money'")
    settings = {"market": "cm", "currency": "XAF", "name": "Palabre"}
    outside.serve(town.database, town.fakes.url, "orange_webpay", "orange_money", "collect", settings=settings)
    reference = town.recharge(AWA, ORANGE)[-9:]
    town.work()
    link = town.transfer()["next_step"]["url"]
    assert town.texts(AWA) == [f"Payez 1 010 FCFA par Orange Money sur ce lien: {link} Réf {reference}"]


# A provider that hangs


def test_forty_turns_are_answered_while_a_provider_is_silent(town: Town) -> None:
    server = FakeServer(Kernel(pace=1.0))
    server.start()
    with town.database.transaction() as session:
        driver(session).execute(
            "update provider_account set base_url = %s where adapter = 'mtn'", (f"{server.url}/mtn",)
        )
    server.kernel.chooser.queue("mtn", SILENT)
    town.recharge()
    waiting = threading.Thread(target=town.work)
    waiting.start()
    while town.transfer()["state"] != TransferState.SUBMITTED:
        waiting.join(0.02)
    answered = [town.dial(AWA, "6", PIN[AWA]) for _ in range(20)]
    is_silent = waiting.is_alive()
    server.stop()
    waiting.join(20)
    assert answered == ["Votre solde est de 10 000 FCFA"] * 20
    assert is_silent
    assert town.operation() == "unknown"
    with town.database.transaction() as session:
        turns = fetch_all(session, "select max(response_time_us) as slowest, count(*) as turns from ussd_turn")[0]
    assert turns["turns"] == 45
    assert turns["slowest"] < 4_000_000


def test_a_reference_that_is_drawn_again_belongs_to_one_operation(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter(["RC-AAAAAA"] * 5 + ["RC-BBBBBB"] * 9)
    monkeypatch.setattr(ids, "reference", lambda _prefix: next(drawn))
    town.recharge()
    town.recharge(amount=2_000)
    with town.database.transaction() as session:
        kept = fetch_all(session, "select reference from ussd_operation order by reference")
    assert [row["reference"] for row in kept] == ["RC-AAAAAA", "RC-BBBBBB"]
