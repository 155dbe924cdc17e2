"""What leaves for the adapter: these fields and no other, in letters and amounts it takes."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Currency, Money
from providers.mojaloop.attempts import kept, short
from providers.mojaloop.bodies import UnfitAmountError, amount_text, display_name, id_value, order_document, party_path
from providers.mojaloop.contract import Identity, Party
from providers.mojaloop.proofs import condition_of, is_proof
from services.pensions.names import words_of
from tests.providers.mojaloop.conftest import House

DISPLAY_NAME = re.compile(r"^(?!\s*$)[\w .,'-]{1,128}$", re.ASCII)
AMOUNT = re.compile(r"^([0]|([1-9][0-9]{0,17}))([.][0-9]{0,3}[1-9])?$", re.ASCII)


def test_the_order_in_one_step_is_the_documented_one(house: House) -> None:
    party = Party("MSISDN", "+2290197000001", "2290197000001", "payeefsp")
    order = house.order(party=party, home_id="bulk-3f9c0a1b2c3d/0000017")
    assert order_document(order) == {
        "homeTransactionId": "bulk-3f9c0a1b2c3d/0000017",
        "transferId": order.transfer_id,
        "from": {
            "type": "BUSINESS",
            "idType": "BUSINESS",
            "idValue": "CNSS-BJ",
            "displayName": "Caisse Nationale de Securite Sociale",
        },
        "to": {"idType": "MSISDN", "idValue": "2290197000001", "fspId": "payeefsp"},
        "amountType": "RECEIVE",
        "currency": "XOF",
        "amount": "50000",
        "transactionType": "TRANSFER",
        "note": "PENSION 2025-12",
        "skipPartyLookup": True,
    }


def test_without_a_look_up_the_adapter_looks_itself_and_an_empty_note_is_left_out(house: House) -> None:
    document = order_document(replace(house.order("017"), note="  "))
    assert document["to"] == {"idType": "MSISDN", "idValue": "2290197000017"}
    assert {"skipPartyLookup", "note"}.isdisjoint(document)


def test_in_two_steps_the_look_up_is_never_skipped_and_a_closed_adapter_gives_the_id(house: House) -> None:
    account = replace(house.account, mode="two_step", identity=Identity.ID_CLOSED)
    party = Party("MSISDN", "+2290197000001", "2290197000001", "payeefsp")
    document = order_document(replace(house.order(party=party), account=account))
    assert {"skipPartyLookup", "transferId"}.isdisjoint(document)


@pytest.mark.parametrize(
    ("id_type", "identifier", "form", "sent"),
    [
        ("MSISDN", "+2290197000001", "ten", "2290197000001"),
        ("MSISDN", "+2290197000001", "directory", "2290197000001"),
        ("MSISDN", "+2290197000001", "eight", "22997000001"),
        ("MSISDN", "+221771234567", "eight", "221771234567"),
        ("PERSONAL_ID", "0012345678", "ten", "0012345678"),
        ("EMAIL", "a@b.bj", "ten", "a@b.bj"),
    ],
)
def test_an_identifier_leaves_as_the_switch_knows_it(id_type: str, identifier: str, form: str, sent: str) -> None:
    assert id_value(id_type, identifier, form) == sent  # type: ignore[arg-type]


@given(st.integers(1, 10**12), st.sampled_from(Currency))
def test_every_amount_is_written_as_the_api_wants_it(minor: int, currency: Currency) -> None:
    text = amount_text(Money(minor, currency))
    assert AMOUNT.fullmatch(text)
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize("minor", [0, -1])
def test_nothing_is_no_amount(minor: int) -> None:
    with pytest.raises(UnfitAmountError):
        amount_text(Money(minor, Currency.XOF))


@given(st.text(max_size=200))
def test_a_display_name_is_one_the_adapter_takes_or_none(text: str) -> None:
    name = display_name(text)
    assert name is None or DISPLAY_NAME.fullmatch(name)


def test_a_path_keeps_an_identifier_whole() -> None:
    assert party_path("ALIAS", "a/b+c@d é") == "/parties/ALIAS/a%2Fb%2Bc%40d%20%C3%A9"


def test_a_fulfilment_proves_its_condition_and_no_other() -> None:
    fulfilment = "A" * 43
    assert is_proof(fulfilment, condition_of(fulfilment))
    assert is_proof(fulfilment, condition_of(fulfilment) + "=")
    for wrong in ("", "é", "A", "A" * 44, "B" + "A" * 42):
        assert not is_proof(wrong, condition_of(fulfilment))
    assert not is_proof("", "")


@given(st.binary(max_size=200))
def test_what_is_kept_of_any_answer_is_a_text(body: bytes) -> None:
    text = kept(body, ("2290197000001",))
    assert "\0" not in text
    assert text.encode("utf-8").decode("utf-8") == text


def test_an_identifier_is_kept_by_its_ends() -> None:
    assert short("2290197000001") == "22901****01"
    assert short("0012345678") == "****78"
    assert short("adjoa@kossou.bj") == "ad•••••bj"


def test_no_name_is_kept() -> None:
    payee = b'{"idValue":"2290197000001","displayName":"Adjoa"}'
    body = b'{"to":' + payee + b',"getPartiesRequest":{"x":1},"party":{"name":"Kossou"}}'
    text = kept(body, ())
    for person in ("Adjoa", "Kossou", "2290197000001", "getPartiesRequest"):
        assert person not in text


def test_words_of_a_name_are_its_letters() -> None:
    assert words_of("Mme d’Almeida-Kossou  Adjoa.") == ["D", "ALMEIDA", "KOSSOU", "ADJOA"]
