"""Callbacks of Orange Sonatel: a record signed or with the registered key is a hint; anything else is refused."""

import json
from dataclasses import replace

import pytest

from providers.answers import Account, Hint, Refusal, SeenState
from providers.fakes.base import Notice
from providers.fakes.orange_sonatel import OrangeSonatelFake
from providers.mobile_money.orange_sonatel import ADAPTER
from providers.wire import Wire
from tests.providers.conftest import Fakes
from tests.providers.orange_talk import Talk, inbound

NAME = "orange_sonatel"


@pytest.fixture
def qr(fakes: Fakes) -> Talk:
    return Talk(fakes, NAME)


def fake_of(fakes: Fakes) -> OrangeSonatelFake:
    fake = fakes.payments(NAME)[0].fake
    assert isinstance(fake, OrangeSonatelFake)
    return fake


def notice_of(fakes: Fakes, says: SeenState, *, is_forged: bool = False) -> Notice:
    fakes.kernel.configure({NAME: "http://127.0.0.1:9/orange"})
    notice = fake_of(fakes).notice(fakes.kernel, fakes.payments(NAME)[0], says, is_forged=is_forged)
    assert notice is not None
    return notice


def account_with(fakes: Fakes, environment: str = "fake", **secrets: str) -> Account:
    account = fakes.account(NAME)
    return replace(account, environment=environment, secrets={**account.secrets, "callback_secret": "", **secrets})


def test_a_signed_record_is_a_hint(fakes: Fakes, qr: Talk) -> None:
    qr.send()
    notice = notice_of(fakes, SeenState.SUCCEEDED)
    hint = ADAPTER.verify_callback(inbound(dict(notice.headers), notice.body), [fakes.account(NAME)])
    assert hint == Hint(
        dedupe_key=notice.headers["X-Sonatel-Idempotency-Key"],
        authenticity="signed",
        references={"reference": qr.order.reference, "provider_ref": fakes.payments(NAME)[0].provider_ref},
        claimed_state="SUCCESS",
        account_id=fakes.account(NAME).id,
    )
    assert qr.moved() == []


def test_a_record_with_the_registered_key_is_a_hint(fakes: Fakes, qr: Talk) -> None:
    qr.send()
    account = account_with(fakes, callback_api_key=fakes.kernel.secret(NAME, "callback_api_key"))
    notice = notice_of(fakes, SeenState.SUCCEEDED)
    headers = {name: value for name, value in notice.headers.items() if "signature" not in name.lower()}
    hint = ADAPTER.verify_callback(inbound(headers, notice.body), [account])
    assert isinstance(hint, Hint)
    assert hint.authenticity == "secret"
    other_form = {"x-api-key": account.secrets["callback_api_key"]}
    hint = ADAPTER.verify_callback(inbound(other_form, notice.body), [account])
    assert isinstance(hint, Hint)
    assert len(hint.dedupe_key) == 64


def test_two_secrets_are_good_while_one_is_being_rotated(fakes: Fakes, qr: Talk) -> None:
    qr.send()
    notice = notice_of(fakes, SeenState.SUCCEEDED)
    both = f"another-secret\n{fakes.kernel.secret(NAME, 'callback_secret')}"
    hint = ADAPTER.verify_callback(
        inbound(dict(notice.headers), notice.body), [account_with(fakes, callback_secret=both)]
    )
    assert isinstance(hint, Hint)


@pytest.mark.parametrize("fault", ["forged", "body", "late", "unsigned", "other_account"])
@pytest.mark.parametrize("environment", ["fake", "live"])
def test_a_record_that_proves_nothing_is_refused(fakes: Fakes, qr: Talk, fault: str, environment: str) -> None:
    qr.send()
    notice = notice_of(fakes, SeenState.SUCCEEDED, is_forged=fault == "forged")
    headers, body = dict(notice.headers), notice.body
    account = replace(fakes.account(NAME), environment=environment)
    if fault == "body":
        body += b" "
    if fault == "unsigned":
        headers = {"Authorization": headers["Authorization"]}
    if fault == "other_account":
        account = replace(account, secrets={**account.secrets, "callback_secret": "of-another-contract"})
    call = inbound(headers, body)
    call = replace(call, now=call.now + 301) if fault == "late" else call
    assert ADAPTER.verify_callback(call, [account]) == Refusal(401)


def test_an_empty_secret_is_never_a_key(fakes: Fakes, qr: Talk) -> None:
    qr.send()
    body = notice_of(fakes, SeenState.SUCCEEDED).body
    bare = account_with(fakes, callback_api_key="")
    for headers in ({"x-api-key": ""}, {"Authorization": "Basic "}, {}):
        assert ADAPTER.verify_callback(inbound(headers, body), [bare]) == Refusal(404)
    assert ADAPTER.verify_callback(inbound({}, body), [fakes.account("orange_cm")]) == Refusal(404)
    assert ADAPTER.verify_callback(inbound({}, b"nothing"), [fakes.account(NAME)]) == Refusal(400)


@pytest.mark.parametrize(("environment", "is_believed"), [("fake", True), ("sandbox", True), ("live", False)])
def test_a_simplified_body_is_refused_where_money_is_real(fakes: Fakes, environment: str, *, is_believed: bool) -> None:
    body = json.dumps({"status": "SUCCESS", "notif_token": "abc", "order_id": "7F3K9", "amount": 5000}).encode()
    answer = ADAPTER.verify_callback(inbound({}, body), [replace(fakes.account(NAME), environment=environment)])
    if is_believed:
        assert isinstance(answer, Hint)
        assert (answer.authenticity, answer.references) == ("none", {"order_id": "7F3K9", "notif_token": "abc"})
    else:
        assert answer == Refusal(401)


def test_our_address_is_registered_once_and_its_key_comes_back(fakes: Fakes, qr: Talk) -> None:
    account = account_with(fakes, callback_api_key="cle-rappel-01")
    wire = Wire()
    assert ADAPTER.register_callback(account, "http://127.0.0.1:9/orange", wire) is True
    assert "cle-rappel-01" not in "".join(one.request for one in wire.exchanges)
    qr.send()
    notice = fake_of(fakes).notice(fakes.kernel, fakes.payments(NAME)[0], SeenState.SUCCEEDED, is_forged=False)
    assert notice is not None
    assert (notice.url, notice.headers["Authorization"]) == ("http://127.0.0.1:9/orange", "Basic cle-rappel-01")
    hint = ADAPTER.verify_callback(inbound(dict(notice.headers), notice.body), [account])
    assert isinstance(hint, Hint)
    assert hint.authenticity == "secret"
