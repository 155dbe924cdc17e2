"""Wave: words and errors, links and payouts against the fake, events that are signed or not believed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.money import Currency, Money
from providers import http
from providers.answers import (
    Accepted,
    Balance,
    NotSeen,
    Order,
    Page,
    Reason,
    Rejected,
    Seen,
    SeenState,
    Unknown,
)
from providers.mobile_money.wave import ADAPTER
from providers.mobile_money.wave_records import line_of, seen_checkout, seen_payout
from providers.mobile_money.wave_words import (
    CHECKOUT_REASONS,
    PAYOUT_REASONS,
    checkout_state,
    newest_or_succeeded,
    reason_of_checkout,
    reason_of_payout,
    seen_state,
    simple_state,
)
from providers.wire import Wire
from tests.providers.conftest import Fakes

PERSON = "+221771234567"


def ordered(fakes: Fakes, direction: str = "collect", party: str = "", **more: Any) -> Order:
    settings = more.pop("settings", {})
    account = fakes.account("wave", "SN", **settings)
    return fakes.order(account, direction, party=party, **more)  # type: ignore[arg-type]


def collected(fakes: Fakes, **more: Any) -> Order:
    """Ask for a link and keep its handles, as the worker does."""
    order = ordered(fakes, **more)
    answer = ADAPTER.collect(order, Wire())
    assert isinstance(answer, Accepted)
    return replace(order, handles=answer.handles, submitted_at=clock.now())


def seen(order: Order) -> Seen:
    answer = ADAPTER.status(order, Wire())
    assert isinstance(answer, Seen)
    return answer


# Words


@pytest.mark.parametrize(
    ("word", "state"),
    [("processing", "pending"), ("succeeded", "succeeded"), ("failed", "failed"), ("reversed", "reversed")],
)
def test_a_payouts_word_means_what_wave_says(word: str, state: str) -> None:
    assert seen_state(word) == (state, True)


@pytest.mark.parametrize(
    ("checkout", "payment", "state"),
    [
        ("complete", "succeeded", "succeeded"),
        ("open", "succeeded", "succeeded"),
        ("expired", "succeeded", "succeeded"),
        ("expired", "processing", "expired"),
        ("expired", "cancelled", "expired"),
        ("complete", "cancelled", "cancelled"),
        ("open", "cancelled", "cancelled"),
        ("open", "processing", "pending"),
        ("complete", "processing", "pending"),
    ],
)
def test_a_checkouts_two_words_mean_one_thing(checkout: str, payment: str, state: str) -> None:
    assert checkout_state(checkout, payment) == (state, True)


@pytest.mark.parametrize("word", ["succeeded", "failed", "pending", "cancelled"])
def test_a_simplified_body_has_words_of_its_own(word: str) -> None:
    assert simple_state(word) == (word, True)


@given(st.text())
def test_any_other_word_is_pending_and_says_that_it_is_unknown(word: str) -> None:
    if word not in {"processing", "succeeded", "failed", "reversed"}:
        assert seen_state(word) == (SeenState.PENDING, False)
    if word not in {"open", "complete", "expired"}:
        assert checkout_state(word, "processing") == (SeenState.PENDING, False)
    if word not in {"processing", "succeeded", "cancelled"}:
        assert checkout_state("open", word) == (SeenState.PENDING, False)
    if word not in {"succeeded", "failed", "pending", "cancelled"}:
        assert simple_state(word) == (SeenState.PENDING, False)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("insufficient-funds", "insufficient_funds"),
        ("blocked-account", "account_blocked"),
        ("payer-mobile-mismatch", "mismatch_party"),
        ("cross-border-payment-not-allowed", "country_not_allowed"),
        ("customer-age-restricted", "payer_limit"),
        ("kyb-limits-exceeded", "payer_limit"),
        ("payment-failure", "unspecified"),
        ("request-validation-error", "configuration"),
        ("rain", "unspecified"),
    ],
)
def test_why_a_payer_did_not_pay(code: str, reason: str) -> None:
    assert reason_of_checkout(code) == reason
    assert (code in CHECKOUT_REASONS) is (code != "rain")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("insufficient-funds", "our_wallet_empty"),
        ("recipient-limit-exceeded", "payee_limit"),
        ("recipient-account-blocked", "payee_not_allowed"),
        ("recipient-account-inactive", "payee_not_found"),
        ("recipient-minor", "payee_not_allowed"),
        ("country-mismatch", "country_not_allowed"),
        ("currency-mismatch", "currency_not_supported"),
        ("request-validation-error", "configuration"),
        ("rain", "unspecified"),
    ],
)
def test_why_a_payout_was_refused(code: str, reason: str) -> None:
    assert reason_of_payout(code) == reason
    assert (code in PAYOUT_REASONS) is (code != "rain")


def test_of_several_under_one_reference_the_succeeded_wins_else_the_newest() -> None:
    old, new = {"id": "a", "when_created": "2026-01-01"}, {"id": "b", "when_created": "2026-01-02"}
    paid = {"id": "c", "when_created": "2025-12-31", "payment_status": "succeeded"}
    assert newest_or_succeeded([old, new]) is new
    assert newest_or_succeeded([new, paid, old]) is paid


# Against the fake


def test_a_link_is_opened_paid_and_seen_paid(fakes: Fakes) -> None:
    answer = ADAPTER.collect(order := ordered(fakes), Wire())
    assert isinstance(answer, Accepted)
    assert answer.next.kind == "open_link"
    assert answer.next.url.startswith(f"{fakes.url}/wave/c/cos-")
    assert answer.next.until is not None
    assert timedelta(minutes=29) < answer.next.until - clock.now() <= timedelta(minutes=30)
    order = replace(order, handles=answer.handles)
    assert seen(order).state is SeenState.PENDING
    fakes.advance(3)
    paid = seen(order)
    assert (paid.state, paid.amount) == (SeenState.SUCCEEDED, Money(5_000, Currency.XOF))
    assert paid.provider_ref == answer.provider_ref
    assert paid.party is None


def test_a_payer_presses_pay_or_refuse_on_the_page(fakes: Fakes) -> None:
    fakes.kernel.is_by_hand = True
    try:
        paid, refused = collected(fakes), collected(fakes)
        for order, choice in ((paid, "pay"), (refused, "refuse")):
            address = f"{fakes.url}/wave/c/{order.handles['checkout_id']}"
            assert "Payer" in http.get(address).text
            assert http.post_form(address, f"choice={choice}", _FORM).status_code == 303
            assert "Payer" not in http.get(address).text
    finally:
        fakes.kernel.is_by_hand = False
    assert seen(paid).state is SeenState.SUCCEEDED
    assert (seen(refused).state, seen(refused).reason) == (SeenState.CANCELLED, Reason.NOT_APPROVED)


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_lost_link_is_found_by_our_own_id(fakes: Fakes) -> None:
    order = ordered(fakes, amount_minor=7_002)
    assert ADAPTER.collect(order, Wire()) == Unknown(is_sent=True, detail="RemoteProtocolError")
    fakes.advance(3)
    assert seen(order).state is SeenState.SUCCEEDED
    assert isinstance(ADAPTER.status(ordered(fakes), Wire()), NotSeen)


def test_a_link_is_closed_and_then_expired(fakes: Fakes) -> None:
    order = collected(fakes, amount_minor=7_012)
    ADAPTER.expire(order, Wire())
    assert (seen(order).state, seen(order).reason) == (SeenState.EXPIRED, Reason.LINK_EXPIRED)
    ADAPTER.expire(order, Wire())
    assert len(fakes.kernel.book) == 0


def test_a_link_that_was_paid_meanwhile_stays_paid(fakes: Fakes) -> None:
    order = collected(fakes)
    fakes.advance(3)
    ADAPTER.expire(order, Wire())
    assert seen(order).state is SeenState.SUCCEEDED


def test_only_the_named_payer_may_pay_where_the_account_says_so(fakes: Fakes) -> None:
    order = collected(fakes, party=PERSON, settings={"restrict_payer_mobile": True})
    fakes.advance(3)
    party = seen(order).party
    assert party is not None
    assert party.e164 == PERSON
    other = collected(fakes, party="+221771000010", settings={"restrict_payer_mobile": True})
    fakes.advance(3)
    lied = seen(other).party
    assert lied is not None
    assert lied.e164 == "+221771000777"


def test_a_payout_is_answered_with_its_full_status(fakes: Fakes) -> None:
    order = ordered(fakes, "payout", PERSON, party_name="Fatou Diop")
    answer = ADAPTER.payout(order, Wire())
    assert isinstance(answer, Accepted)
    assert answer.seen is not None
    assert answer.seen.state is SeenState.SUCCEEDED
    assert answer.seen.amount == Money(5_000, Currency.XOF)
    assert answer.seen.fee == Money(50, Currency.XOF)
    assert answer.seen.party is not None
    assert answer.seen.party.e164 == PERSON
    again = ADAPTER.payout(order, Wire())
    assert isinstance(again, Accepted)
    assert again.handles == answer.handles
    assert len(fakes.kernel.book) == 1


def test_one_key_with_another_body_is_a_bug_and_nobody_knows(fakes: Fakes) -> None:
    order = ordered(fakes, "payout", PERSON)
    ADAPTER.payout(order, Wire())
    answer = ADAPTER.payout(replace(order, amount=Money(6_000, Currency.XOF)), Wire())
    assert answer == Unknown(is_sent=True, detail="idempotency-mismatch")
    assert [row.amount_minor for row in fakes.kernel.book] == [5_000]


def test_a_lost_payout_is_found_by_our_id_and_never_made_twice(fakes: Fakes) -> None:
    order = ordered(fakes, "payout", "+221771000027")
    assert isinstance(ADAPTER.payout(order, Wire()), Unknown)
    assert seen(order).state is SeenState.SUCCEEDED
    assert isinstance(ADAPTER.payout(order, Wire()), Accepted)
    assert len(fakes.kernel.book) == 1


def test_a_large_payout_leaves_only_after_the_recipient_was_checked(fakes: Fakes) -> None:
    for amount, operations in ((49_999, ["payout"]), (50_000, ["check", "payout"])):
        wire = Wire()
        ADAPTER.payout(ordered(fakes, "payout", PERSON, amount_minor=amount), wire)
        assert [one.operation for one in wire.exchanges] == operations


def test_a_payout_comes_back_within_the_hour(fakes: Fakes) -> None:
    order = ordered(fakes, "payout", "+221771000013")
    answer = ADAPTER.payout(order, Wire())
    assert isinstance(answer, Accepted)
    fakes.advance(3_700)
    assert seen(replace(order, handles=answer.handles)).state is SeenState.REVERSED
    mine = ordered(fakes, "payout", PERSON)
    ADAPTER.payout(mine, Wire())
    assert ADAPTER.reverse(mine, Wire())
    assert ADAPTER.reverse(mine, Wire())
    assert seen(mine).state is SeenState.REVERSED


@pytest.mark.parametrize(
    ("code", "reason"),
    [("014", "our_wallet_empty"), ("015", "payee_not_found"), ("016", "payee_not_allowed")],
)
def test_a_refused_payout_says_why(fakes: Fakes, code: str, reason: str) -> None:
    answer = ADAPTER.payout(ordered(fakes, "payout", f"+221771000{code}"), Wire())
    assert isinstance(answer, Accepted)
    assert answer.seen is not None
    assert (answer.seen.state, answer.seen.reason) == (SeenState.FAILED, reason)


@pytest.mark.parametrize(
    ("amount", "answered"), [(7_020, Accepted), (7_021, Unknown), (7_025, Accepted), (7_026, Rejected)]
)
def test_each_misbehaviour_is_answered_as_it_is(fakes: Fakes, amount: int, answered: type) -> None:
    assert isinstance(ADAPTER.collect(ordered(fakes, amount_minor=amount), Wire()), answered)


@pytest.mark.parametrize(
    ("code", "reason"), [("014", "insufficient_funds"), ("015", "account_blocked"), ("016", "not_approved")]
)
def test_a_link_that_was_not_paid_says_why(fakes: Fakes, code: str, reason: str) -> None:
    order = collected(fakes, amount_minor=7_000 + int(code))
    fakes.advance(3)
    assert (seen(order).state, seen(order).reason) == (SeenState.CANCELLED, reason)
    assert len(fakes.kernel.book) == 0


def test_the_list_of_a_day_has_every_movement_page_after_page(fakes: Fakes) -> None:
    references = {str(collected(fakes).external_id) for _ in range(101)}
    ADAPTER.payout(payout := ordered(fakes, "payout", PERSON), Wire())
    fakes.advance(3)
    day, account = fakes.kernel.now().date(), ordered(fakes).account
    first = ADAPTER.list(account, day, None, Wire())
    assert isinstance(first, Page)
    assert (len(first.lines), first.cursor) == (100, "100")
    second = ADAPTER.list(account, day, first.cursor, Wire())
    assert isinstance(second, Page)
    assert (len(second.lines), second.cursor) == (2, None)
    lines = [*first.lines, *second.lines]
    assert {line.external_id for line in lines if line.kind == "collect"} == references
    sent = next(line for line in lines if line.kind == "payout")
    assert (sent.external_id, sent.amount.minor, sent.fee) == (str(payout.external_id), 5_000, Money(50, Currency.XOF))
    assert len({line.line_key for line in lines}) == 102


def test_what_a_wallet_holds(fakes: Fakes) -> None:
    account = ordered(fakes).account
    before = ADAPTER.balance(account, Wire())
    ADAPTER.payout(ordered(fakes, "payout", PERSON), Wire())
    after = ADAPTER.balance(account, Wire())
    assert isinstance(before, Balance)
    assert isinstance(after, Balance)
    assert (before.amount - after.amount).minor == 5_050
    assert ADAPTER.probe(account, Wire())


@pytest.mark.parametrize("name", ["api_key", "signing_secret"])
def test_a_wrong_secret_is_a_configuration_and_moves_nothing(fakes: Fakes, name: str) -> None:
    order = ordered(fakes)
    account = replace(order.account, secrets={**order.account.secrets, name: "wrong"})
    answer = ADAPTER.collect(replace(order, account=account), Wire())
    assert isinstance(answer, Rejected)
    assert answer.reason is Reason.CONFIGURATION
    assert len(fakes.payments("wave")) == 0
    assert not ADAPTER.probe(account, Wire())


def test_nothing_secret_and_no_whole_number_is_kept(fakes: Fakes) -> None:
    order, wire = ordered(fakes, "payout", "+221771000010"), Wire()
    ADAPTER.payout(order, wire)
    ADAPTER.status(order, wire)
    ADAPTER.list(order.account, fakes.kernel.now().date(), None, wire)
    kept = "\n".join(f"{one.url}\n{one.request}\n{one.response}" for one in wire.exchanges)
    for value in (*order.account.secrets.values(), "771000010", "771000777"):
        assert value not in kept
    assert str(order.external_id) in kept


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "amount", "currency", "mobile", "payment_status", "payout_error", "timestamp"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(_ANYTHING)
def test_no_record_raises(parsed: object) -> None:
    if isinstance(parsed, dict):
        assert isinstance(seen_payout(parsed), Seen | None)
        assert isinstance(seen_checkout(parsed), Seen | None)
        line_of(parsed)
