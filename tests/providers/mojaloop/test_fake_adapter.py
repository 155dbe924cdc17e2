"""The fake adapter: it refuses what the real one refuses, keeps a hub, and is driven by the same control API."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from providers.fakes import client
from providers.fakes.mojaloop_tales import CODES, MIX, TALES
from providers.mojaloop.attempts import short
from providers.mojaloop.bodies import order_document
from providers.mojaloop.contract import Accepted, NotFound, Rejected
from providers.wire import Answered, Wire
from tests.providers.mojaloop.conftest import House


def call(house: House, method: str, path: str, document: Any = None) -> Answered:
    answer = Wire().call("test", method, f"{house.account.base_url}{path}", document=document)
    assert isinstance(answer, Answered)
    return answer


def refused(house: House, **changes: Any) -> str:
    document = {**order_document(house.order()), **changes}
    answer = call(house, "POST", "/transfers", {name: value for name, value in document.items() if value is not None})
    assert answer.status in {200, 400}
    return str(answer.document()["message"]) if answer.status == 400 else ""


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "50000.00"},
        {"amount": "50000.50"},
        {"amount": 50_000},
        {"amount": "-1"},
        {"from": {"type": "BUSINESS", "idType": "BUSINESS", "idValue": "CNSS", "displayName": "Sécurité"}},
        {"from": {"idType": "BUSINESS"}},
        {"to": {"idType": "PHONE", "idValue": "2290197000001"}},
        {"currency": "xof"},
        {"transactionType": "PAYMENT"},
        {"note": ""},
        {"homeTransactionId": None},
        {"transferId": "bulk-1"},
        {"extensionList": []},
    ],
)
def test_it_refuses_what_the_real_one_refuses(house: House, changes: dict[str, Any]) -> None:
    assert refused(house, **changes)
    assert house.transfers == []


def test_it_takes_zero_and_half_a_franc_without_a_word(house: House) -> None:
    assert refused(house, amount="0") == ""
    answer = call(house, "POST", "/transfers", {**order_document(house.order()), "amount": "50000.5"})
    assert answer.status == 400, "half a franc cannot be counted; the real one finds out later"


def test_a_put_is_one_acceptance_and_a_yes(house: House) -> None:
    house.run("two_step")
    order = house.order()
    house.rail.payout(order)
    for body in ({}, {"acceptParty": False}, {"acceptParty": True, "amount": "1"}, {"acceptQuote": "yes"}):
        assert call(house, "PUT", f"/transfers/{order.transfer_id}", body).status == 400
    answer = call(house, "PUT", f"/transfers/{order.transfer_id}", {"acceptParty": True})
    assert answer.document()["currentState"] == "WAITING_FOR_QUOTE_ACCEPTANCE"
    assert house.moved == []


def test_nothing_moves_before_the_quote_is_accepted(house: House) -> None:
    house.run("two_step")
    order = house.order()
    first = house.rail.payout(order)
    assert isinstance(first, Accepted)
    house.rail.payout(order.after(first))
    house.later(10_000)
    assert house.moved == []


def test_errors_come_in_both_styles(house: House) -> None:
    told = []
    for _ in range(40):
        document = {**order_document(house.order("910")), "transferId": str(uuid4())}
        told.append(call(house, "POST", "/transfers", document).document())
    messages = [one["message"] for one in told]
    assert any("errorCode: '5103'" in message for message in messages)
    assert any('"errorCode": "5103"' in message for message in messages)
    assert {type(one["statusCode"]) for one in told} == {int, str}


def test_the_control_api_queues_a_tale_and_shows_what_moved(house: House) -> None:
    root = house.account.base_url.removesuffix("/mojaloop")
    client.order(root, "scenario", adapter="mojaloop", code="917", count=1)
    assert isinstance(house.rail.payout(house.order("100")), Rejected)
    order = house.order("101")
    assert isinstance(house.rail.payout(order), Accepted)
    (row,) = client.read(root, "book", "mojaloop")["book"]
    assert (row["payment_id"], row["reference"], row["amount_minor"]) == (order.transfer_id, order.home_id, 50_000)
    payments = client.read(root, "payments", "mojaloop")["payments"]
    assert sorted((one["state"], one["code"]) for one in payments) == [("failed", "917"), ("succeeded", "000")]
    told = json.dumps(client.read(root, "calls", "mojaloop"))
    assert "2290197000101" not in told or short("2290197000101") in told
    with pytest.raises(client.UnknownThingError):
        client.order(root, "scenario", adapter="mojaloop", code="014", count=1)
    with pytest.raises(client.UnknownThingError):
        client.order(root, "scenario", adapter="mtn", code="917", count=1)


def test_a_queued_look_up_waits_for_a_look_up(house: House) -> None:
    house.kernel.chooser.queue("mojaloop", "901", 1, CODES)
    order = house.order("100")
    assert isinstance(house.rail.lookup(house.account, order.party), NotFound)
    assert isinstance(house.rail.payout(order), Rejected)


def test_sixty_of_a_thousand_go_wrong_by_chance_and_none_of_them_stops_an_account() -> None:
    assert sum(MIX.values()) == 60
    assert set(MIX) < set(TALES)
    assert {"916", "941", "949", "932"}.isdisjoint(MIX)


def test_it_serves_one_institution_or_several(house: House) -> None:
    house.account = replace(house.account, path="")
    order, answer = house.pay(house.order())
    assert isinstance(answer, Accepted)
    assert answer.is_paid
    assert house.moved == [(order.transfer_id, 50_000)]
    assert house.rail.is_alive(house.account)
