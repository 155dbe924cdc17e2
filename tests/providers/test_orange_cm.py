"""Orange Cameroon beside its running fake: a prompt, a cash-in, refusals by HTTP 417 and by faults with HTTP 200."""

import json
from dataclasses import replace
from typing import Any

import pytest

from core import clock
from core.money import Currency, Money
from providers.answers import (
    Accepted,
    Hint,
    NotOffered,
    NotSeen,
    Prepared,
    Reason,
    Refusal,
    Rejected,
    SeenState,
    Unknown,
)
from providers.fakes.orange_cm import OrangeCameroonFake
from providers.mobile_money.orange_cm import ADAPTER
from providers.wire import Wire
from tests.providers.conftest import Fakes, phone
from tests.providers.orange_talk import Talk, assert_nothing_leaks, inbound

NAME = "orange_cm"
PAYER = "+237690112233"
SERIES = "+237678000"


def talk_of(fakes: Fakes, direction: str = "collect", party: str = PAYER, **asked: Any) -> Talk:
    return Talk(fakes, NAME, direction, party=party, **asked)


def fake_of(fakes: Fakes) -> OrangeCameroonFake:
    fake = fakes.payments(NAME)[0].fake
    assert isinstance(fake, OrangeCameroonFake)
    return fake


def test_a_member_confirms_a_prompt(fakes: Fakes) -> None:
    talk = talk_of(fakes)
    answer = talk.send()
    assert isinstance(answer, Accepted)
    assert answer.next.kind == "confirm_on_phone"
    assert talk.order.handles["pay_token"].startswith("MP")
    assert (talk.seen().state, talk.seen().provider_state) == (SeenState.PENDING, "PENDING")
    fakes.advance(2)
    seen = talk.seen()
    assert (seen.state, seen.provider_state) == (SeenState.SUCCEEDED, "SUCCESSFULL")
    assert (seen.amount, seen.party) == (Money(5_000, Currency.XAF), phone(PAYER))
    assert seen.provider_ref == answer.provider_ref == fakes.payments(NAME)[0].provider_ref
    assert talk.moved() == [("collect", 5_000, "690112233")]
    assert talk.operations == ["token", "prepare", "collect", "status", "status", "status"]
    assert_nothing_leaks(talk)


def test_a_pot_is_sent_by_cash_in(fakes: Fakes) -> None:
    talk = talk_of(fakes, "payout", amount_minor=45_000)
    answer = talk.send()
    assert isinstance(answer, Accepted)
    assert answer.next.kind == "nothing"
    fakes.advance(2)
    seen = talk.seen()
    assert (seen.state, seen.amount, seen.party) == (SeenState.SUCCEEDED, Money(45_000, Currency.XAF), phone(PAYER))
    assert talk.moved() == [("payout", 45_000, "690112233")]
    assert {one.url.split("/")[-2] for wire in talk.wires for one in wire.exchanges if "init" in one.url} == {"cashin"}
    assert_nothing_leaks(talk)


def test_what_is_sent_is_what_they_take(fakes: Fakes) -> None:
    talk = talk_of(fakes)
    talk.send()
    document = fakes.payments(NAME)[0].document
    assert document["orderId"] == talk.order.reference[-20:]
    assert (document["amount"], document["subscriberMsisdn"]) == ("5000", "690112233")
    assert document["notifUrl"] == talk.order.callback_url
    assert document["channelUserMsisdn"] == talk.order.account.secrets["channel_msisdn"]


def test_a_preparation_moves_nothing_and_may_be_repeated(fakes: Fakes) -> None:
    order = talk_of(fakes).order
    ready = [ADAPTER.prepare(order, Wire()) for _ in range(3)]
    assert all(isinstance(one, Prepared) for one in ready)
    assert len({one.handles["pay_token"] for one in ready if isinstance(one, Prepared)}) == 3
    assert fakes.payments(NAME) == []
    assert len(fakes.kernel.book) == 0


def test_without_a_preparation_nothing_is_sent(fakes: Fakes) -> None:
    order, wire = talk_of(fakes).order, Wire()
    assert ADAPTER.collect(order, wire) == Unknown(is_sent=False, detail="not prepared")
    assert isinstance(ADAPTER.status(order, wire), NotSeen)
    assert wire.exchanges == []


@pytest.mark.parametrize(
    ("code", "collect", "payout"),
    [
        ("014", Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY),
        ("015", Reason.PAYER_NOT_FOUND, Reason.PAYEE_NOT_FOUND),
    ],
)
def test_some_refusals_come_at_once(fakes: Fakes, code: str, collect: Reason, payout: Reason) -> None:
    for direction, reason in (("collect", collect), ("payout", payout)):
        talk = talk_of(fakes, direction, SERIES + code)
        answer = talk.send()
        assert isinstance(answer, Rejected)
        assert (answer.reason, answer.is_pin_wrong) == (reason, False)
        assert talk.wires[-1].exchanges[-1].http_status == 417
        fakes.advance(60)
        assert talk.seen().state is SeenState.FAILED
        assert talk.seen().reason is reason
        assert talk.moved() == []


def test_a_payer_may_say_no(fakes: Fakes) -> None:
    talk = talk_of(fakes, party=SERIES + "016")
    assert isinstance(talk.send(), Accepted)
    fakes.advance(2)
    assert (talk.seen().state, talk.seen().reason) == (SeenState.FAILED, Reason.NOT_APPROVED)
    assert talk.moved() == []


def test_a_wrong_channel_pin_locks_the_account(fakes: Fakes) -> None:
    account = fakes.account(NAME)
    pin = "9999" if account.secrets["channel_pin"] != "9999" else "8888"
    talk = talk_of(fakes, account=replace(account, secrets={**account.secrets, "channel_pin": pin}))
    assert talk.send() == Rejected(Reason.CONFIGURATION, "5000", "PIN incorrect", is_pin_wrong=True)
    assert talk.wires[-1].exchanges[-1].http_status == 200
    assert fakes.payments(NAME) == []
    assert_nothing_leaks(talk)


def test_a_fault_with_http_200_is_a_refusal(fakes: Fakes) -> None:
    talk = talk_of(fakes)
    talk.send()
    again = ADAPTER.collect(talk.order, Wire())
    assert again == Rejected(Reason.UNSPECIFIED, "5000", "payToken invalide ou deja utilise")
    fakes.advance(2)
    assert len(talk.moved()) == 1


@pytest.mark.parametrize("name", ["client_id", "client_secret", "x_auth_token", "channel_msisdn", "channel_pin"])
def test_an_account_without_its_secret_says_so(fakes: Fakes, name: str) -> None:
    account = fakes.account(NAME)
    talk = talk_of(fakes, account=replace(account, secrets={**account.secrets, name: ""}))
    assert talk.send() == Rejected(Reason.CONFIGURATION, "missing", name)


@pytest.mark.parametrize("name", ["client_id", "client_secret", "x_auth_token"])
def test_a_wrong_secret_is_our_configuration(fakes: Fakes, name: str) -> None:
    account = fakes.account(NAME)
    talk = talk_of(fakes, account=replace(account, secrets={**account.secrets, name: "0123456789abcdef"}))
    answer = talk.send()
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code) == (Reason.CONFIGURATION, "401")
    assert_nothing_leaks(talk)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"party": ""}, Reason.INVALID_PHONE),
        ({"party": "+221771234567"}, Reason.INVALID_PHONE),
        ({"currency": "XOF"}, Reason.CURRENCY_NOT_SUPPORTED),
        ({"amount_minor": 0}, Reason.AMOUNT_OUT_OF_BOUNDS),
    ],
)
def test_what_orange_would_refuse_is_not_sent(fakes: Fakes, changes: dict[str, Any], reason: Reason) -> None:
    talk = talk_of(fakes, **changes)
    answer = talk.send()
    assert isinstance(answer, Rejected)
    assert answer.reason is reason
    assert talk.operations == []


@pytest.mark.parametrize("code", ["002", "003", "021", "027"])
@pytest.mark.parametrize("direction", ["collect", "payout"])
def test_a_lost_answer_is_found_by_the_token_saved_before(fakes: Fakes, direction: str, code: str) -> None:
    talk = talk_of(fakes, direction, SERIES + code)
    answer = talk.send()
    assert isinstance(answer, Unknown)
    assert answer.is_sent
    fakes.advance(2)
    assert talk.seen().state is SeenState.SUCCEEDED
    assert len(talk.moved()) == 1


def test_a_payment_that_never_arrived_waits_for_a_person(fakes: Fakes) -> None:
    talk = talk_of(fakes, party=SERIES + "001")
    assert isinstance(talk.send(), Unknown)
    fakes.advance(86_400 * 2)
    assert (talk.seen().state, talk.seen().provider_state) == (SeenState.PENDING, "INITIATED")
    assert talk.seen().amount is None
    assert talk.moved() == []
    assert ADAPTER.not_seen_is_proof is False


def test_a_token_nobody_gave_is_not_seen(fakes: Fakes) -> None:
    order = replace(talk_of(fakes).order, handles={"pay_token": "MP260101NOBODY"})
    assert isinstance(ADAPTER.status(order, Wire()), NotSeen)


@pytest.mark.parametrize(
    ("code", "amount_minor", "party"),
    [("008", 4_900, "+237678000008"), ("010", 5_000, "+237678000777")],
)
def test_the_record_says_what_really_moved(fakes: Fakes, code: str, amount_minor: int, party: str) -> None:
    talk = talk_of(fakes, party=SERIES + code)
    talk.send()
    fakes.advance(2)
    seen = talk.seen()
    assert (seen.state, seen.amount, seen.party) == (
        SeenState.SUCCEEDED,
        Money(amount_minor, Currency.XAF),
        phone(party),
    )


@pytest.mark.parametrize("code", ["009", "013"])
def test_what_no_word_of_theirs_can_show_goes_well(fakes: Fakes, code: str) -> None:
    talk = talk_of(fakes, "payout", SERIES + code)
    talk.send()
    fakes.advance(7_200)
    assert talk.seen().state is SeenState.SUCCEEDED
    assert len(talk.moved()) == 1


def test_for_ever_pending_stays_so(fakes: Fakes) -> None:
    talk = talk_of(fakes, party=SERIES + "012")
    talk.send()
    fakes.advance(86_400)
    assert (talk.seen().state, talk.seen().provider_state) == (SeenState.PENDING, "PENDING")


@pytest.mark.parametrize(
    ("after_s", "pushes"), [(5, 0), (40, 0), (53, 0), (54, 1), (60, 1), (66, 1), (104, 1), (108, 0), (3_600, 0)]
)
def test_a_prompt_is_shown_again_once_after_a_minute(fakes: Fakes, after_s: int, pushes: int) -> None:
    with clock.travel(clock.now()) as traveller:
        talk = talk_of(fakes, party=SERIES + "012")
        talk.send()
        traveller.advance(after_s)
        assert talk.seen().state is SeenState.PENDING
    assert len(fake_of(fakes).pushed) == pushes
    assert talk.operations.count("prompt_again") == pushes


def test_a_payout_prompts_nobody(fakes: Fakes) -> None:
    with clock.travel(clock.now()) as traveller:
        talk = talk_of(fakes, "payout", SERIES + "012")
        talk.send()
        traveller.advance(60)
        talk.read()
    assert fake_of(fakes).pushed == []


def test_an_expired_token_is_renewed_and_money_is_asked_once(fakes: Fakes) -> None:
    talk = talk_of(fakes, party=SERIES + "025")
    assert isinstance(talk.send(), Accepted)
    assert talk.operations == ["token", "prepare", "collect", "token", "collect"]
    fakes.advance(2)
    assert len(talk.moved()) == 1


def test_forbidden_is_our_configuration(fakes: Fakes) -> None:
    answer = talk_of(fakes, party=SERIES + "026").send()
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code) == (Reason.CONFIGURATION, "403")


def test_reads_that_come_too_fast_slow_the_account(fakes: Fakes) -> None:
    talk = talk_of(fakes, party=SERIES + "020")
    talk.send()
    fakes.advance(2)
    assert [talk.read() for _ in range(2)] == [Unknown(is_sent=True, detail="http 429", slows=True)] * 2
    assert talk.seen().state is SeenState.SUCCEEDED


def test_nobody_answers_at_all(fakes: Fakes) -> None:
    account = replace(fakes.account(NAME), base_url="http://127.0.0.1:9/orange_cm")
    assert talk_of(fakes, account=account).send() == Unknown(is_sent=False, detail="init: ConnectError")
    assert ADAPTER.probe(account, Wire()) is False


def test_a_failed_payment_that_is_paid_later_says_so_when_asked(fakes: Fakes) -> None:
    talk = talk_of(fakes, party=SERIES + "022")
    talk.send()
    fakes.advance(2)
    assert talk.seen().state is SeenState.FAILED
    fakes.advance(60)
    assert talk.seen().state is SeenState.SUCCEEDED
    assert len(talk.moved()) == 1


@pytest.mark.parametrize("is_inside", [True, False])
@pytest.mark.parametrize("token", ["the-path-token", ""])
def test_the_notification_names_its_token_at_the_top_or_under_data(
    fakes: Fakes, token: str, *, is_inside: bool
) -> None:
    said = {"payToken": "MP1", "status": "SUCCESSFULL", "txnid": "MP261121.1"}
    body = json.dumps({"message": "ok", "data": said} if is_inside else said).encode()
    hint = ADAPTER.verify_callback(inbound({}, body, token), [fakes.account(NAME)])
    assert isinstance(hint, Hint)
    assert hint.authenticity == ("token" if token else "none")
    assert hint.claimed_state == "SUCCESSFULL"
    assert {"pay_token": "MP1", "provider_ref": "MP261121.1"}.items() <= hint.references.items()
    assert hint.references.get("callback_token", "") == token


def test_the_fake_notifies_in_its_real_form(fakes: Fakes) -> None:
    talk = talk_of(fakes)
    talk.send()
    fakes.advance(2)
    assert [sent.url for sent in fakes.kernel.sent] == [talk.order.callback_url]
    notice = fake_of(fakes).notice(fakes.kernel, fakes.payments(NAME)[0], SeenState.SUCCEEDED, is_forged=False)
    assert notice is not None
    assert json.loads(notice.body)["payToken"] == talk.order.handles["pay_token"]


@pytest.mark.parametrize(
    ("body", "token", "status"),
    [(b"", "t", 400), (b"[]", "t", 400), (b"{}", "", 401), (b'{"status":"SUCCESSFULL"}', "", 401)],
)
def test_a_callback_that_names_nothing_is_refused(fakes: Fakes, body: bytes, token: str, status: int) -> None:
    assert ADAPTER.verify_callback(inbound({}, body, token), [fakes.account(NAME)]) == Refusal(status)


def test_without_an_account_of_ours_nobody_is_here(fakes: Fakes) -> None:
    call = inbound({}, b'{"payToken":"MP1"}', "t")
    assert ADAPTER.verify_callback(call, []) == Refusal(404)
    assert ADAPTER.verify_callback(call, [fakes.account("orange_webpay")]) == Refusal(404)


def test_what_is_not_offered(fakes: Fakes) -> None:
    account, wire, order = fakes.account(NAME), Wire(), talk_of(fakes).order
    assert ADAPTER.offers == {"collect", "payout"}
    assert ADAPTER.refund(order, wire) == Rejected(Reason.NOT_OFFERED)
    assert ADAPTER.list(account, clock.today(), None, wire) == ADAPTER.balance(account, wire) == NotOffered()
    assert ADAPTER.probe(account, wire) is True
    assert ADAPTER.schedule == {"collect": "S1", "payout": "S3", "refund": "S3"}
