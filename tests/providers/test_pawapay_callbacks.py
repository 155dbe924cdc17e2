"""pawaPay's callbacks: signed for the public address by a key that is fetched once."""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
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
from providers.fakes.base import Notice
from providers.fakes.kernel import Payment
from providers.fakes.pawapay_papers import KEY_ID, private_key
from providers.mobile_money import pawapay_conf
from providers.mobile_money.pawapay import ADAPTER
from providers.signatures import Message
from providers.wire import Wire
from tests.providers.conftest import Fakes
from tests.providers.test_pawapay import ordered

PATH = "/api/v1/payments/callback/pawapay"
HOST = "palabre.example"


@pytest.fixture(autouse=True)
def _forgetful() -> None:
    """Let each test fetch keys anew."""
    pawapay_conf.public_keys.clear()


def arrived(notice: Notice, **changes: Any) -> InboundCall:
    headers = {name.lower(): value for name, value in notice.headers.items()}
    plain = InboundCall("POST", PATH, headers, notice.body, clock.now().timestamp(), authority=HOST)
    return replace(plain, **changes)


@pytest.fixture
def paid(fakes: Fakes) -> Payment:
    """Give a deposit that was paid, at a fake that calls us by our public name."""
    fakes.kernel.configure({"pawapay": f"http://127.0.0.1:9{PATH}"}, {"pawapay": {"authority": HOST}})
    ADAPTER.collect(ordered(fakes), Wire())
    payment = fakes.payments("pawapay")[0]
    fakes.kernel.succeed(payment)
    return payment


def notice_of(fakes: Fakes, payment: Payment, *, is_forged: bool = False) -> Notice:
    notice = payment.fake.notice(fakes.kernel, payment, payment.state, is_forged=is_forged)
    assert notice is not None
    return notice


def test_a_signed_callback_names_its_transfer(fakes: Fakes, paid: Payment) -> None:
    account = fakes.account("pawapay")
    hint = ADAPTER.verify_callback(arrived(notice_of(fakes, paid)), [account])
    assert hint == Hint(
        dedupe_key=f"depositId:{paid.id}:COMPLETED",
        authenticity="signed",
        references={"external_id": paid.id, "provider_ref": paid.provider_ref},
        claimed_state=SeenState.SUCCEEDED,
        account_id=account.id,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"authority": "127.0.0.1:8000"},
        {"path": "/api/v1/payments/callback/wave"},
        {"method": "PUT"},
        {"body": b'{"depositId":"x","status":"COMPLETED"}'},
        {"now": 1.0},
        {"headers": {}},
        {"headers": {"signature": "sig-pp=:AA==:"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_callback_of_which_anything_changed_is_refused(fakes: Fakes, paid: Payment, changes: dict[str, Any]) -> None:
    call = arrived(notice_of(fakes, paid), **changes)
    assert ADAPTER.verify_callback(call, [fakes.account("pawapay")]) == Refusal(401)


def test_a_forged_callback_is_refused(fakes: Fakes, paid: Payment) -> None:
    call = arrived(notice_of(fakes, paid, is_forged=True))
    assert ADAPTER.verify_callback(call, [fakes.account("pawapay")]) == Refusal(401)


def test_without_an_account_nobody_is_here(fakes: Fakes, paid: Payment) -> None:
    assert ADAPTER.verify_callback(arrived(notice_of(fakes, paid)), []) == Refusal(404)


def _key_calls(fakes: Fakes) -> int:
    return sum(call.path.endswith("/v2/public-key/http") for call in fakes.kernel.calls)


def test_keys_are_fetched_once_and_again_on_a_miss_but_not_for_every_stranger(fakes: Fakes, paid: Payment) -> None:
    account = fakes.account("pawapay")
    for _ in range(3):
        assert isinstance(ADAPTER.verify_callback(arrived(notice_of(fakes, paid)), [account]), Hint)
    assert _key_calls(fakes) == 1
    pawapay_conf.public_keys.clear()
    pawapay_conf.public_keys.put(account.base_url, {"HTTP_EC_P256_KEY:0": "old"})
    assert isinstance(ADAPTER.verify_callback(arrived(notice_of(fakes, paid)), [account]), Hint)
    assert _key_calls(fakes) == 2
    for n in range(5):
        message = Message("POST", HOST, PATH, {"Content-Type": "application/json"}, b"{}")
        headers = signatures.sign_message(message, private_key(), f"STRANGER:{n}", clock.now().timestamp())
        stranger = arrived(Notice("", b"{}", headers))
        assert ADAPTER.verify_callback(stranger, [account]) == Refusal(401)
    assert _key_calls(fakes) == 2


def signed(document: Any) -> InboundCall:
    body = json.dumps(document).encode()
    message = Message("POST", HOST, PATH, {"Content-Type": "application/json"}, body)
    return arrived(Notice("", body, signatures.sign_message(message, private_key(), KEY_ID, clock.now().timestamp())))


@pytest.mark.parametrize(
    ("document", "references", "claimed", "kind"),
    [
        ({"payoutId": "p", "status": "FAILED"}, {"external_id": "p"}, "failed", "transfer"),
        ({"refundId": "r", "depositId": "d", "status": "COMPLETED"}, {"external_id": "r"}, "succeeded", "transfer"),
        (
            {"depositId": "d", "status": "PROCESSING", "authorizationUrl": "https://x"},
            {"external_id": "d"},
            "pending",
            "transfer",
        ),
        (
            {"payoutId": "p", "status": "FAILED", "failureReason": {"failureCode": "MANUALLY_CANCELLED"}},
            {"external_id": "p"},
            "cancelled",
            "transfer",
        ),
        ({"statementId": "s", "status": "COMPLETED"}, {"statement_id": "s"}, "", "statement"),
    ],
)
def test_one_address_serves_every_operation(
    fakes: Fakes, document: dict[str, Any], references: dict[str, str], claimed: str, kind: str
) -> None:
    hint = ADAPTER.verify_callback(signed(document), [fakes.account("pawapay")])
    assert isinstance(hint, Hint)
    assert (hint.references, hint.claimed_state, hint.kind) == (references, claimed, kind)


def test_what_is_no_object_is_refused_even_when_it_is_signed(fakes: Fakes) -> None:
    assert ADAPTER.verify_callback(signed([1]), [fakes.account("pawapay")]) == Refusal(400)


def test_unsigned_callbacks_are_hints_only_where_the_account_says_so(fakes: Fakes) -> None:
    call = InboundCall("POST", PATH, {}, b'{"depositId":"d","status":"COMPLETED"}', 1.8e9, authority=HOST)
    assert ADAPTER.verify_callback(call, [fakes.account("pawapay")]) == Refusal(401)
    hint = ADAPTER.verify_callback(call, [fakes.account("pawapay", signed_callbacks=False)])
    assert isinstance(hint, Hint)
    assert hint.authenticity == "none"


@given(body=st.binary(max_size=60), given=st.text(max_size=80), named=st.text(max_size=80))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_arrives_is_answered(body: bytes, given: str, named: str) -> None:
    account = Account(uuid4(), "p", "pawapay", "live", "", "", "http://127.0.0.1:9", {}, {})
    call = InboundCall("POST", PATH, {"signature": given, "signature-input": named}, body, 1.8e9, authority=HOST)
    assert ADAPTER.verify_callback(call, [account]) == Refusal(401)
