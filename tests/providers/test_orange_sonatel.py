"""Orange Sonatel beside its running fake: QR codes, typed codes, cash-ins with an encrypted PIN, signed records."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core import clock
from core.money import Currency, Money
from providers.answers import (
    Accepted,
    NotOffered,
    NotSeen,
    Page,
    Reason,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.mobile_money import orange_sonatel_words as words
from providers.mobile_money.orange_sonatel import ADAPTER
from providers.tokens import tokens
from providers.wire import Answered, Wire
from tests.providers.conftest import Fakes
from tests.providers.orange_talk import Talk, assert_nothing_leaks

NAME = "orange_sonatel"
PAYEE = "+221771234567"
SERIES = "+221771000"


@pytest.fixture
def qr(fakes: Fakes) -> Talk:
    return Talk(fakes, NAME)


@pytest.fixture
def cash_in(fakes: Fakes) -> Talk:
    return Talk(fakes, NAME, "payout", party=PAYEE, amount_minor=45_000)


@pytest.fixture
def by_hand(fakes: Fakes) -> Iterator[None]:
    fakes.kernel.is_by_hand = True
    yield
    fakes.kernel.is_by_hand = False


def by_code(fakes: Fakes, otp: str = "482137", party: str = PAYEE) -> Talk:
    return Talk(fakes, NAME, account=fakes.account(NAME, mode="otp"), party=party, otp=otp)


# Money in


def test_a_member_pays_a_qr_code(fakes: Fakes, qr: Talk) -> None:
    answer = qr.send()
    assert isinstance(answer, Accepted)
    assert answer.next.kind == "show_qr"
    assert base64.b64decode(answer.next.png).startswith(b"\x89PNG")
    assert answer.next.url.startswith(f"{fakes.url}/orange_sonatel/pay/")
    assert answer.next.until is not None
    assert timedelta(seconds=890) < answer.next.until - clock.now() <= timedelta(seconds=900)
    assert qr.seen() == Seen(SeenState.PENDING, "")
    fakes.advance(2)
    seen = qr.seen()
    assert (seen.state, seen.amount, seen.party) == (SeenState.SUCCEEDED, Money(5_000, Currency.XOF), None)
    assert seen.provider_ref == fakes.payments(NAME)[0].provider_ref
    assert qr.moved() == [("collect", 5_000, "")]
    assert qr.operations == ["token", "collect", "status", "status"]
    assert_nothing_leaks(qr)


def test_whoever_pays_a_qr_code_is_masked_in_what_is_kept(fakes: Fakes) -> None:
    qr = Talk(fakes, NAME, external_id=UUID(int=7, version=4))
    qr.send()
    fakes.advance(2)
    qr.read()
    records = ask(fakes, qr, f"/api/eWallet/v1/transactions?reference={qr.order.reference}").json()
    payer = records[0]["customer"]["id"]
    assert len(payer) == 9
    assert payer not in qr.text
    assert f"{payer[:2]}****{payer[-2:]}" in qr.text


def ask(fakes: Fakes, talk: Talk, path: str, headers: dict[str, str] | None = None) -> Any:
    token = tokens.get(Wire(), talk.order.account, "ewallet", lambda: Unknown(is_sent=False))
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"} if headers is None else headers
    return Wire().call("ask", "GET", f"{fakes.url}/{NAME}{path}", headers=sent)


def test_a_payer_gives_a_code(fakes: Fakes) -> None:
    talk = by_code(fakes)
    answer = talk.send()
    assert isinstance(answer, Accepted)
    assert answer.provider_ref is not None
    assert answer.seen is not None
    assert (answer.seen.state, answer.seen.provider_state) == (SeenState.PENDING, "SUCCESS")  # no amount to compare yet
    seen = talk.seen()
    assert (seen.state, seen.amount, seen.party) == (SeenState.SUCCEEDED, talk.order.amount, talk.order.party)
    assert "482137" not in talk.text
    assert talk.moved() == [("collect", 5_000, "771234567")]
    assert_nothing_leaks(talk)


def test_without_a_code_there_is_a_qr(fakes: Fakes) -> None:
    answer = by_code(fakes, otp="").send()
    assert isinstance(answer, Accepted)
    assert answer.next.kind == "show_qr"


def test_a_wrong_code_is_the_payers(fakes: Fakes) -> None:
    answer = by_code(fakes, otp="azerty").send()
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code, answer.is_pin_wrong) == (Reason.WRONG_PIN, "2011", False)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("014", Reason.INSUFFICIENT_FUNDS),
        ("015", Reason.PAYER_NOT_FOUND),
        ("016", Reason.PAYEE_NOT_ALLOWED),
    ],
)
def test_a_code_payment_is_refused_at_once(fakes: Fakes, code: str, reason: Reason) -> None:
    talk = by_code(fakes, party=SERIES + code)
    answer = talk.send()
    assert isinstance(answer, Rejected)
    assert answer.reason is reason
    assert talk.moved() == []


@pytest.mark.parametrize("code", ["014", "015", "016"])
def test_a_refused_qr_payment_failed(fakes: Fakes, code: str) -> None:
    talk = Talk(fakes, NAME, amount_minor=5_000 + int(code))
    talk.send()
    fakes.advance(2)
    assert (talk.seen().state, talk.seen().reason) == (SeenState.FAILED, Reason.UNSPECIFIED)
    assert talk.moved() == []


@pytest.mark.usefixtures("by_hand")
def test_a_qr_nobody_paid_expires_ten_minutes_after_its_end(fakes: Fakes, qr: Talk) -> None:
    with clock.travel(clock.now()) as traveller:
        qr.send()
        traveller.advance(900 + 599)
        assert qr.seen() == Seen(SeenState.PENDING, "")
        traveller.advance(2)
        assert qr.seen() == Seen(SeenState.EXPIRED, "", reason=Reason.LINK_EXPIRED)
        assert fakes.payments(NAME)[0].is_pending


@pytest.mark.parametrize("code", ["001", "002", "003", "021"])
def test_a_lost_qr_was_given_to_nobody_and_expires(fakes: Fakes, code: str) -> None:
    with clock.travel(clock.now()) as traveller:
        talk = Talk(fakes, NAME, amount_minor=5_000 + int(code))
        answer = talk.send()
        assert isinstance(answer, Unknown)
        assert answer.is_sent
        traveller.advance(1_499)
        assert isinstance(talk.read(), NotSeen)
        traveller.advance(1)
        assert talk.seen() == Seen(SeenState.EXPIRED, "", reason=Reason.LINK_EXPIRED)
        assert talk.moved() == []


def test_a_payment_that_began_is_on_record_and_does_not_expire(fakes: Fakes) -> None:
    with clock.travel(clock.now()) as traveller:
        talk = Talk(fakes, NAME, amount_minor=5_012)
        talk.send()
        traveller.advance(86_400)
        assert (talk.seen().state, talk.seen().provider_state) == (SeenState.PENDING, "PENDING")


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize(("choice", "state"), [("pay", SeenState.SUCCEEDED), ("refuse", SeenState.CANCELLED)])
def test_a_person_presses_a_button_behind_the_qr(fakes: Fakes, qr: Talk, choice: str, state: SeenState) -> None:
    answer = qr.send()
    assert isinstance(answer, Accepted)
    page = Wire().call("page", "GET", answer.next.url)
    assert isinstance(page, Answered)
    assert "Payer" in page.body.decode()
    assert "Refuser" in page.body.decode()
    Wire().call("page", "POST", answer.next.url, form={"choice": choice})
    assert qr.seen().state is state
    assert len(qr.moved()) == (state is SeenState.SUCCEEDED)
    fakes.advance(3_600)
    assert qr.seen().state is state


# What the provider checks


def test_a_call_without_a_content_type_is_refused_415(fakes: Fakes, qr: Talk) -> None:
    qr.send()
    token = tokens.get(Wire(), qr.order.account, "ewallet", lambda: Unknown(is_sent=False))
    answer = ask(fakes, qr, "/api/eWallet/v1/transactions", {"Authorization": f"Bearer {token}"})
    assert answer.status == 415
    assert ask(fakes, qr, "/api/eWallet/v1/transactions").status == 200


def test_their_filter_by_type_answers_nothing(fakes: Fakes, qr: Talk) -> None:
    qr.send()
    fakes.advance(2)
    path = f"/api/eWallet/v1/transactions?reference={qr.order.reference}"
    assert len(ask(fakes, qr, path).json()) == 1
    assert ask(fakes, qr, f"{path}&type=MERCHANT_PAYMENT").json() == []


def test_a_token_lives_five_minutes(fakes: Fakes, qr: Talk) -> None:
    with clock.travel(clock.now()) as traveller:
        qr.send()
        traveller.advance(301)
        assert ask(fakes, qr, "/api/eWallet/v1/transactions", {"Content-Type": "application/json"}).status == 401
        qr.read()
    assert qr.operations == ["token", "collect", "token", "status"]


# Records


def record(status: str, **changes: Any) -> dict[str, Any]:
    return {
        "transactionId": "MP261121.0001.A1",
        "reference": "REF",
        "type": "MERCHANT_PAYMENT",
        "status": status,
        "amount": {"value": 5000.0, "unit": "XOF"},
        "customer": {"id": "221771234567", "idType": "MSISDN"},
        "createdAt": "2026-11-21T10:00:00Z",
        **changes,
    }


def test_of_several_records_the_paid_one_wins_then_the_open_one_then_the_newest(qr: Talk) -> None:
    order = replace(qr.order, reference="REF")
    paid, open_one = record("SUCCESS"), record("PENDING", createdAt="2026-11-21T12:00:00Z")
    failed = record("FAILED", createdAt="2026-11-21T11:00:00Z")
    older = record("CANCELLED", createdAt="2026-11-21T09:00:00Z")
    assert words.best_record([failed, paid, open_one, older], order) is paid
    assert words.best_record([older, failed, open_one], order) is open_one
    assert words.best_record([older, failed], order) is failed
    assert words.best_record([], order) is None


def test_a_record_of_another_kind_or_reference_is_not_ours(qr: Talk) -> None:
    order = replace(qr.order, reference="REF")
    assert words.best_record([record("SUCCESS", type="CASHIN"), record("SUCCESS", reference="OTHER")], order) is None
    payout = replace(order, direction="payout")
    for written in ("CASHIN", "CASH_IN", "CashIn"):
        cash_in = record("SUCCESS", type=written)
        assert words.best_record([record("SUCCESS"), cash_in], payout) is cash_in


@pytest.mark.parametrize("value", [5_000, 5_000.0, "5000", "5000.00"])
def test_an_amount_may_be_a_float(value: object) -> None:
    seen = words.seen_record(record("SUCCESS", amount={"value": value, "unit": "XOF"}))
    assert (seen.state, seen.amount) == (SeenState.SUCCEEDED, Money(5_000, Currency.XOF))
    assert seen.party is not None
    assert seen.party.e164 == PAYEE


@pytest.mark.parametrize("amount", [None, {}, {"value": None}, "5000"])
def test_paid_without_an_amount_is_not_yet_money(amount: object) -> None:
    assert words.seen_record(record("SUCCESS", amount=amount)).state is SeenState.PENDING


def test_paid_in_a_currency_we_do_not_count_in_says_which() -> None:
    seen = words.seen_record(record("SUCCESS", amount={"value": 5, "unit": "MAD"}))
    assert (seen.state, seen.amount, seen.currency_text) == (SeenState.SUCCEEDED, None, "MAD")


# The day's list


def test_the_day_is_listed_with_what_nobody_asked_for(fakes: Fakes) -> None:
    with clock.travel(datetime(2026, 11, 21, 10, 0, tzinfo=UTC)) as traveller:
        paid = [Talk(fakes, NAME), Talk(fakes, NAME, "payout", party=PAYEE, amount_minor=45_000)]
        paid.append(Talk(fakes, NAME, amount_minor=5_023))  # and somebody pays what was never asked
        hidden = Talk(fakes, NAME, amount_minor=5_024)  # paid, and absent from the list
        refused = Talk(fakes, NAME, amount_minor=5_014)
        for talk in (*paid, hidden, refused):
            talk.send()
        traveller.advance(2)
        fakes.advance(0)
        page = ADAPTER.list(paid[0].order.account, clock.today(), None, Wire())
        traveller.advance(86_400)
        other_day = ADAPTER.list(paid[0].order.account, clock.today(), None, Wire())
    assert isinstance(page, Page)
    assert page.cursor is None
    listed = sorted((line.kind, line.amount.minor, line.external_id) for line in page.lines)
    references = [talk.order.reference for talk in paid]
    assert listed == sorted(
        [
            ("collect", 5_000, references[0]),
            ("payout", 45_000, references[1]),
            ("collect", 5_023, references[2]),
            ("collect", 5_023, ""),
        ]
    )
    assert {line.provider_state for line in page.lines} == {"SUCCESS"}
    assert {line.party for line in page.lines if line.kind == "payout"} == {PAYEE}
    assert hidden.seen().state is SeenState.SUCCEEDED
    assert isinstance(other_day, Page)
    assert list(other_day.lines) == []


def test_what_is_not_offered(fakes: Fakes, cash_in: Talk) -> None:
    account, wire = fakes.account(NAME), Wire()
    assert ADAPTER.offers == {"collect", "payout", "list", "otp"}
    assert ADAPTER.refund(cash_in.order, wire) == Rejected(Reason.NOT_OFFERED)
    assert ADAPTER.balance(account, wire) == NotOffered()
    assert cash_in.order.party is not None
    assert ADAPTER.name_of(account, cash_in.order.party, wire) == NotOffered()
    assert ADAPTER.probe(account, wire) is True
