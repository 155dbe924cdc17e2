"""Wave's events: signed, or carrying the shared secret, or not believed."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from providers import signatures
from providers.answers import (
    Account,
    Hint,
    InboundCall,
    Refusal,
    SeenState,
)
from providers.mobile_money.wave import ADAPTER
from tests.providers.conftest import Fakes
from tests.providers.test_wave import collected

NOW = 1_764_200_000.0
SECRET = "wave_sn_WHS_palabre0example0secret0one"


def an_account(environment: str = "live", secret: str = SECRET, **settings: Any) -> Account:
    secrets = {"webhook_secret": secret}
    return Account(uuid4(), "wave-sn", "wave", environment, "SN", "XOF", "https://api.wave.com", settings, secrets)


def call(body: bytes, headers: dict[str, str] | None = None, at: float = NOW) -> InboundCall:
    return InboundCall("POST", "/api/v1/payments/callback/wave", headers or {}, body, at)


def signed(body: bytes, secret: str = SECRET) -> InboundCall:
    return call(body, signatures.sign_hmac(signatures.WAVE, [secret], body, NOW))


def event(kind: str = "checkout.session.completed", **data: object) -> bytes:
    session = {
        "id": "cos-1",
        "client_reference": "9b1f0a52-6f0e-4f0c-8c1e-0a3f5b7d9e10",
        "checkout_status": "complete",
        "payment_status": "succeeded",
        "transaction_id": "T1",
    }
    return json.dumps({"id": "AE_1", "type": kind, "data": {**session, **data}}).encode()


SIMPLE = json.dumps(
    {"id": "cos-1", "amount": "5000", "currency": "XOF", "checkout_status": "succeeded", "client_reference": "ref"}
).encode()


def test_a_signed_event_names_its_transfer() -> None:
    account = an_account()
    hint = ADAPTER.verify_callback(signed(event()), [account])
    assert hint == Hint(
        dedupe_key="AE_1",
        authenticity="signed",
        references={
            "external_id": "9b1f0a52-6f0e-4f0c-8c1e-0a3f5b7d9e10",
            "checkout_id": "cos-1",
            "provider_ref": "T1",
        },
        claimed_state=SeenState.SUCCEEDED,
        account_id=account.id,
    )


def test_one_failed_try_leaves_the_link_payable() -> None:
    body = event("checkout.session.payment_failed", checkout_status="open", payment_status="cancelled")
    hint = ADAPTER.verify_callback(signed(body), [an_account()])
    assert isinstance(hint, Hint)
    assert hint.claimed_state == "pending"


@pytest.mark.parametrize("kind", ["merchant.payment_received", "b2b.payment_received", "b2b.payment_failed"])
def test_money_nobody_asked_for_is_told_apart(kind: str) -> None:
    hint = ADAPTER.verify_callback(signed(event(kind, client_reference=None)), [an_account()])
    assert isinstance(hint, Hint)
    assert (hint.kind, hint.references, hint.claimed_state) == ("unasked_money", {"provider_ref": "T1"}, "")


def test_a_test_event_is_answered_and_nothing_more() -> None:
    hint = ADAPTER.verify_callback(signed(event("test.test_event")), [an_account()])
    assert isinstance(hint, Hint)
    assert hint.kind == "test"


def test_the_shared_secret_is_the_other_strategy() -> None:
    account = an_account(strategy="bearer")
    hint = ADAPTER.verify_callback(call(event(), {"authorization": f"Bearer {SECRET}"}), [account])
    assert isinstance(hint, Hint)
    assert hint.authenticity == "secret"
    for headers in ({"authorization": "Bearer other"}, {}, dict(signed(event()).headers)):
        assert ADAPTER.verify_callback(call(event(), headers), [account]) == Refusal(401)
    assert ADAPTER.verify_callback(call(event(), {"authorization": f"Bearer {SECRET}"}), [an_account()]) == Refusal(401)


def test_two_secrets_live_during_a_rotation() -> None:
    account = an_account(secret=f"another\n{SECRET}")
    assert isinstance(ADAPTER.verify_callback(signed(event()), [account]), Hint)


def test_of_several_accounts_the_one_that_signed_is_named() -> None:
    other, ours = an_account(secret="another"), an_account()
    hint = ADAPTER.verify_callback(signed(event()), [other, ours])
    assert isinstance(hint, Hint)
    assert hint.account_id == ours.id
    both = ADAPTER.verify_callback(signed(event()), [ours, an_account()])
    assert isinstance(both, Hint)
    assert both.account_id is None


@pytest.mark.parametrize(
    ("call_", "accounts", "status"),
    [
        (signed(event()), [], 404),
        (call(event()), [an_account(secret="")], 404),
        (call(event()), [an_account()], 401),
        (call(event()), [an_account("sandbox")], 401),
        (signed(event(), "other"), [an_account()], 401),
        (replace(signed(event()), now=NOW + 301), [an_account()], 401),
        (replace(signed(event()), body=event(amount="95000")), [an_account()], 401),
        (signed(b"[]"), [an_account()], 400),
        (signed(b"{"), [an_account()], 400),
        (signed(SIMPLE), [an_account()], 401),
        (call(SIMPLE), [an_account()], 401),
        (call(SIMPLE), [an_account("sandbox"), an_account()], 401),
        (signed(SIMPLE, "other"), [an_account("sandbox")], 401),
    ],
)
def test_what_is_not_proved_is_refused(call_: InboundCall, accounts: list[Account], status: int) -> None:
    assert ADAPTER.verify_callback(call_, accounts) == Refusal(status)


@pytest.mark.parametrize(("secret", "authenticity"), [(SECRET, "none"), ("", "none")])
def test_a_simplified_body_is_a_hint_where_no_real_money_is(secret: str, authenticity: str) -> None:
    hint = ADAPTER.verify_callback(call(SIMPLE), [an_account("sandbox", secret)])
    assert isinstance(hint, Hint)
    assert hint.authenticity == authenticity
    assert hint.references == {"external_id": "ref", "checkout_id": "cos-1"}
    assert hint.claimed_state == "succeeded"


@given(body=st.binary(max_size=100), header=st.text(max_size=100))
def test_whatever_arrives_is_answered(body: bytes, header: str) -> None:
    accounts = [an_account(), an_account("sandbox", strategy="bearer")]
    answer = ADAPTER.verify_callback(call(body, {"wave-signature": header, "authorization": header}), accounts)
    assert answer == Refusal(401)


def test_the_fake_signs_its_events_and_a_forger_does_not(fakes: Fakes) -> None:
    fakes.kernel.configure({"wave": "http://127.0.0.1:9/callback/wave"})
    order = collected(fakes)
    fakes.advance(3)
    payment = fakes.payments("wave")[0]
    for is_forged in (False, True):
        notice = payment.fake.notice(fakes.kernel, payment, payment.state, is_forged=is_forged)
        assert notice is not None
        headers = {name.lower(): value for name, value in notice.headers.items()}
        arrived = call(notice.body, headers, clock.now().timestamp())
        answer = ADAPTER.verify_callback(arrived, [order.account])
        assert answer == Refusal(401) if is_forged else isinstance(answer, Hint)
