"""pawaPay, Mixx and Moov: words and codes, payments against the fake, callbacks signed for the public address."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Currency, Money
from providers import http, signatures
from providers.answers import (
    Accepted,
    Availability,
    Balance,
    NotOffered,
    NotSeen,
    Order,
    Reason,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.fakes.pawapay_papers import private_key
from providers.mobile_money import pawapay, pawapay_conf
from providers.mobile_money.pawapay import ADAPTER, MIXX, MOOV, PawaPay, message_of
from providers.mobile_money.pawapay_words import REASONS, reason_of, seen_state
from providers.wire import Answered, Wire
from tests.providers.conftest import Fakes

PERSON = "+2290197123456"
BENIN = {"party_code": "MTN_MOMO_BEN", "currency": "XOF"}
WORDS = {
    "ACCEPTED": "pending",
    "ENQUEUED": "pending",
    "PROCESSING": "pending",
    "SUBMITTED": "pending",
    "IN_RECONCILIATION": "pending",
    "COMPLETED": "succeeded",
    "FAILED": "failed",
}
CODES = {
    "INSUFFICIENT_BALANCE": "insufficient_funds",
    "PAYMENT_NOT_APPROVED": "not_approved",
    "PAYER_NOT_FOUND": "payer_not_found",
    "PAYER_LIMIT_REACHED": "payer_limit",
    "PAYMENT_IN_PROGRESS": "payer_busy",
    "TRANSACTION_ALREADY_IN_PROCESS": "payer_busy",
    "RECIPIENT_NOT_FOUND": "payee_not_found",
    "RECIPIENT_LIMIT_REACHED": "payee_limit",
    "WALLET_LIMIT_REACHED": "payee_limit",
    "PAWAPAY_WALLET_OUT_OF_FUNDS": "our_wallet_empty",
    "PROVIDER_TEMPORARILY_UNAVAILABLE": "provider_unavailable",
    "AMOUNT_OUT_OF_BOUNDS": "amount_out_of_bounds",
    "AMOUNT_TOO_LARGE": "amount_out_of_bounds",
    "INVALID_AMOUNT": "amount_out_of_bounds",
    "INVALID_PHONE_NUMBER": "invalid_phone",
    "INVALID_CURRENCY": "currency_not_supported",
    "INVALID_PROVIDER": "configuration",
    "INVALID_INPUT": "configuration",
    "MISSING_PARAMETER": "configuration",
    "UNSUPPORTED_PARAMETER": "configuration",
    "INVALID_PARAMETER": "configuration",
    "NO_AUTHENTICATION": "configuration",
    "AUTHENTICATION_ERROR": "configuration",
    "AUTHORISATION_ERROR": "configuration",
    "HTTP_SIGNATURE_ERROR": "configuration",
    "DEPOSIT_ALREADY_REFUNDED": "unspecified",
    "REFUND_IN_PROGRESS": "unspecified",
    "NOT_FOUND": "unspecified",
    "INVALID_STATE": "unspecified",
    "UNSPECIFIED_FAILURE": "unspecified",
}


@pytest.fixture(autouse=True)
def _forgetful() -> Iterator[None]:
    """Let each test fetch keys and limits anew."""
    pawapay_conf.public_keys.clear()
    pawapay_conf.configurations.clear()
    yield
    pawapay_conf.public_keys.clear()


def ordered(fakes: Fakes, direction: str = "collect", party: str = PERSON, **more: Any) -> Order:
    account = more.pop("account", None) or fakes.account("pawapay")
    return fakes.order(account, direction, party=party, **{**BENIN, **more})  # type: ignore[arg-type]


def seen(order: Order, adapter: PawaPay = ADAPTER) -> Seen:
    answer = adapter.status(order, Wire())
    assert isinstance(answer, Seen)
    return answer


# Words


@pytest.mark.parametrize(("word", "state"), WORDS.items())
def test_a_status_word_means_what_pawapay_says(word: str, state: str) -> None:
    assert seen_state(word) == (state, True)


@given(st.text())
def test_any_other_word_is_pending_and_says_that_it_is_unknown(word: str) -> None:
    if word not in WORDS:
        assert seen_state(word) == (SeenState.PENDING, False)


@pytest.mark.parametrize(("code", "reason"), CODES.items())
def test_a_failure_code_means_what_the_table_says(code: str, reason: str) -> None:
    assert reason_of(code, "payout") == reason
    assert reason_of(code, "collect") == ("payer_limit" if code == "WALLET_LIMIT_REACHED" else reason)


def test_a_code_nobody_knows_is_unspecified() -> None:
    assert reason_of("SOLAR_ECLIPSE", "collect") is Reason.UNSPECIFIED
    assert set(CODES) == set(REASONS)


def test_a_payment_cancelled_by_hand_is_cancelled() -> None:
    data = {"status": "FAILED", "failureReason": {"failureCode": "MANUALLY_CANCELLED"}}
    told = pawapay._seen(data, "payout")
    assert (told.state, told.reason, told.provider_state) == (SeenState.CANCELLED, None, "FAILED MANUALLY_CANCELLED")


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("Cotisation", "Cotisation"),
        ("Thé", "Paiement"),
        ("", "Paiement"),
        ("Tontine « Étoile du matin » n°7", "Tontine Etoile du mati"),
    ],
)
def test_what_the_payer_reads_is_4_to_22_plain_signs(label: str, message: str) -> None:
    assert message_of(label) == message


# Against the fake


def test_a_deposit_is_confirmed_on_the_phone_and_seen_paid(fakes: Fakes) -> None:
    order = ordered(fakes)
    answer = ADAPTER.collect(order, Wire())
    assert isinstance(answer, Accepted)
    assert answer.next.kind == "confirm_on_phone"
    assert seen(order).state is SeenState.PENDING
    fakes.advance(3)
    paid = seen(order)
    assert (paid.state, paid.amount) == (SeenState.SUCCEEDED, Money(5_000, Currency.XOF))
    assert paid.party is not None
    assert paid.party.e164 == PERSON
    assert paid.provider_ref
    assert isinstance(ADAPTER.status(ordered(fakes), Wire()), NotSeen)


def test_the_second_of_one_id_is_ignored(fakes: Fakes) -> None:
    order = ordered(fakes, "payout")
    assert ADAPTER.payout(order, Wire()) == Accepted()
    assert ADAPTER.payout(order, Wire()) == Accepted()
    fakes.advance(3)
    assert len(fakes.kernel.book) == 1


def test_a_refund_goes_back_in_parts_and_never_more_than_was_paid(fakes: Fakes) -> None:
    paid = ordered(fakes)
    ADAPTER.collect(paid, Wire())
    fakes.advance(3)
    first = ordered(fakes, "refund", original=paid, amount_minor=3_000)
    assert ADAPTER.refund(first, Wire()) == Accepted()
    fakes.advance(3)
    assert seen(first).state is SeenState.SUCCEEDED
    too_much = ADAPTER.refund(ordered(fakes, "refund", original=paid, amount_minor=2_001), Wire())
    assert isinstance(too_much, Rejected)
    assert (too_much.reason, too_much.code) == (Reason.AMOUNT_OUT_OF_BOUNDS, "AMOUNT_TOO_LARGE")


@pytest.mark.parametrize(
    ("party", "network", "state", "reason"),
    [
        ("+22951345789", "MTN_MOMO_BEN", "succeeded", None),
        ("+22951345029", "MTN_MOMO_BEN", "failed", "payer_not_found"),
        ("+22951345039", "MTN_MOMO_BEN", "failed", "not_approved"),
        ("+22951345129", "MTN_MOMO_BEN", "pending", None),
        ("+22602345678", "MOOV_BFA", "succeeded", None),
        ("+22602345048", "MOOV_BFA", "failed", "insufficient_funds"),
        ("+2250503456789", "MTN_MOMO_CIV", "succeeded", None),
    ],
)
def test_the_sandbox_numbers_do_as_pawapay_writes(
    fakes: Fakes, party: str, network: str, state: str, reason: str | None
) -> None:
    order = ordered(fakes, party=party, party_code=network)
    assert isinstance(ADAPTER.collect(order, Wire()), Accepted)
    assert fakes.payments("pawapay")[0].party == party[1:]
    fakes.advance(3)
    assert (seen(order).state, seen(order).reason) == (state, reason)


def test_old_numbers_of_the_sandbox_leave_repaired_where_the_account_does_not_list_them(fakes: Fakes) -> None:
    order = ordered(fakes, party="+22951345789", account=fakes.account("pawapay", allowed_phones=[]))
    ADAPTER.collect(order, Wire())
    assert fakes.payments("pawapay")[0].party == "2290151345789"


def test_a_payee_of_the_sandbox_is_not_found(fakes: Fakes) -> None:
    order = ordered(fakes, "payout", "+22951345089")
    ADAPTER.payout(order, Wire())
    fakes.advance(3)
    assert (seen(order).state, seen(order).reason) == (SeenState.FAILED, Reason.PAYEE_NOT_FOUND)


def test_orange_in_burkina_wants_the_payers_code_first_and_nothing_of_it_is_kept(fakes: Fakes) -> None:
    order, wire = ordered(fakes, party="+22674123456", party_code="ORANGE_BFA"), Wire()
    without = ADAPTER.collect(order, wire)
    assert isinstance(without, Rejected)
    assert without.reason is Reason.NOT_APPROVED
    assert isinstance(ADAPTER.collect(replace(order, otp="482913"), wire), Accepted)
    assert "482913" not in "".join(one.request for one in wire.exchanges)


def test_wave_over_pawapay_is_a_page_that_comes_with_the_read(fakes: Fakes) -> None:
    fakes.kernel.is_by_hand = True
    try:
        order = ordered(fakes, party="+221771234567", party_code="WAVE_SEN")
        answer = ADAPTER.collect(order, Wire())
        assert isinstance(answer, Accepted)
        assert answer.next.kind == "nothing"
        step = seen(order).next_step
        assert step is not None
        assert step.kind == "open_link"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert http.post_form(step.url, "choice=pay", form).status_code == 303
    finally:
        fakes.kernel.is_by_hand = False
    assert seen(order).state is SeenState.SUCCEEDED
    payout = ordered(fakes, "payout", "+221771234567", party_code="WAVE_SEN")
    assert isinstance(ADAPTER.payout(payout, Wire()), Rejected)


def test_a_payout_that_waits_is_called_back(fakes: Fakes) -> None:
    order = ordered(fakes, "payout", "+22951345129")
    ADAPTER.payout(order, Wire())
    assert seen(order).provider_state == "ENQUEUED"
    ADAPTER.expire(order, Wire())
    assert seen(order).state is SeenState.CANCELLED
    assert len(fakes.kernel.book) == 0


def test_mixx_and_moov_are_one_network_in_each_of_their_countries(fakes: Fakes) -> None:
    for adapter, party, network in (
        (MIXX, "+221761234567", "FREE_SEN"),
        (MOOV, "+2290195123456", "MOOV_BEN"),
        (MOOV, "+22670123456", "MOOV_BFA"),
    ):
        order = ordered(fakes, party=party, account=fakes.account(adapter.name), party_code="ANY")
        assert isinstance(adapter.collect(order, Wire()), Accepted)
        fakes.advance(3)
        assert seen(order, adapter).state is SeenState.SUCCEEDED
        assert fakes.payments(adapter.name)[-1].document["network"] == network
    elsewhere = MOOV.collect(ordered(fakes, party="+2250101234567", account=fakes.account("moov")), Wire())
    assert isinstance(elsewhere, Rejected)
    assert elsewhere.reason is Reason.COUNTRY_NOT_ALLOWED


@pytest.mark.parametrize(
    ("change", "reason", "code"),
    [
        ({"party_code": "PIGEON_BEN"}, Reason.CONFIGURATION, "INVALID_PROVIDER"),
        ({"party_code": ""}, Reason.CONFIGURATION, "provider"),
        ({"currency": "XAF"}, Reason.CURRENCY_NOT_SUPPORTED, "INVALID_CURRENCY"),
        ({"amount_minor": 2_000_001}, Reason.AMOUNT_OUT_OF_BOUNDS, "active-conf"),
    ],
)
def test_what_pawapay_does_not_take_is_rejected_with_its_reason(
    fakes: Fakes, change: dict[str, Any], reason: Reason, code: str
) -> None:
    answer = ADAPTER.collect(ordered(fakes, **change), Wire())
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code) == (reason, code)
    assert len(fakes.payments("pawapay")) == 0


def test_congolese_francs_leave_with_two_places(fakes: Fakes) -> None:
    order = ordered(fakes, party="+243813456789", party_code="VODACOM_MPESA_COD", currency="CDF", amount_minor=150_050)
    wire = Wire()
    assert isinstance(ADAPTER.collect(order, wire), Accepted)
    assert '"amount": "1500.50"' in wire.exchanges[-1].request


def test_limits_are_asked_for_once_an_hour(fakes: Fakes) -> None:
    wire = Wire()
    for _ in range(3):
        ADAPTER.collect(ordered(fakes), wire)
    operations = [one.operation for one in wire.exchanges]
    assert operations == ["active configuration", "collect", "collect", "collect"]


def test_an_id_that_is_no_uuid4_is_refused(fakes: Fakes) -> None:
    order = ordered(fakes, external_id=UUID("00000000-0000-1000-8000-000000000000"))
    answer = ADAPTER.collect(order, Wire())
    assert isinstance(answer, Rejected)
    assert answer.code == "INVALID_PARAMETER"


def test_a_wrong_token_is_a_configuration_and_moves_nothing(fakes: Fakes) -> None:
    order = ordered(fakes)
    account = replace(order.account, secrets={"api_token": "wrong"})
    answer = ADAPTER.collect(replace(order, account=account), Wire())
    assert isinstance(answer, Rejected)
    assert answer.reason is Reason.CONFIGURATION
    assert not ADAPTER.probe(account, Wire())
    assert ADAPTER.probe(order.account, Wire())


def test_our_calls_are_signed_where_the_account_has_a_key(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, str]] = []
    exchange = http.exchange

    def listen(method: str, url: str, *, headers: dict[str, str], **more: Any) -> Any:
        sent.append(headers)
        return exchange(method, url, headers=headers, **more)

    monkeypatch.setattr(http, "exchange", listen)
    order = ordered(fakes)
    pem = private_key()
    account = replace(order.account, secrets={**order.account.secrets, "signing_key": pem})
    wire = Wire()
    assert isinstance(ADAPTER.collect(replace(order, account=account), wire), Accepted)
    given = signatures.read_input(sent[-1])
    assert given is not None
    assert given.key_id == account.code
    assert given.components == signatures.COMPONENTS
    kept = "".join(one.request for one in wire.exchanges)
    assert not [line for line in pem.splitlines() if line in kept]


def test_what_wallets_hold_and_which_networks_work(fakes: Fakes) -> None:
    benin = replace(fakes.account("pawapay"), country="BJ", currency="XOF")
    before = ADAPTER.balance(benin, Wire())
    ADAPTER.payout(ordered(fakes, "payout", account=benin), Wire())
    fakes.advance(3)
    after = ADAPTER.balance(benin, Wire())
    assert isinstance(before, Balance)
    assert isinstance(after, Balance)
    assert (before.amount - after.amount).minor == 5_000
    assert ADAPTER.balance(fakes.account("pawapay"), Wire()) == NotOffered()
    availability = ADAPTER.availability(benin, Wire())
    assert isinstance(availability, Availability)
    assert availability.networks["MOOV_BEN"] == "operational"
    assert ADAPTER.predict(benin, PERSON, Wire()) == "MTN_MOMO_BEN"


def test_nothing_secret_and_no_whole_number_is_kept(fakes: Fakes) -> None:
    order, wire = ordered(fakes, party="+2290197000010"), Wire()
    ADAPTER.collect(order, wire)
    fakes.advance(3)
    ADAPTER.status(order, wire)
    kept = "\n".join(f"{one.url}\n{one.request}\n{one.response}" for one in wire.exchanges)
    for value in (*order.account.secrets.values(), "97000010", "97000777"):
        assert value not in kept
    assert str(order.external_id) in kept


@given(body=st.binary(max_size=200), status=st.sampled_from([200, 400, 404, 409, 422]))
def test_no_answer_of_the_outside_raises(body: bytes, status: int) -> None:
    assert isinstance(pawapay._submitted(Answered(status, {}, body), "collect"), Accepted | Rejected | Unknown)
