"""The rules, one by one: nothing but certainty ends a payment, and nothing but proof begins another transfer of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest

from core.money import Currency, Money
from models.pension_stages import BatchStage, LookupPolicy, NamePolicy, PaymentStage
from models.transfers import TRANSFER_STEPS, TransferState
from providers.answers import Reason, SeenState
from providers.mojaloop.contract import (
    Accepted,
    Identity,
    NotSeen,
    Party,
    PayoutAnswer,
    PayoutOrder,
    Progress,
    RailAccount,
    ReadAnswer,
    Rejected,
    Seen,
    Unknown,
    Withheld,
)
from providers.wire import Exchange
from services.pensions.dispatch import outcomes
from services.pensions.dispatch.shapes import Outcome, Payer, Standing

NOW = datetime(2025, 12, 5, 10, 0, tzinfo=UTC)
LEASE = timedelta(seconds=220)
CALL = (Exchange("post_transfers", "POST", "http://127.0.0.1/transfers", "", "", None, NOW, None, ""),)
ACCOUNT = RailAccount(uuid4(), "ACC", "http://127.0.0.1", "XOF", "BUSINESS", "CNSS", identity=Identity.OWN_ID)
ORDER = PayoutOrder(ACCOUNT, str(uuid4()), "bulk-1/0000002", Party("MSISDN", "+2290197000001"), Money(5, Currency.XOF))
STANDING = Standing(
    transfer_id=uuid4(),
    payment_id=uuid4(),
    batch_id=uuid4(),
    account_id=uuid4(),
    payer=Payer(uuid4(), uuid4(), uuid4()),
    amount=ORDER.amount,
    state=TransferState.SUBMITTED,
    stage=PaymentStage.SENDING,
    batch_stage=BatchStage.PROCESSING,
    reason="",
    handles={},
    tries=1,
    connect_failures=0,
    submitted_at=NOW,
    lease_until=NOW + LEASE,
    name="",
    name_verdict="",
    lookup=LookupPolicy.BEFORE,
    name_policy=NamePolicy.WARN,
    fee_cap_minor=None,
)
OPEN = (
    (TransferState.SUBMITTED, PaymentStage.SENDING),
    (TransferState.SUBMITTED, PaymentStage.SENT),
    (TransferState.PENDING, PaymentStage.SENT),
    (TransferState.UNKNOWN, PaymentStage.UNKNOWN),
)
PAYOUTS: tuple[PayoutAnswer | Withheld, ...] = (
    Accepted(Progress.SUCCEEDED, attempts=CALL),
    Accepted(Progress.PENDING, attempts=CALL),
    Accepted(Progress.WAITING_PARTY, attempts=CALL),
    Accepted(Progress.WAITING_QUOTE, attempts=CALL),
    Rejected(Reason.PAYEE_NOT_FOUND, "never", "3204", attempts=CALL),
    Rejected(Reason.PAYEE_LIMIT, "new_id", "5200", attempts=CALL),
    Rejected(Reason.PROVIDER_UNAVAILABLE, "same_id", attempts=CALL),
    Rejected(Reason.OUR_WALLET_EMPTY, "new_id", "4001", attempts=CALL),
    Rejected(Reason.CONFIGURATION, "same_id", stop="account"),
    Rejected(Reason.MISMATCH_AMOUNT, "new_id"),
    Unknown(is_sent=True, attempts=CALL),
    Unknown(is_sent=True, reason=Reason.MISMATCH_AMOUNT, attempts=CALL),
    Unknown(is_sent=False, attempts=CALL),
    Withheld(),
)
READS: tuple[ReadAnswer, ...] = (
    *(Seen(state) for state in (SeenState.SUCCEEDED, SeenState.FAILED, SeenState.EXPIRED, SeenState.PENDING)),
    NotSeen(is_proof=False),
    NotSeen(is_proof=True),
    Unknown(is_sent=True),
    Unknown(is_sent=True, reason=Reason.MISMATCH_AMOUNT),
)


def standing(state: TransferState, stage: PaymentStage, **more: Any) -> Standing:
    return replace(STANDING, state=state, stage=stage, **more)


def paid(on: Standing, answer: PayoutAnswer | Withheld) -> Outcome:
    return outcomes.of_payout(on, ORDER, answer, NOW, LEASE)


@pytest.mark.parametrize(("where", "answer"), product(OPEN, PAYOUTS), ids=str)
def test_every_answer_takes_a_step_that_is_allowed(
    where: tuple[TransferState, PaymentStage], answer: PayoutAnswer | Withheld
) -> None:
    for batch_stage in (BatchStage.PROCESSING, BatchStage.CANCELLING):
        on = standing(*where, batch_stage=batch_stage)
        outcome = paid(on, answer)
        assert outcome.to is None or outcome.to in TRANSFER_STEPS[on.state]
        if isinstance(answer, Unknown) and answer.is_sent:
            assert outcome.stage is PaymentStage.UNKNOWN
        if outcome.stage in {PaymentStage.FAILED, PaymentStage.COMPLETED}:
            assert outcome.to is not None
        if batch_stage is BatchStage.CANCELLING:
            assert outcome.stage not in {PaymentStage.WAITING, PaymentStage.HELD}
        if outcome.stage is PaymentStage.WAITING and outcome.to is None:
            assert on.state is TransferState.SUBMITTED  # the same transfer again, of which nothing left


@pytest.mark.parametrize(("where", "answer"), product(OPEN, READS), ids=str)
def test_only_two_late_readings_or_an_aborted_empty_position_begin_another_transfer(
    where: tuple[TransferState, PaymentStage], answer: ReadAnswer
) -> None:
    earlier = (NOW - timedelta(seconds=61)).isoformat()
    cases: dict[str, dict[str, Any]] = {
        "fresh": {},
        "proved once": {"handles": {"not_seen_at": earlier}},
        "just now": {"handles": {"not_seen_at": NOW.isoformat()}},
        "empty": {"handles": {"code": "4001"}},
    }
    for name, more in cases.items():
        on = standing(*where, **more)
        outcome = outcomes.of_read(on, ORDER, answer, NOW)
        assert outcome.to is None or outcome.to in TRANSFER_STEPS[on.state]
        is_over = isinstance(answer, Seen) and answer.state in {SeenState.FAILED, SeenState.EXPIRED}
        is_proved = isinstance(answer, NotSeen) and answer.is_proof and name == "proved once"
        assert (outcome.stage is PaymentStage.WAITING) == (is_proved or (is_over and name == "empty")), (name, answer)


def test_the_third_transfer_is_the_last() -> None:
    proved = {"not_seen_at": (NOW - timedelta(seconds=61)).isoformat()}
    on = standing(TransferState.UNKNOWN, PaymentStage.UNKNOWN, tries=3, handles=proved)
    outcome = outcomes.of_read(on, ORDER, NotSeen(is_proof=True), NOW)
    assert (outcome.to, outcome.stage, outcome.is_retryable) == (TransferState.FAILED, PaymentStage.FAILED, True)


def test_the_same_id_leaves_three_times_more_and_a_silent_line_five() -> None:
    busy = Rejected(Reason.PROVIDER_UNAVAILABLE, "same_id", attempts=CALL)
    pauses = []
    on = STANDING
    while (outcome := paid(on, busy)).stage is PaymentStage.WAITING:
        assert outcome.next_try_at is not None
        pauses.append((outcome.next_try_at - NOW).total_seconds())
        on = replace(on, handles={**on.handles, **outcome.handles})
    assert (pauses, outcome.stage, outcome.is_retryable) == ([30, 120, 600], PaymentStage.FAILED, True)

    silent, pauses, on = Unknown(is_sent=False, attempts=CALL), [], STANDING
    while (outcome := paid(on, silent)).stage is PaymentStage.WAITING:
        assert outcome.next_try_at is not None
        pauses.append((outcome.next_try_at - NOW).total_seconds())
        on = replace(on, connect_failures=outcome.connect_failures or 0)
    assert (pauses, outcome.reason) == ([2, 4, 8, 16, 32], Reason.PROVIDER_UNREACHABLE)


def test_an_answer_after_the_end_changes_nothing_here() -> None:
    for state in (TransferState.SUCCEEDED, TransferState.FAILED, TransferState.CANCELLED):
        on = standing(state, PaymentStage.COMPLETED)
        assert {paid(on, answer) == Outcome() for answer in PAYOUTS} == {True}
        assert {outcomes.of_read(on, ORDER, answer, NOW) == Outcome() for answer in READS} == {True}


def test_a_lost_lease_is_a_doubt_that_began_when_the_last_byte_may_have_left() -> None:
    outcome = outcomes.of_lost_lease(STANDING, NOW + LEASE, timedelta(seconds=110))
    assert (outcome.to, outcome.stage) == (TransferState.UNKNOWN, PaymentStage.UNKNOWN)
    assert outcome.handles["sent_at"] == (NOW + timedelta(seconds=110)).isoformat()
    assert outcome.next_read_at == NOW + LEASE
