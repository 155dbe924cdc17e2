"""MTN MoMo: each word and reason, the adapter against its fake, callbacks that only say what to read."""

import json
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Currency, Money
from core.phone import normalise
from providers.answers import (
    Accepted,
    Account,
    Balance,
    Hint,
    InboundCall,
    Name,
    NotFound,
    NotSeen,
    Order,
    Reason,
    Refusal,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.mobile_money import mtn
from providers.mobile_money.mtn import ADAPTER, reason_of, seen_state
from providers.wire import Answered, Wire
from tests.providers.conftest import Fakes

PAYER = "+2290197123456"
WORDS = {
    "PENDING": SeenState.PENDING,
    "ONGOING": SeenState.PENDING,
    "CREATED": SeenState.PENDING,
    "DELAYED": SeenState.PENDING,
    "SUCCESSFUL": SeenState.SUCCEEDED,
    "FAILED": SeenState.FAILED,
    "REJECTED": SeenState.FAILED,
    "TIMEOUT": SeenState.EXPIRED,
    "EXPIRED": SeenState.EXPIRED,
}
REASONS = {
    "PAYER_NOT_FOUND": "payer_not_found",
    "PAYEE_NOT_FOUND": "payee_not_found",
    "NOT_ENOUGH_FUNDS": "insufficient_funds",
    "PAYER_LIMIT_REACHED": "payer_limit",
    "PAYEE_NOT_ALLOWED_TO_RECEIVE": "payee_not_allowed",
    "APPROVAL_REJECTED": "not_approved",
    "EXPIRED": "prompt_expired",
    "COULD_NOT_PERFORM_TRANSACTION": "prompt_expired",
    "INTERNAL_PROCESSING_ERROR": "unspecified",
    "NOT_ALLOWED": "configuration",
    "NOT_ALLOWED_TARGET_ENVIRONMENT": "configuration",
    "INVALID_CALLBACK_URL_HOST": "configuration",
    "INVALID_CURRENCY": "configuration",
    "SERVICE_UNAVAILABLE": "provider_unavailable",
}


def ordered(fakes: Fakes, direction: str = "collect", party: str = PAYER, **more: object) -> Order:
    return fakes.order(fakes.account("mtn", "BJ"), direction, party=party, **more)  # type: ignore[arg-type]


def seen(order: Order) -> Seen:
    answer = ADAPTER.status(order, Wire())
    assert isinstance(answer, Seen)
    return answer


# Words


@pytest.mark.parametrize(("word", "state"), WORDS.items())
def test_a_status_word_means_what_mtn_says(word: str, state: SeenState) -> None:
    assert seen_state(word) == (state, True)


@given(st.text())
def test_any_other_word_is_pending_and_says_that_it_is_unknown(word: str) -> None:
    if word not in WORDS:
        assert seen_state(word) == (SeenState.PENDING, False)


@pytest.mark.parametrize(("code", "reason"), REASONS.items())
def test_a_reason_code_means_what_the_table_says(code: str, reason: str) -> None:
    assert reason_of(code, "collect") == reason
    expected = Reason.OUR_WALLET_EMPTY if code == "NOT_ENOUGH_FUNDS" else reason
    assert reason_of(code, "payout") == expected


def test_a_code_nobody_knows_is_unspecified() -> None:
    assert reason_of("SOLAR_ECLIPSE", "collect") is Reason.UNSPECIFIED
    assert set(REASONS) == set(mtn.REASONS)


# Against the fake


def test_a_collect_is_confirmed_on_the_phone_and_seen_paid(fakes: Fakes) -> None:
    order = ordered(fakes)
    answer = ADAPTER.collect(order, Wire())
    assert isinstance(answer, Accepted)
    assert answer.next.kind == "confirm_on_phone"
    assert seen(order).state is SeenState.PENDING
    fakes.advance(3)
    paid = seen(order)
    assert paid.state is SeenState.SUCCEEDED
    assert paid.amount == Money(5_000, Currency.XOF)
    assert paid.party is not None
    assert paid.party.e164 == PAYER
    assert paid.provider_ref
    assert [(row.kind, row.amount_minor, row.reference) for row in fakes.kernel.book] == [
        ("collect", 5_000, order.reference)
    ]


def test_the_second_of_one_id_is_not_executed_again(fakes: Fakes) -> None:
    order = ordered(fakes, "payout")
    assert ADAPTER.payout(order, Wire()) == Accepted()
    assert ADAPTER.payout(order, Wire()) == Accepted()
    fakes.advance(3)
    assert len(fakes.kernel.book) == 1
    assert seen(order).state is SeenState.SUCCEEDED


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
    assert isinstance(ADAPTER.refund(ordered(fakes, "refund"), Wire()), Rejected)
    assert [row.amount_minor for row in fakes.kernel.book if row.kind == "refund"] == [3_000]


def test_what_was_never_received_is_not_seen(fakes: Fakes) -> None:
    assert isinstance(ADAPTER.status(ordered(fakes), Wire()), NotSeen)


@pytest.mark.parametrize(
    ("number", "state", "reason"),
    [
        ("46733123450", SeenState.FAILED, Reason.UNSPECIFIED),
        ("46733123451", SeenState.FAILED, Reason.NOT_APPROVED),
        ("46733123452", SeenState.EXPIRED, Reason.PROMPT_EXPIRED),
        ("46733123453", SeenState.PENDING, None),
        ("46733123454", SeenState.PENDING, None),
        ("46733123455", SeenState.FAILED, Reason.PAYER_NOT_FOUND),
        ("46733123456", SeenState.FAILED, Reason.PAYEE_NOT_ALLOWED),
        ("46733123457", SeenState.FAILED, Reason.CONFIGURATION),
        ("46733123461", SeenState.FAILED, Reason.UNSPECIFIED),
        ("46733123462", SeenState.FAILED, Reason.PROVIDER_UNAVAILABLE),
        ("46733123463", SeenState.FAILED, Reason.PROMPT_EXPIRED),
        ("46733123999", SeenState.SUCCEEDED, None),
    ],
)
def test_the_sandbox_numbers_of_payers_do_as_mtn_writes(
    fakes: Fakes, number: str, state: SeenState, reason: Reason | None
) -> None:
    order = sandbox_order(fakes, "collect", number)
    assert isinstance(ADAPTER.collect(order, Wire()), Accepted)
    fakes.advance(3)
    assert (seen(order).state, seen(order).reason) == (state, reason)
    assert seen(order).is_word_known


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("46733123455", Reason.OUR_WALLET_EMPTY),
        ("46733123456", Reason.PAYER_LIMIT),
        ("46733123457", Reason.PAYEE_NOT_FOUND),
        ("46733123463", Reason.PROVIDER_UNAVAILABLE),
    ],
)
def test_the_sandbox_numbers_of_payees_do_as_mtn_writes(fakes: Fakes, number: str, reason: Reason) -> None:
    order = sandbox_order(fakes, "payout", number)
    assert ADAPTER.payout(order, Wire()) == Accepted()
    fakes.advance(3)
    assert (seen(order).state, seen(order).reason) == (SeenState.FAILED, reason)


def sandbox_order(fakes: Fakes, direction: str, number: str) -> Order:
    account = replace(fakes.account("mtn", "BJ", target_environment="sandbox"), currency="EUR")
    return fakes.order(account, direction, amount_minor=1_250, party=f"+{number}")  # type: ignore[arg-type]


def test_the_sandbox_takes_euros_only_and_an_environment_its_own_currency(fakes: Fakes) -> None:
    order = replace(sandbox_order(fakes, "collect", "46733123999"), amount=Money(5_000, Currency.XOF))
    answer = ADAPTER.collect(order, Wire())
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code) == (Reason.CONFIGURATION, "INVALID_CURRENCY")
    assert len(fakes.payments("mtn")) == 0


@pytest.mark.parametrize("name", ["collection_subscription", "collection_key", "collection_user"])
def test_a_wrong_secret_is_a_configuration_and_moves_nothing(fakes: Fakes, name: str) -> None:
    order = ordered(fakes)
    account = replace(order.account, secrets={**order.account.secrets, name: "wrong"})
    answer = ADAPTER.collect(replace(order, account=account), Wire())
    assert isinstance(answer, Rejected)
    assert answer.reason is Reason.CONFIGURATION
    assert len(fakes.payments("mtn")) == 0


def test_a_reference_that_is_no_uuid4_is_refused(fakes: Fakes) -> None:
    order = ordered(fakes, external_id=UUID("00000000-0000-1000-8000-000000000000"))
    assert isinstance(ADAPTER.collect(order, Wire()), Rejected)


def test_old_benin_numbers_leave_in_eight_digits_where_the_account_says_so(fakes: Fakes) -> None:
    order = ordered(fakes)
    legacy = replace(order, account=replace(order.account, settings={**order.account.settings, "bj_legacy": True}))
    ADAPTER.collect(legacy, Wire())
    assert fakes.payments("mtn")[0].party == "22997123456"
    fakes.advance(3)
    party = seen(legacy).party
    assert party is not None
    assert party.e164 == PAYER


@pytest.mark.parametrize(
    ("code", "submitted", "state"),
    [
        ("001", Unknown, None),
        ("002", Unknown, SeenState.SUCCEEDED),
        ("003", Unknown, SeenState.SUCCEEDED),
        ("008", Accepted, SeenState.SUCCEEDED),
        ("012", Accepted, SeenState.PENDING),
        ("014", Accepted, SeenState.FAILED),
        ("019", Accepted, SeenState.SUCCEEDED),
        ("021", Unknown, SeenState.SUCCEEDED),
        ("025", Accepted, SeenState.SUCCEEDED),
        ("026", Rejected, None),
        ("027", Unknown, SeenState.SUCCEEDED),
    ],
)
def test_each_misbehaviour_is_answered_as_it_is(
    fakes: Fakes, code: str, submitted: type, state: SeenState | None
) -> None:
    order = ordered(fakes, party=f"+2290197000{code}")
    answer = ADAPTER.collect(order, Wire())
    assert isinstance(answer, submitted)
    assert not isinstance(answer, Unknown) or answer.is_sent
    fakes.advance(3)
    read = ADAPTER.status(order, Wire())
    assert read.state is state if isinstance(read, Seen) else state is None
    assert len(fakes.kernel.book) == (state is SeenState.SUCCEEDED)


def test_a_busy_platform_slows_the_account(fakes: Fakes) -> None:
    order = ordered(fakes, party="+2290197000020")
    ADAPTER.collect(order, Wire())
    fakes.advance(3)
    for _ in range(2):
        assert ADAPTER.status(order, Wire()) == Unknown(is_sent=True, detail="http 429", slows=True)
    assert seen(order).state is SeenState.SUCCEEDED


def test_nobody_at_the_address_means_that_nothing_was_sent(fakes: Fakes) -> None:
    order = ordered(fakes)
    gone = replace(order, account=replace(order.account, base_url="http://127.0.0.1:9/mtn"))
    answer = ADAPTER.collect(gone, Wire())
    assert isinstance(answer, Unknown)
    assert not answer.is_sent


def test_who_holds_a_number_and_what_the_wallets_hold(fakes: Fakes) -> None:
    account = fakes.account("mtn", "BJ")
    assert ADAPTER.name_of(account, normalise(PAYER, None), Wire()) == Name("Fatou Diop")
    assert ADAPTER.name_of(account, normalise("+2290197000015", None), Wire()) == NotFound()
    before = ADAPTER.balance(account, Wire())
    ADAPTER.payout(ordered(fakes, "payout"), Wire())
    fakes.advance(3)
    after = ADAPTER.balance(account, Wire())
    assert isinstance(before, Balance)
    assert isinstance(after, Balance)
    assert before.amount - after.amount == Money(5_000, Currency.XOF)
    assert ADAPTER.probe(account, Wire())


def test_a_sandbox_user_is_made_and_opens_the_sandbox(fakes: Fakes) -> None:
    account = fakes.account("mtn", "BJ")
    made = mtn.create_api_user(Wire(), account, "collection", "palabre.example")
    assert isinstance(made, tuple)
    user, key = made
    own = replace(account, id=uuid4(), secrets={**account.secrets, "collection_user": user, "collection_key": key})
    assert isinstance(ADAPTER.collect(fakes.order(own, party=PAYER), Wire()), Accepted)


def test_nothing_secret_and_no_whole_number_is_kept(fakes: Fakes) -> None:
    order, wire = ordered(fakes, party="+2290197000010"), Wire()
    ADAPTER.collect(order, wire)
    fakes.advance(3)
    ADAPTER.status(order, wire)
    kept = "\n".join(f"{one.url}\n{one.request}\n{one.response}" for one in wire.exchanges)
    assert [one.operation for one in wire.exchanges] == ["token", "collect", "status"]
    assert "access_token" in kept
    for value in (*order.account.secrets.values(), "2290197000010", "2290197000777", "97000010"):
        assert value not in kept
    assert order.reference in kept


@given(body=st.binary(max_size=200), status=st.sampled_from([200, 202, 400, 404, 409, 500]))
def test_no_answer_of_the_outside_raises(body: bytes, status: int) -> None:
    for direction in ("collect", "payout"):
        answer = mtn._submitted(Answered(status, {}, body), direction)
        assert isinstance(answer, Accepted | Rejected | Unknown)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["status", "reason", "amount", "currency", "payer", "code", "partyId"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_no_status_body_raises(parsed: object) -> None:
    if isinstance(parsed, dict):
        assert isinstance(mtn._seen(parsed, "collect"), Seen)


# Callbacks


def call(body: bytes, token: str = "", method: str = "POST") -> InboundCall:
    return InboundCall(method, f"/api/v1/payments/callback/mtn/{token}", {}, body, 1.8e9, token=token)


def told(**fields: object) -> bytes:
    return json.dumps({"externalId": "REF", "status": "SUCCESSFUL", **fields}).encode()


ACCOUNT = Account(uuid4(), "mtn-bj", "mtn", "live", "BJ", "XOF", "https://momo.example", {}, {})


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_callback_names_its_transfer_by_token_and_reference(method: str) -> None:
    hint = ADAPTER.verify_callback(call(told(financialTransactionId="23503452"), "tok", method), [ACCOUNT])
    assert isinstance(hint, Hint)
    assert hint.authenticity == "token"
    assert hint.references == {"callback_token": "tok", "reference": "REF", "provider_ref": "23503452"}
    assert hint.claimed_state == "succeeded"


@pytest.mark.parametrize("reason", [{"code": "APPROVAL_REJECTED", "message": "no"}, "APPROVAL_REJECTED"])
def test_a_failure_is_read_with_either_form_of_reason_and_no_transaction(reason: object) -> None:
    hint = ADAPTER.verify_callback(call(told(status="FAILED", reason=reason)), [ACCOUNT])
    assert isinstance(hint, Hint)
    assert (hint.authenticity, hint.claimed_state, hint.references) == ("none", "failed", {"reference": "REF"})


def test_two_callbacks_are_one_only_when_token_and_body_are_the_same() -> None:
    keys = set()
    for body, token in ((told(), "a"), (told(), "a"), (told(), "b"), (told(status="FAILED"), "a")):
        hint = ADAPTER.verify_callback(call(body, token), [ACCOUNT])
        assert isinstance(hint, Hint)
        keys.add(hint.dedupe_key)
    assert len(keys) == 3


@pytest.mark.parametrize("body", [b"", b"[]", b"no", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    assert ADAPTER.verify_callback(call(body, "tok"), [ACCOUNT]) == Refusal(400)


def test_without_an_account_nobody_is_here() -> None:
    assert ADAPTER.verify_callback(call(told(), "tok"), []) == Refusal(404)


def test_the_fake_tells_a_failure_without_a_transaction_id(fakes: Fakes) -> None:
    order = ordered(fakes, party="+2290197000016")
    ADAPTER.collect(order, Wire())
    fakes.advance(3)
    payment = fakes.payments("mtn")[0]
    notice = payment.fake.notice(fakes.kernel, payment, payment.state, is_forged=False)
    assert notice is not None
    document = json.loads(notice.body)
    assert document["reason"]["code"] == "APPROVAL_REJECTED"
    assert "financialTransactionId" not in document
