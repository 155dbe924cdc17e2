"""What an answer means: the vectors one by one, and what no bytes whatever can make it say."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.vectors import mojaloop_outcomes
from core.i18n import catalogue
from core.money import Currency, Money
from providers.answers import Reason, SeenState
from providers.mojaloop.codes import CODES, SENTENCES, sentence_of
from providers.mojaloop.contract import Asked, Operation, Progress, Verdict
from providers.mojaloop.parties import read_party
from providers.mojaloop.reading import read
from providers.mojaloop.verdicts import classify

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "mojaloop_outcomes.json").read_text())
CHECKED = list(mojaloop_outcomes.check(VECTORS))
OWN_ID: str = VECTORS["own_id"]
ASKED = Asked(Money(50_000, Currency.XOF))
MOVED = {"COMMITTED", "SETTLED"}
WORDS = ["COMMITTED", "SETTLED", "RESERVED", "RECEIVED", "ABORTED", "COMPLETED", "", None, 7]
CODES_SAID = [*CODES, "3106", "3208", "3303", "3300", "2001", "1000", "504", "500", "9999", 3204, 10**5_000, True, None]


@pytest.mark.parametrize(("name", "differences"), CHECKED, ids=[name for name, _ in CHECKED])
def test_a_vector_is_as_written(name: str, differences: list[str]) -> None:
    assert differences == [], name


def test_every_vector_is_there() -> None:
    assert len(CHECKED) == 61 + 15 + 6 + 7


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
amounts = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.sampled_from(["50000", "50000.0", "49900", "", 50000, "NaN", "1e4", None]) | junk,
        "currency": st.sampled_from(["XOF", "XAF", None]) | junk,
    },
)
quotes = st.fixed_dictionaries(
    {}, optional={"transferAmount": amounts | junk, "payeeReceiveAmount": amounts | junk, "condition": junk}
)
errors = st.fixed_dictionaries({}, optional={"errorCode": st.sampled_from(CODES_SAID) | junk})
records = st.fixed_dictionaries(
    {},
    optional={
        "transferId": st.sampled_from([OWN_ID, "another", "", None, 3]) | junk,
        "currency": st.sampled_from(["XOF", "XAF"]) | junk,
        "currentState": st.sampled_from(
            [*WORDS, "WAITING_FOR_PARTY_ACCEPTANCE", "WAITING_FOR_QUOTE_ACCEPTANCE", "ERROR_OCCURRED"]
        ),
        "fulfil": st.fixed_dictionaries(
            {}, optional={"body": st.fixed_dictionaries({}, optional={"transferState": st.sampled_from(WORDS)}) | junk}
        )
        | junk,
        "quoteResponse": st.fixed_dictionaries({}, optional={"body": quotes | junk}) | junk,
        "lastError": st.fixed_dictionaries(
            {}, optional={"mojaloopError": errors | st.builds(lambda e: {"errorInformation": e}, errors) | junk}
        )
        | junk,
    },
)
likely = st.builds(
    lambda record, word, own_id: {**record, "fulfil": {"body": {"transferState": word}}, **own_id},
    records,
    st.sampled_from(["COMMITTED", "SETTLED", "RESERVED", "ABORTED"]),
    st.sampled_from([{}, {"transferId": OWN_ID}, {"transferId": "another"}]),
)
documents = (records | likely) | st.builds(
    lambda record, code, message: {"transferState": record, "statusCode": code, "message": message},
    records | likely | junk,
    st.sampled_from(CODES_SAID),
    st.sampled_from(["socket hang up", "No cached data found", "errorCode: '3208'", "additional properties", None])
    | junk,
)


def bodies_of(document: Any) -> bytes:
    try:
        return json.dumps(document).encode("utf-8", "replace")
    except ValueError:  # a whole number too long to be written
        return b"1" * 5_000


bodies = st.binary(max_size=64) | st.builds(bodies_of, documents | junk)
statuses = st.sampled_from([200, 201, 202, 204, 301, 400, 401, 404, 408, 429, 500, 502, 503, 504]) | st.integers(
    100, 599
)
ages = st.sampled_from([0.0, 30.0, 899.9, 900.0, 10**6])


@given(st.sampled_from(Operation), st.sampled_from([OWN_ID, None]), statuses, bodies, ages)
def test_nobody_is_paid_without_committed_about_our_transfer(
    operation: Operation, own_id: str | None, status: int, body: bytes, age_s: float
) -> None:
    verdict = classify(operation, own_id, ASKED, status, body, age_s)
    said = read(status, body)
    if verdict.is_paid:
        assert 200 <= status < 300
        assert said.fulfil_state in MOVED
        assert said.transfer_id
        is_ours = own_id is None or said.transfer_id == own_id
        assert is_ours or (verdict.stop == "account" and operation is not Operation.GET_TRANSFER)
        received = said.quote.get("payeeReceiveAmount")
        assert received is None or (isinstance(received, dict) and received.get("currency") in {None, "XOF"})
    hold_together(operation, verdict)
    if said.fulfil_state in MOVED and operation is not Operation.GET_TRANSFER and (said.is_success or said.has_record):
        assert verdict.answer != "rejected", "the switch says paid"


def hold_together(operation: Operation, verdict: Verdict) -> None:
    """Check what is true of every verdict, whatever was answered."""
    is_read = operation is Operation.GET_TRANSFER
    assert (verdict.answer in {"seen", "not_seen"}) <= is_read
    assert (verdict.answer in {"accepted", "rejected"}) <= (not is_read)
    assert (verdict.answer == "rejected") == (verdict.again is not None)
    assert (verdict.answer == "rejected") <= (verdict.reason is not None)
    assert isinstance(verdict.state, Progress) == (verdict.answer == "accepted")
    assert isinstance(verdict.state, SeenState) == (verdict.answer == "seen")
    assert verdict.is_confirmed_by_read <= (verdict.answer == "rejected")
    assert (verdict.is_sent is not None) == (verdict.answer == "unknown" and not is_read)
    if verdict.reason is not None:
        assert sentence_of(verdict.code or "", verdict.reason)


@given(st.sampled_from(["2001", "3106", "3208", "3303", "504", "9999", None]), statuses)
def test_once_a_quote_was_given_a_doubt_is_never_a_refusal(code: str | None, status: int) -> None:
    record = {"transferId": OWN_ID, "quoteResponse": {"body": {}}, "lastError": {"mojaloopError": {"errorCode": code}}}
    body = json.dumps({"message": "x", "transferState": record}).encode()
    if not 200 <= status < 300:
        assert classify(Operation.POST_TRANSFERS, OWN_ID, ASKED, status, body).answer == "unknown"


@given(st.sampled_from(CODES_SAID[:-4]), st.sampled_from([500, 504]))
def test_after_accept_quote_every_refusal_wants_a_read(code: str, status: int) -> None:
    record = {"transferId": OWN_ID, "lastError": {"mojaloopError": {"errorCode": code}}}
    body = json.dumps({"transferState": record}).encode()
    verdict = classify(Operation.PUT_ACCEPT_QUOTE, OWN_ID, ASKED, status, body)
    assert verdict.answer == "unknown" or verdict.is_confirmed_by_read


@given(statuses, bodies)
def test_a_look_up_reads_any_bytes(status: int, body: bytes) -> None:
    answer = read_party(status, body, "2290197000001", "XOF")
    assert answer.attempts == ()


@pytest.mark.parametrize("receive", ["49900", "50000.5", "", "NaN", "-50000"])
def test_another_amount_is_a_doubt(receive: str) -> None:
    document = {
        "transferId": OWN_ID,
        "quoteResponse": {"body": {"payeeReceiveAmount": {"amount": receive, "currency": "XOF"}}},
        "fulfil": {"body": {"transferState": "COMMITTED"}},
    }
    for operation, status in ((Operation.POST_TRANSFERS, 200), (Operation.GET_TRANSFER, 200)):
        verdict = classify(operation, OWN_ID, ASKED, status, json.dumps(document).encode())
        assert (verdict.answer, verdict.reason) == ("unknown", Reason.MISMATCH_AMOUNT)


def test_an_answer_about_another_transfer_is_no_news_of_ours() -> None:
    document = {"transferId": "another", "fulfil": {"body": {"transferState": "COMMITTED"}}}
    verdict = classify(Operation.GET_TRANSFER, OWN_ID, ASKED, 200, json.dumps(document).encode())
    assert verdict.answer == "unknown"


def test_an_answer_that_names_no_transfer_is_a_doubt() -> None:
    body = json.dumps({"fulfil": {"body": {"transferState": "COMMITTED"}}}).encode()
    for own_id in (OWN_ID, None):
        verdict = classify(Operation.POST_TRANSFERS, own_id, ASKED, 200, body)
        assert (verdict.answer, verdict.stop) == ("unknown", None)


@pytest.mark.parametrize("code", ["5200", "4001", None])
def test_a_refusal_that_carries_committed_is_a_doubt(code: str | None) -> None:
    record = {
        "transferId": OWN_ID,
        "quoteResponse": {"body": {}},
        "fulfil": {"body": {"transferState": "COMMITTED"}},
        "lastError": {"mojaloopError": {"errorCode": code}},
    }
    body = json.dumps({"transferState": record}).encode()
    for operation in (Operation.POST_TRANSFERS, Operation.PUT_ACCEPT_QUOTE):
        assert classify(operation, OWN_ID, ASKED, 500, body).answer == "unknown"


def test_the_grace_is_the_longer_of_two() -> None:
    body = json.dumps({"message": "errorCode: '3208'"}).encode()
    long = Asked(ASKED.amount, expiry_s=2_000.0)
    proofs = [classify(Operation.GET_TRANSFER, OWN_ID, asked, 500, body, 900.0).is_proof for asked in (ASKED, long)]
    assert proofs == [True, False]


def test_a_send_compares_what_leaves_us() -> None:
    document = {
        "transferId": OWN_ID,
        "quoteResponse": {
            "body": {
                "transferAmount": {"amount": "50000", "currency": "XOF"},
                "payeeReceiveAmount": {"amount": "49900", "currency": "XOF"},
            }
        },
        "fulfil": {"body": {"transferState": "COMMITTED"}},
    }
    send = Asked(ASKED.amount, "SEND")
    assert classify(Operation.POST_TRANSFERS, OWN_ID, send, 200, json.dumps(document).encode()).is_paid


def test_every_code_has_a_sentence_in_both_languages() -> None:
    sentences = {meaning.sentence for meaning in CODES.values()} | set(SENTENCES.values())
    assert all(catalogue("en").get(sentence) for sentence in sentences)
    assert all(code in CODES for code in ("3204", "3302", "4001", "4999", "5000", "5299", "5499", "5999"))
    assert not [code for code in ("3106", "3208", "3300", "3303", "2001", "1000") if code in CODES]
