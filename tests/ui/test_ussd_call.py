"""What the simulated gateway sends, octet for octet, and where the secrets are in it."""

import json

from channels.ussd import contracts
from core.masking import DOTS
from providers.loopback import Exchange
from ui.components import code
from ui.pages.ussd.call import Call, Kind, Piece, hear


def test_the_wallet_contract_sends_the_code_then_each_answer_alone() -> None:
    call = Call(Kind.WALLET, "*155#", "+237699000001", "S1")
    assert json.loads(call.dial().body) == {"sessionid": "S1", "msisdn": "+237699000001", "message": "*155#"}
    assert json.loads(call.answer(Piece("6")).body)["message"] == "6"
    secret = call.answer(Piece("48213", is_secret=True))
    (span,) = secret.hidden
    assert secret.body[span.start : span.stop] == b"48213"
    assert call.way == f"*155# › 6 › {DOTS}"
    assert "48213" not in repr(call) + repr(secret)


def test_the_service_contract_sends_everything_typed_and_hides_every_old_secret() -> None:
    call = Call(Kind.SERVICE, "*123#", "+237699000001", "S1")
    assert json.loads(call.dial().body)["text"] == ""
    call.answer(Piece("1"))
    call.answer(Piece("48213", is_secret=True))
    request = call.answer(Piece('é"2'))
    fields = json.loads(request.body)
    assert fields["text"] == '1*48213*é"2'
    assert fields["serviceCode"] == "*123#"
    (span,) = request.hidden
    assert request.body[span.start : span.stop] == b"48213"
    dump = code.octets(request.body, hidden=request.hidden)
    assert b"48213".hex(" ") not in dump
    assert "48213" not in dump
    assert dump.count("\N{BULLET}\N{BULLET}") >= len("48213")


def test_an_answer_is_read_as_the_contract_says() -> None:
    def answered(kind: Kind, body: bytes, status: int = 200) -> object:
        return hear(kind, Exchange(b"", status, "", body, 0.01))

    heard = hear(Kind.SERVICE, Exchange(b"", 200, "", b"CON Bienvenue\n1. Solde", 0.01))
    assert heard is not None
    assert (heard.word, heard.text, heard.is_open) == ("CON", "Bienvenue\n1. Solde", True)
    over = hear(Kind.WALLET, Exchange(b"", 200, "", b'{"message":"Fin","command":"0"}', 0.01))
    assert over is not None
    assert (over.text, over.is_open) == ("Fin", False)
    assert answered(Kind.WALLET, b'{"detail":"Access denied"}', 403) is None
    assert answered(Kind.WALLET, b"<html>") is None
    assert answered(Kind.WALLET, b"{}") is None


def test_each_kind_speaks_its_documented_contract() -> None:
    assert (Kind.WALLET.contract, Kind.SERVICE.contract) == (contracts.B, contracts.A)
