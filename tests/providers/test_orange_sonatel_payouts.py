"""Cash-ins of Orange Sonatel: an encrypted PIN, one execution, and what nothing proves."""

from dataclasses import replace

import pytest

from core import clock
from core.money import Currency, Money
from providers.answers import (
    Accepted,
    NotSeen,
    Reason,
    Rejected,
    SeenState,
    Unknown,
)
from providers.fakes.orange_sonatel import OrangeSonatelFake
from providers.mobile_money.orange_sonatel import ADAPTER
from providers.wire import Wire
from tests.providers.conftest import Fakes
from tests.providers.orange_talk import Talk, assert_nothing_leaks

NAME = "orange_sonatel"
PAYEE = "+221771234567"
SERIES = "+221771000"


@pytest.fixture
def cash_in(fakes: Fakes) -> Talk:
    return Talk(fakes, NAME, "payout", party=PAYEE, amount_minor=45_000)


def fake_of(fakes: Fakes) -> OrangeSonatelFake:
    fake = fakes.payments(NAME)[0].fake
    assert isinstance(fake, OrangeSonatelFake)
    return fake


def test_a_pot_is_sent_to_a_wallet(cash_in: Talk) -> None:
    answer = cash_in.send()
    assert isinstance(answer, Accepted)
    assert answer.provider_ref is not None
    assert answer.provider_ref.startswith("CI")
    assert answer.handles == {"transaction_id": answer.provider_ref}
    assert answer.seen is not None
    assert (answer.seen.state, answer.seen.provider_state) == (SeenState.PENDING, "SUCCESS")
    seen = cash_in.seen()
    assert (seen.state, seen.amount, seen.party) == (SeenState.SUCCEEDED, cash_in.order.amount, cash_in.order.party)
    assert cash_in.moved() == [("payout", 45_000, "771234567")]
    assert cash_in.operations == ["token", "public_key", "payout", "status", "status"]
    assert_nothing_leaks(cash_in)


def test_the_pin_never_leaves_in_clear_nor_twice_alike(fakes: Fakes) -> None:
    sent = []
    for _ in range(2):
        talk = Talk(fakes, NAME, "payout", party=PAYEE)
        talk.send()
        sent.append(fakes.payments(NAME)[-1].document["partner"]["encryptedPinCode"])
        assert sent[-1] not in talk.text
        assert_nothing_leaks(talk)
    assert sent[0] != sent[1]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("014", Reason.OUR_WALLET_EMPTY),
        ("015", Reason.PAYEE_NOT_FOUND),
        ("016", Reason.PAYEE_NOT_ALLOWED),
    ],
)
def test_a_cash_in_is_refused_with_its_reason(fakes: Fakes, code: str, reason: Reason) -> None:
    talk = Talk(fakes, NAME, "payout", party=SERIES + code)
    answer = talk.send()
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.is_pin_wrong) == (reason, False)
    assert talk.moved() == []


def test_a_wrong_pin_locks_the_account(fakes: Fakes) -> None:
    account = fakes.account(NAME)
    pin = "9999" if account.secrets["payout_pin"] != "9999" else "8888"
    talk = Talk(
        fakes, NAME, "payout", party=PAYEE, account=replace(account, secrets={**account.secrets, "payout_pin": pin})
    )
    answer = talk.send()
    assert answer == Rejected(Reason.CONFIGURATION, "2011", "wrong PIN", is_pin_wrong=True)
    assert fakes.payments(NAME) == []


def test_a_revoked_key_is_fetched_again_once(fakes: Fakes, cash_in: Talk) -> None:
    cash_in.send()
    fake_of(fakes).revokes_next = True
    second = Talk(fakes, NAME, "payout", party=PAYEE)
    assert isinstance(second.send(), Accepted)
    assert second.operations == ["public_key", "payout", "public_key", "payout"]
    assert len(second.moved()) == 1


def test_a_fraction_of_the_minimum_is_not_sent(fakes: Fakes) -> None:
    assert Talk(fakes, NAME, "payout", party=PAYEE, amount_minor=9).send() == Rejected(
        Reason.AMOUNT_OUT_OF_BOUNDS, "amount", "under 10"
    )
    assert isinstance(Talk(fakes, NAME, "payout", party=PAYEE, amount_minor=10).send(), Accepted)


@pytest.mark.parametrize("party", ["", "+2290197000001"])
def test_a_number_from_elsewhere_is_not_sent(fakes: Fakes, party: str) -> None:
    talk = Talk(fakes, NAME, "payout", party=party)
    assert talk.send() == Rejected(Reason.INVALID_PHONE)
    assert talk.operations == []


@pytest.mark.parametrize("name", ["client_id", "client_secret", "payout_msisdn", "payout_pin"])
def test_an_account_without_its_secret_says_so(fakes: Fakes, name: str) -> None:
    account = fakes.account(NAME)
    bare = replace(account, secrets={**account.secrets, name: ""})
    talk = Talk(fakes, NAME, "payout", party=PAYEE, account=bare)
    assert talk.send() == Rejected(Reason.CONFIGURATION, "missing", name)


@pytest.mark.parametrize("code", ["002", "003", "021", "027"])
def test_a_lost_cash_in_is_found_by_its_reference(fakes: Fakes, code: str) -> None:
    talk = Talk(fakes, NAME, "payout", party=SERIES + code)
    answer = talk.send()
    assert isinstance(answer, Unknown)
    assert answer.is_sent
    seen = talk.seen()
    assert (seen.state, seen.amount, seen.party) == (SeenState.SUCCEEDED, talk.order.amount, talk.order.party)
    assert len(talk.moved()) == 1


def test_a_cash_in_that_never_arrived_is_proved_by_nothing(fakes: Fakes) -> None:
    with clock.travel(clock.now()) as traveller:
        talk = Talk(fakes, NAME, "payout", party=SERIES + "001")
        assert isinstance(talk.send(), Unknown)
        for _ in range(3):
            assert isinstance(talk.read(), NotSeen)
            traveller.advance(86_400)
        assert ADAPTER.not_seen_is_proof is False
        assert ADAPTER.is_resend_safe is False
        assert talk.moved() == []


def test_the_same_reference_sent_twice_is_paid_twice(cash_in: Talk) -> None:
    cash_in.send()
    cash_in.send()
    assert len(cash_in.moved()) == 2  # which is why nobody sends it again


@pytest.mark.parametrize(
    ("code", "amount", "party"),
    [
        ("008", Money(4_900, Currency.XOF), "+221771000008"),
        ("009", Money(5_000, Currency.XAF), "+221771000009"),
        ("010", Money(5_000, Currency.XOF), "+221771000777"),
    ],
)
def test_the_record_says_what_really_moved(fakes: Fakes, code: str, amount: Money, party: str) -> None:
    talk = Talk(fakes, NAME, "payout", party=SERIES + code)
    talk.send()
    seen = talk.seen()
    assert (seen.state, seen.amount) == (SeenState.SUCCEEDED, amount)
    assert seen.party is not None
    assert seen.party.e164 == party


def test_a_cash_in_may_fail_later(fakes: Fakes) -> None:
    talk = Talk(fakes, NAME, "payout", party=SERIES + "018")
    answer = talk.send()
    assert isinstance(answer, Accepted)
    assert answer.seen is not None
    assert (answer.seen.state, answer.seen.reason) == (SeenState.FAILED, Reason.UNSPECIFIED)
    assert talk.moved() == []


def test_an_expired_token_is_renewed_and_money_leaves_once(fakes: Fakes) -> None:
    talk = Talk(fakes, NAME, "payout", party=SERIES + "025")
    assert isinstance(talk.send(), Accepted)
    assert talk.operations == ["token", "public_key", "payout", "token", "payout"]
    assert len(talk.moved()) == 1


def test_forbidden_is_our_configuration(fakes: Fakes) -> None:
    answer = Talk(fakes, NAME, "payout", party=SERIES + "026").send()
    assert isinstance(answer, Rejected)
    assert (answer.reason, answer.code) == (Reason.CONFIGURATION, "403")


def test_reads_that_come_too_fast_slow_the_account(fakes: Fakes) -> None:
    talk = Talk(fakes, NAME, "payout", party=SERIES + "020")
    talk.send()
    assert [talk.read() for _ in range(2)] == [Unknown(is_sent=True, detail="http 429", slows=True)] * 2
    assert talk.seen().state is SeenState.SUCCEEDED


def test_nobody_answers_at_all(fakes: Fakes) -> None:
    account = replace(fakes.account(NAME), base_url="http://127.0.0.1:9/orange_sonatel")
    assert Talk(fakes, NAME, "payout", party=PAYEE, account=account).send() == Unknown(
        is_sent=False, detail="public key: ConnectError"
    )
    assert ADAPTER.probe(account, Wire()) is False
