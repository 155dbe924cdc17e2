"""What the words of the three Oranges mean: each of the tables, and those nobody knows."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core import clock
from providers.answers import Reason, Rejected, SeenState, Unknown
from providers.mobile_money import orange_calls as calls
from providers.mobile_money import orange_cm, orange_sonatel_words, orange_webpay
from providers.mobile_money.orange_pin import encrypt_pin
from providers.wire import Answered
from tests.providers.conftest import Fakes

PENDING, SUCCEEDED = SeenState.PENDING, SeenState.SUCCEEDED
FAILED, EXPIRED, CANCELLED = SeenState.FAILED, SeenState.EXPIRED, SeenState.CANCELLED

WEBPAY = {"INITIATED": PENDING, "PENDING": PENDING, "SUCCESS": SUCCEEDED, "FAILED": FAILED, "EXPIRED": EXPIRED}
SONATEL = {
    "INITIATED": PENDING,
    "PRE_INITIATED": PENDING,
    "PENDING": PENDING,
    "ACCEPTED": PENDING,
    "SUCCESS": SUCCEEDED,
    "FAILED": FAILED,
    "REJECTED": FAILED,
    "CANCELLED": CANCELLED,
}
CAMEROON = {
    "INITIATED": PENDING,
    "PENDING": PENDING,
    "SUCCESSFULL": SUCCEEDED,
    "SUCCESSFUL": SUCCEEDED,
    "SUCCESS": SUCCEEDED,
    "FAILED": FAILED,
    "CANCELLED": CANCELLED,
    "EXPIRED": EXPIRED,
}
TABLES = [
    pytest.param(orange_webpay.seen_state, orange_webpay.WORDS, WEBPAY, id="webpay"),
    pytest.param(orange_sonatel_words.seen_state, orange_sonatel_words.WORDS, SONATEL, id="sonatel"),
    pytest.param(orange_cm.seen_state, orange_cm.WORDS, CAMEROON, id="cameroon"),
]


@pytest.mark.parametrize(("seen_state", "words", "expected"), TABLES)
def test_each_word_means_what_its_table_says(seen_state: Any, words: Mapping[str, SeenState], expected: Any) -> None:
    assert {word: seen_state(word) for word in words} == {word: (state, True) for word, state in expected.items()}


@pytest.mark.parametrize(("seen_state", "words", "expected"), TABLES)
@pytest.mark.parametrize("word", ["", "success", "SUCCESS ", "PAID", "COMPLETED", "REVERSED", "SUCCESSFULLL", "0"])
def test_any_other_word_waits_and_says_so(seen_state: Any, words: Any, expected: Any, word: str) -> None:  # noqa: ARG001
    assert seen_state(word) == (PENDING, False)


def refusal(status: int, **problem: Any) -> Answered:
    return Answered(status, {"content-type": "application/problem+json"}, json.dumps(problem).encode())


@pytest.mark.parametrize(
    ("code", "on_collect", "on_payout"),
    [
        ("2000", Reason.PAYER_NOT_FOUND, Reason.PAYEE_NOT_FOUND),
        ("2001", Reason.PAYER_NOT_FOUND, Reason.PAYEE_NOT_FOUND),
        ("2011", Reason.CONFIGURATION, Reason.CONFIGURATION),
        ("2013", Reason.ACCOUNT_BLOCKED, Reason.ACCOUNT_BLOCKED),
        ("2020", Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY),
        ("2021", Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY),
        ("2022", Reason.PAYEE_LIMIT, Reason.PAYEE_LIMIT),
        ("2041", Reason.PAYEE_NOT_ALLOWED, Reason.PAYEE_NOT_ALLOWED),
        ("4003", Reason.CONFIGURATION, Reason.CONFIGURATION),
        ("4004", Reason.LINK_EXPIRED, Reason.LINK_EXPIRED),
        ("4099", Reason.CONFIGURATION, Reason.CONFIGURATION),
        ("7777", Reason.UNSPECIFIED, Reason.UNSPECIFIED),
    ],
)
@pytest.mark.parametrize("is_number", [False, True])
def test_each_code_of_sonatel_says_why(code: str, on_collect: Reason, on_payout: Reason, *, is_number: bool) -> None:
    answer = refusal(400, code=int(code) if is_number else code, detail="their words")
    assert orange_sonatel_words.rejection(answer, "collect") == Rejected(
        on_collect, code, "their words", code == "2011"
    )
    assert orange_sonatel_words.rejection(answer, "payout") == Rejected(on_payout, code, "their words", code == "2011")


def test_sonatels_code_50_leaves_a_doubt_and_a_typed_code_is_the_payers() -> None:
    assert orange_sonatel_words.rejection(refusal(400, code="50"), "payout") == Unknown(is_sent=True, detail="code 50")
    typed = orange_sonatel_words.rejection(refusal(400, code="2011"), "collect", is_by_code=True)
    assert typed == Rejected(Reason.WRONG_PIN, "2011")
    nowhere = orange_sonatel_words.rejection(refusal(404, title="no such path"), "payout")
    assert nowhere == Rejected(Reason.CONFIGURATION, "404", "no such path")


@pytest.mark.parametrize(
    ("code", "sentence", "on_collect", "on_payout"),
    [
        ("60019", "", Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY),
        ("", "Le solde du compte du payeur est insuffisant", Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY),
        ("417", "Bénéficiaire introuvable", Reason.PAYER_NOT_FOUND, Reason.PAYEE_NOT_FOUND),
        ("417", "Utilisateur bloqué", Reason.ACCOUNT_BLOCKED, Reason.ACCOUNT_BLOCKED),
        ("417", "Transaction refusée par le client", Reason.NOT_APPROVED, Reason.PAYEE_NOT_ALLOWED),
        ("900901", "Invalid Credentials", Reason.CONFIGURATION, Reason.CONFIGURATION),
        ("900902", "Missing Credentials", Reason.CONFIGURATION, Reason.CONFIGURATION),
        ("900908", "Resource forbidden", Reason.CONFIGURATION, Reason.CONFIGURATION),
        ("99999", "Une phrase nouvelle", Reason.UNSPECIFIED, Reason.UNSPECIFIED),
    ],
)
def test_cameroon_says_why_by_code_else_by_sentence(
    code: str, sentence: str, on_collect: Reason, on_payout: Reason
) -> None:
    assert orange_cm.reason_of(code, sentence, "collect") is on_collect
    assert orange_cm.reason_of(code, sentence, "payout") is on_payout


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (417, {"message": "60019 :: Solde insuffisant"}, Rejected(Reason.INSUFFICIENT_FUNDS, "60019", "")),
        (400, {"message": "Requete invalide"}, Rejected(Reason.UNSPECIFIED, "", "")),
        (404, {"message": "No such path"}, Rejected(Reason.CONFIGURATION, "404", "")),
        (200, {"fault": {"code": 900901, "message": "Invalid"}}, Rejected(Reason.CONFIGURATION, "900901", "")),
        (200, {"data": {"status": "FAILED", "inittxnstatus": "1"}}, Rejected(Reason.UNSPECIFIED, "1", "")),
    ],
)
def test_cameroon_refuses_in_many_forms(fakes: Fakes, status: int, body: Any, expected: Rejected) -> None:
    order = fakes.order(fakes.account("orange_cm"), party="+237690112233")
    said = orange_cm._rejected(Answered(status, {}, json.dumps(body).encode()), order)
    assert (said.reason, said.code) == (expected.reason, expected.code)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 302])
def test_a_status_that_decides_nothing_leaves_a_doubt(status: int) -> None:
    meaning = calls.meaning_of(refusal(status, code="1"))
    assert meaning == Unknown(is_sent=True, detail=f"http {status}", slows=status == 429)


@pytest.mark.parametrize("body", [b"", b"<html>Maintenance</html>", b'"text"', b"{"])
@pytest.mark.parametrize("status", [200, 201, 400, 404, 415, 422])
def test_a_page_where_json_is_due_leaves_a_doubt(status: int, body: bytes) -> None:
    assert calls.meaning_of(Answered(status, {}, body)) == Unknown(is_sent=True, detail=f"http {status}")


def test_forbidden_is_our_configuration() -> None:
    meaning = calls.meaning_of(Answered(403, {}, b"Access denied"))
    assert meaning == Rejected(Reason.CONFIGURATION, "403", "Access denied")


@pytest.mark.parametrize("is_pem", [True, False])
def test_a_pin_is_encrypted_anew_for_each_call(*, is_pem: bool) -> None:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    encoding = Encoding.PEM if is_pem else Encoding.DER
    octets = private.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
    published = octets.decode() if is_pem else base64.b64encode(octets).decode()
    first, second = encrypt_pin("4821", published), encrypt_pin("4821", published)
    assert first != second
    assert [private.decrypt(base64.b64decode(one), padding.PKCS1v15()) for one in (first, second)] == [b"4821"] * 2


def test_what_is_no_rsa_key_encrypts_nothing() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    other = curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert [encrypt_pin("4821", key) for key in (None, "", "????", "AAAA", other, 5)] == [""] * 6


@pytest.mark.parametrize("raw", ["771234567", "221771234567", "+221771234567"])
def test_a_senegalese_number_is_read_in_each_form(raw: str) -> None:
    phone = calls.read_phone(raw, "SN")
    assert phone is not None
    assert phone.e164 == "+221771234567"
    assert calls.national_digits(phone, "SN") == "771234567"
    assert calls.national_digits(phone, "CM") == ""


@pytest.mark.parametrize("raw", [None, "", "12", "MERCHANT", 7.5, {}])
def test_what_is_no_number_is_nobody(raw: object) -> None:
    assert calls.read_phone(raw, "SN") is None


@pytest.mark.parametrize("typed", ["690112233", "237690112233", "+237 690 11 22 33"])
def test_our_own_wallet_goes_out_in_nine_digits(typed: str) -> None:
    assert calls.own_digits(typed, "CM") == "690112233"


@pytest.mark.parametrize("raw", [None, "", [], {}, 1.5, "é", "a\nb", "\0", "\ud800", "x" * 2_001])
def test_what_cannot_be_sent_back_is_no_identifier(raw: object) -> None:
    assert calls.identifier(raw) == ""
    assert calls.identifier("MP261121.1002.A34169") == "MP261121.1002.A34169"


def test_their_words_are_kept_short_and_storable() -> None:
    assert calls.said("  SUCCESS\0 ") == "SUCCESS"
    assert calls.said("\ud800") == "?"
    assert len(calls.said("é" * 500)) == 200
    nothing: list[object] = [None, [], {}, 1.5]
    assert [calls.said(raw) for raw in nothing] == [""] * 4


def test_an_end_of_time_is_no_trouble() -> None:
    assert calls.is_past("9999-12-31T23:59:59Z", clock.now()) is False
    assert [calls.is_past(raw, clock.now()) for raw in (None, "", "soon", 5, "2026-11-21T10:00:00")] == [False] * 5


def test_a_sentence_repeats_no_number_of_a_person() -> None:
    kept = calls.sentence("Le compte 237690112233 est bloque, pin=4821")
    assert "690112233" not in kept
    assert "4821" not in kept
    assert kept.startswith("Le compte")
