"""Orange Money WebPay beside its running fake: a link, a page, what is known of it and when it is over."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from providers.answers import (
    Accepted,
    Account,
    Hint,
    NotOffered,
    NotSeen,
    Reason,
    Refusal,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.fakes.base import Notice
from providers.mobile_money.orange_webpay import ADAPTER, LONGEST_NOTIF_URL
from providers.wire import Answered, Wire
from tests.providers.conftest import Fakes
from tests.providers.orange_talk import Talk, assert_nothing_leaks, inbound

NAME = "orange_webpay"


@pytest.fixture
def talk(fakes: Fakes) -> Talk:
    return Talk(fakes, NAME)


@pytest.fixture
def by_hand(fakes: Fakes) -> Iterator[None]:
    fakes.kernel.is_by_hand = True
    yield
    fakes.kernel.is_by_hand = False


def notice_of(talk: Talk, says: SeenState, *, is_forged: bool = False) -> Notice:
    payment = talk.fakes.payments(NAME)[0]
    notice = payment.fake.notice(talk.fakes.kernel, payment, says, is_forged=is_forged)
    assert notice is not None
    return notice


def test_a_member_pays_by_link(fakes: Fakes, talk: Talk) -> None:
    answer = talk.send()
    assert isinstance(answer, Accepted)
    assert answer.next.kind == "open_link"
    assert answer.next.url.startswith(fakes.url + "/orange_webpay/payment/")
    assert answer.next.until is not None
    assert timedelta(seconds=590) < answer.next.until - clock.now() <= timedelta(seconds=600)
    assert set(answer.handles) == {"pay_token", "notif_token", "order_id", "until"}
    assert answer.seen is None
    assert (talk.seen().state, talk.seen().provider_state) == (SeenState.PENDING, "INITIATED")
    assert talk.moved() == []
    fakes.advance(2)
    seen = talk.seen()
    assert (seen.state, seen.provider_state, seen.amount) == (SeenState.SUCCEEDED, "SUCCESS", talk.order.amount)
    assert seen.provider_ref == fakes.payments(NAME)[0].provider_ref
    assert talk.moved() == [("collect", 5_000, "")]
    assert talk.operations == ["token", "collect", "status", "status", "status"]
    assert_nothing_leaks(talk)


def test_nothing_kept_holds_the_tokens_of_the_link(talk: Talk) -> None:
    talk.send()
    talk.read()
    assert talk.order.handles["notif_token"] not in talk.text
    assert talk.order.handles["pay_token"] not in talk.text


@pytest.mark.parametrize(
    ("market", "country", "currency", "amount_minor", "said"),
    [
        ("dev", "CI", "XOF", 5_000, ("OUV", 5_000)),
        ("ci", "CI", "XOF", 5_000, ("XOF", 5_000)),
        ("gn", "GN", "GNF", 75_000, ("GNF", 75_000)),
        ("cd", "CD", "CDF", 250_000, ("CDF", 2_500)),
    ],
)
def test_each_market_has_its_currency_and_whole_units(
    fakes: Fakes, market: str, country: str, currency: str, amount_minor: int, said: tuple[str, int]
) -> None:
    account = fakes.account(NAME, country, market=market)
    talk = Talk(fakes, NAME, account=account, amount_minor=amount_minor)
    assert isinstance(talk.send(), Accepted)
    document = fakes.payments(NAME)[0].document
    assert (document["currency"], document["amount"]) == said
    assert talk.order.amount.currency == currency


def test_an_older_contract_has_another_token_address(fakes: Fakes) -> None:
    talk = Talk(fakes, NAME, account=fakes.account(NAME, token_path="/oauth/v2/token"))
    assert isinstance(talk.send(), Accepted)
    assert talk.wires[1].exchanges[0].url.endswith("/oauth/v2/token")


def test_a_contract_may_want_the_merchant_key_in_the_status_call(fakes: Fakes) -> None:
    talk = Talk(fakes, NAME, account=fakes.account(NAME, asks_merchant_key=True))
    talk.send()
    talk.read()
    assert '"merchant_key"' in talk.wires[-1].exchanges[-1].request
    assert_nothing_leaks(talk)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"currency": "XAF"}, Reason.CURRENCY_NOT_SUPPORTED),
        ({"amount_minor": 0}, Reason.AMOUNT_OUT_OF_BOUNDS),
        ({"callback_url": "https://palabre.example/" + "x" * LONGEST_NOTIF_URL}, Reason.CONFIGURATION),
    ],
)
def test_what_orange_would_refuse_is_not_sent(fakes: Fakes, changes: dict[str, Any], reason: Reason) -> None:
    talk = Talk(fakes, NAME, **changes)
    answer = talk.send()
    assert isinstance(answer, Rejected)
    assert answer.reason is reason
    assert talk.operations == []


def test_a_fraction_of_a_franc_is_not_sent(fakes: Fakes) -> None:
    talk = Talk(fakes, NAME, account=fakes.account(NAME, "CD"), amount_minor=250_050)
    assert talk.send() == Rejected(Reason.AMOUNT_OUT_OF_BOUNDS, "amount", "whole units only")
    assert fakes.payments(NAME) == []


@pytest.mark.parametrize("name", ["client_id", "client_secret", "merchant_key"])
def test_an_account_without_its_secret_says_so(fakes: Fakes, name: str) -> None:
    account = fakes.account(NAME)
    bare = replace(account, secrets={key: value for key, value in account.secrets.items() if key != name})
    assert Talk(fakes, NAME, account=bare).send() == Rejected(Reason.CONFIGURATION, "missing", name)


@pytest.mark.parametrize("name", ["client_id", "client_secret", "merchant_key"])
def test_a_wrong_secret_is_our_configuration(fakes: Fakes, name: str) -> None:
    account = fakes.account(NAME)
    talk = Talk(fakes, NAME, account=replace(account, secrets={**account.secrets, name: "0123456789abcdef"}))
    answer = talk.send()
    assert isinstance(answer, Rejected)
    assert answer.reason is Reason.CONFIGURATION
    assert_nothing_leaks(talk)


def test_an_order_id_serves_once(fakes: Fakes, talk: Talk) -> None:
    talk.send()
    again = talk.send()
    assert isinstance(again, Rejected)
    assert again.reason is Reason.DUPLICATE_REFERENCE
    fakes.advance(10)
    assert talk.moved() == [("collect", 5_000, "")]


@pytest.mark.parametrize("code", ["014", "015", "016"])
def test_a_refused_payment_failed_and_orange_does_not_say_why(fakes: Fakes, code: str) -> None:
    talk = Talk(fakes, NAME, amount_minor=5_000 + int(code))
    talk.send()
    fakes.advance(2)
    seen = talk.seen()
    assert (seen.state, seen.reason) == (SeenState.FAILED, Reason.UNSPECIFIED)
    assert talk.moved() == []


@pytest.mark.parametrize(("code", "kept"), [("001", 0), ("002", 1), ("003", 1), ("021", 1)])
def test_a_lost_link_was_given_to_nobody_and_expires(fakes: Fakes, code: str, kept: int) -> None:
    with clock.travel(clock.now()) as traveller:
        talk = Talk(fakes, NAME, amount_minor=5_000 + int(code))
        answer = talk.send()
        assert isinstance(answer, Unknown)
        assert answer.is_sent
        assert len(fakes.payments(NAME)) == kept
        traveller.advance(899)
        assert isinstance(talk.read(), NotSeen)
        traveller.advance(1)
        assert talk.read() == Seen(SeenState.EXPIRED, "", reason=Reason.LINK_EXPIRED)
        fakes.advance(3_600)
        assert talk.moved() == []
        assert talk.operations.count("status") == 0


@pytest.mark.usefixtures("by_hand")
def test_a_link_nobody_opened_expires_ten_minutes_after_its_end(fakes: Fakes) -> None:
    with clock.travel(clock.now()) as traveller:
        talk = Talk(fakes, NAME)
        talk.send()
        traveller.advance(600 + 599)
        assert talk.seen().state is SeenState.PENDING
        traveller.advance(1)
        seen = talk.seen()
        assert (seen.state, seen.reason, seen.provider_state) == (
            SeenState.EXPIRED,
            Reason.LINK_EXPIRED,
            "INITIATED",
        )


def test_a_payment_that_began_does_not_expire_by_itself(fakes: Fakes) -> None:
    with clock.travel(clock.now()) as traveller:
        talk = Talk(fakes, NAME, amount_minor=5_012)
        talk.send()
        traveller.advance(86_400)
        assert (talk.seen().state, talk.seen().provider_state) == (SeenState.PENDING, "PENDING")


def test_an_expired_token_is_renewed_once_and_the_order_is_sent_once(fakes: Fakes) -> None:
    talk = Talk(fakes, NAME, amount_minor=5_025)
    assert isinstance(talk.send(), Accepted)
    assert talk.operations == ["token", "collect", "token", "collect"]
    assert len(fakes.payments(NAME)) == 1


def test_forbidden_is_our_configuration(fakes: Fakes) -> None:
    answer = Talk(fakes, NAME, amount_minor=5_026).send()
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code) == (Reason.CONFIGURATION, "403")


def test_reads_that_come_too_fast_slow_the_account(fakes: Fakes) -> None:
    talk = Talk(fakes, NAME, amount_minor=5_020)
    talk.send()
    fakes.advance(2)
    assert [talk.read() for _ in range(2)] == [Unknown(is_sent=True, detail="http 429", slows=True)] * 2
    assert talk.seen().state is SeenState.SUCCEEDED


def test_nobody_answers_at_all(fakes: Fakes) -> None:
    account = replace(fakes.account(NAME), base_url="http://127.0.0.1:9/orange_webpay")
    talk = Talk(fakes, NAME, account=account)
    assert talk.send() == Unknown(is_sent=False, detail="ConnectError")
    assert ADAPTER.probe(account, Wire()) is False


def test_the_status_of_another_order_is_not_ours(fakes: Fakes) -> None:
    mine, other = Talk(fakes, NAME), Talk(fakes, NAME)
    mine.send()
    other.send()
    fakes.advance(2)
    crossed = replace(mine.order, handles={**mine.order.handles, "pay_token": other.order.handles["pay_token"]})
    assert isinstance(ADAPTER.status(crossed, Wire()), NotSeen)


def press(url: str, choice: str) -> str:
    answer = Wire().call("page", "POST" if choice else "GET", url, form={"choice": choice} if choice else None)
    assert isinstance(answer, Answered)
    return answer.body.decode()


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize(
    ("choice", "says", "state", "moved"),
    [
        ("pay", "Payé.", SeenState.SUCCEEDED, [("collect", 5_000, "")]),
        ("refuse", "Ce lien n’est plus payable.", SeenState.FAILED, []),
    ],
)
def test_a_person_presses_a_button_on_the_page(
    fakes: Fakes, choice: str, says: str, state: SeenState, moved: list[Any]
) -> None:
    talk = Talk(fakes, NAME, label="Tontine <Étoile>")
    answer = talk.send()
    assert isinstance(answer, Accepted)
    page = press(answer.next.url, "")
    assert re.findall(r'value="(\w+)">(\w+)</button>', page) == [("pay", "Payer"), ("refuse", "Refuser")]
    assert "Tontine &lt;Étoile&gt;" in page
    fakes.advance(60)
    assert talk.seen().state is SeenState.PENDING
    press(answer.next.url, choice)
    assert says in press(answer.next.url, "pay")
    assert talk.seen().state is state
    assert talk.moved() == moved


@pytest.mark.usefixtures("by_hand")
def test_a_link_pressed_too_late_is_expired(fakes: Fakes) -> None:
    talk = Talk(fakes, NAME)
    answer = talk.send()
    assert isinstance(answer, Accepted)
    fakes.advance(601)
    assert "Ce lien n’est plus payable." in press(answer.next.url, "pay")
    assert talk.seen().provider_state == "EXPIRED"
    assert talk.moved() == []


def test_a_page_opens_with_its_own_token_only(fakes: Fakes, talk: Talk) -> None:
    answer = talk.send()
    assert isinstance(answer, Accepted)
    assert "Payer" not in press(answer.next.url[:-1], "")
    assert len(fakes.payments(NAME)) == 1


def test_the_notification_gives_its_tokens_and_nothing_is_believed(fakes: Fakes, talk: Talk) -> None:
    talk.send()
    notice = notice_of(talk, SeenState.SUCCEEDED)
    hint = ADAPTER.verify_callback(inbound({}, notice.body, "the-path-token"), [talk.order.account])
    assert isinstance(hint, Hint)
    assert hint.authenticity == "token"
    assert hint.claimed_state == "SUCCESS"
    assert hint.references == {
        "callback_token": "the-path-token",
        "notif_token": talk.order.handles["notif_token"],
        "provider_ref": fakes.payments(NAME)[0].provider_ref,
    }
    assert talk.seen().state is SeenState.PENDING


def test_a_forged_notification_has_another_token(fakes: Fakes, talk: Talk) -> None:
    talk.send()
    hint = ADAPTER.verify_callback(
        inbound({}, notice_of(talk, SeenState.SUCCEEDED, is_forged=True).body), [talk.order.account]
    )
    assert isinstance(hint, Hint)
    assert hint.references["notif_token"] != talk.order.handles["notif_token"]
    assert len(fakes.kernel.book) == 0


def test_the_same_notification_has_the_same_key_and_another_has_not(talk: Talk) -> None:
    accounts = [talk.order.account]

    def key(body: bytes, token: str) -> str:
        hint = ADAPTER.verify_callback(inbound({}, body, token), accounts)
        assert isinstance(hint, Hint)
        return hint.dedupe_key

    body, other = b'{"status":"SUCCESS","notif_token":"a"}', b'{"status":"FAILED","notif_token":"a"}'
    assert key(body, "t") == key(body, "t")
    assert len({key(body, "t"), key(other, "t"), key(body, "u")}) == 3


@pytest.mark.parametrize(
    ("body", "token", "status"),
    [
        (b"", "t", 400),
        (b"[1]", "t", 400),
        (b"status=SUCCESS", "t", 400),
        (b'{"status":"SUCCESS"}', "", 401),
        (b'{"status":"SUCCESS","notif_token":null,"order_id":"X"}', "", 401),
    ],
)
def test_a_callback_without_any_token_is_refused(fakes: Fakes, body: bytes, token: str, status: int) -> None:
    assert ADAPTER.verify_callback(inbound({}, body, token), [fakes.account(NAME)]) == Refusal(status)


@pytest.mark.parametrize("other", [None, "orange_sonatel", "orange_cm"])
def test_without_an_account_of_ours_nobody_is_here(fakes: Fakes, other: str | None) -> None:
    accounts: list[Account] = [fakes.account(other)] if other else []
    assert ADAPTER.verify_callback(inbound({}, b'{"notif_token":"a"}', "t"), accounts) == Refusal(404)


def test_a_simplified_body_is_a_hint_like_any_other(fakes: Fakes) -> None:
    body = {
        "status": "SUCCESS",
        "notif_token": "abc",
        "txnid": "MP1",
        "txnmode": "x",
        "txnstatus": "200",
        "amount": 5000,
        "order_id": "7F3K9",
    }
    hint = ADAPTER.verify_callback(inbound({}, json.dumps(body).encode()), [fakes.account(NAME)])
    assert isinstance(hint, Hint)
    assert hint.references == {"notif_token": "abc", "order_id": "7F3K9", "provider_ref": "MP1"}


def test_there_is_no_payout_no_refund_no_list(fakes: Fakes, talk: Talk) -> None:
    order, wire, account = talk.order, Wire(), fakes.account(NAME)
    assert ADAPTER.offers == {"collect"}
    assert ADAPTER.payout(order, wire) == ADAPTER.refund(order, wire) == Rejected(Reason.NOT_OFFERED)
    assert ADAPTER.list(account, clock.today(), None, wire) == ADAPTER.balance(account, wire) == NotOffered()
    assert ADAPTER.probe(account, wire) is True
    assert [one.operation for one in wire.exchanges] == ["token"]
