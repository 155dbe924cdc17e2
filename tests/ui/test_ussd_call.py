"""What the simulated gateway sends, octet for octet, and where the secrets are in it."""

import json

import pytest

from channels.ussd import contracts
from channels.ussd.profiles import BUILT_IN
from core.masking import DOTS
from providers.loopback import Exchange
from ui.components import code
from ui.pages.ussd.call import Call, Piece, hear


def test_the_wallet_contract_sends_the_code_then_each_answer_alone() -> None:
    call = Call(contracts.B, "*155#", "+237699000001", "S1")
    assert json.loads(call.dial().wire.body) == {"sessionid": "S1", "msisdn": "237699000001", "message": "*155#"}
    assert json.loads(call.answer(Piece("6")).wire.body)["message"] == "6"
    secret = call.answer(Piece("48213", is_secret=True))
    (span,) = secret.hidden
    assert secret.wire.body[span.start : span.stop] == b"48213"
    assert call.way == f"*155# › 6 › {DOTS}"
    assert "48213" not in repr(call) + repr(secret)


def test_the_service_contract_sends_everything_typed_and_hides_every_old_secret() -> None:
    call = Call(contracts.A, "*123#", "+237699000001", "S1")
    assert json.loads(call.dial().wire.body)["text"] == ""
    call.answer(Piece("1"))
    call.answer(Piece("48213", is_secret=True))
    request = call.answer(Piece('é"2'))
    fields = json.loads(request.wire.body)
    assert fields["text"] == '1*48213*é"2'
    assert fields["serviceCode"] == "*123#"
    (span,) = request.hidden
    assert request.wire.body[span.start : span.stop] == b"48213"
    dump = code.octets(request.wire.body, hidden=request.hidden)
    assert b"48213".hex(" ") not in dump
    assert "48213" not in dump
    assert dump.count("\N{BULLET}\N{BULLET}") >= len("48213")


def test_an_answer_is_read_as_the_contract_says() -> None:
    def answered(kind: contracts.Contract, body: bytes, status: int = 200) -> object:
        return hear(kind, Exchange(status, "", body, 0.01))

    heard = hear(contracts.A, Exchange(200, "", b"CON Bienvenue\n1. Solde", 0.01))
    assert heard is not None
    assert (heard.word, heard.text, heard.is_open) == ("CON", "Bienvenue\n1. Solde", True)
    over = hear(contracts.B, Exchange(200, "", b'{"message":"Fin","command":"0"}', 0.01))
    assert over is not None
    assert (over.text, over.is_open) == ("Fin", False)
    assert answered(contracts.B, b'{"detail":"Access denied"}', 403) is None
    assert answered(contracts.B, b"<html>") is None
    assert answered(contracts.B, b"{}") is None


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_no_way_of_writing_a_request_shows_a_secret(name: str) -> None:
    call = Call(BUILT_IN[name], "*155#", "+237699000001", "S1")
    call.answer(Piece("6"))
    secret = call.answer(Piece("48213", is_secret=True))
    shown = code.octets(secret.content, hidden=secret.hidden) + repr(secret.shown)
    assert b"48213" in secret.content
    assert "48213" not in shown
    assert b"48213".hex(" ") not in shown
    assert sum(len(span) for span in secret.hidden) == 5


def test_a_gateway_that_does_not_tell_of_hanging_up_sends_nothing() -> None:
    assert Call(contracts.B, "*155#", "+237699000001").leave() is None
    left = Call(BUILT_IN["hubtel"], "*155#", "+237699000001").leave()
    assert left is not None
    assert json.loads(left.content)["Type"] == "Release"


def test_links_of_a_browsing_gateway_stand_on_the_phone_as_numbered_lines() -> None:
    page = {"session_end": False, "menu": False, "history": False, "navigation_keywords": False}
    links = [{"id": "1", "content": "Solde", "url": "", "method": "GET"}]
    body = json.dumps({"message": "Bienvenue", "links": links, "page": page}).encode()
    heard = hear(BUILT_IN["myriad"], Exchange(200, "application/json", body, 0.01))
    assert heard is not None
    assert (heard.text, heard.is_open) == ("Bienvenue\n1. Solde", True)
