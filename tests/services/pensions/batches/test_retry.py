"""What failed may be tried again: in a batch of its own, from the beginning, and never twice."""

import pytest

from models.pension_stages import BatchStage, PaymentStage, Rail
from services.pensions import batches
from services.pensions.batches import ConfirmBatch, RetryBatch
from services.pensions.refusals import AlreadyPaidThisCycle, NothingToRetry, WrongStage
from tests.builders.batches import Desk, lines


@pytest.fixture
def ended(desk: Desk) -> str:
    """Give a batch of four: one paid, two that may be tried again, one that may not."""
    rows = (f"MSISDN,0197{number:06d},XOF,1000" for number in range(1, 5))
    bulk_id = desk.send(lines(*rows)).batch.bulk_id
    desk.begin(bulk_id)
    desk.move(bulk_id, [2], PaymentStage.COMPLETED)
    desk.move(bulk_id, [3, 4], PaymentStage.FAILED, is_retryable=True)
    desk.move(bulk_id, [5], PaymentStage.FAILED)
    assert desk.batch(bulk_id).stage is BatchStage.PARTIALLY_COMPLETED
    return bulk_id


def test_a_batch_that_goes_on_is_not_retried(desk: Desk) -> None:
    with pytest.raises(WrongStage):
        desk.do(batches.retry, RetryBatch(bulk_id=desk.send().batch.bulk_id))


def test_the_retryable_ones_become_a_draft(desk: Desk, ended: str) -> None:
    draft = desk.do(batches.retry, RetryBatch(bulk_id=ended))
    assert (draft.stage, draft.retry_of, draft.total.count, draft.total.amount_minor) == (
        BatchStage.DRAFT,
        ended,
        2,
        2_000,
    )
    assert desk.payments(draft.bulk_id) == [
        (3, "+2290197000002", 1_000, "WAITING"),
        (4, "+2290197000003", 1_000, "WAITING"),
    ]
    assert desk.money() == (999_000, 0)
    confirmed = desk.do(batches.confirm, ConfirmBatch(bulk_id=draft.bulk_id))
    assert (confirmed.stage, desk.money()) == (BatchStage.QUEUED, (997_000, 2_000))
    assert confirmed.seal != desk.batch(ended).seal


def test_only_those_named_are_tried_again_and_on_the_rail_that_is_named(desk: Desk, ended: str) -> None:
    order = RetryBatch(bulk_id=ended, transfer_ids=(f"{ended}-0000004", f"{ended}-0000005"), rail=Rail.MOBILE_MONEY)
    draft = desk.do(batches.retry, order)
    assert (draft.rail, [line for line, *_ in desk.payments(draft.bulk_id)]) == (Rail.MOBILE_MONEY, [4])
    with pytest.raises(NothingToRetry):
        desk.do(batches.retry, RetryBatch(bulk_id=ended, transfer_ids=(f"{ended}-0000005",)))


def test_two_retries_of_one_payment_pay_it_once(desk: Desk, ended: str) -> None:
    first, second = (desk.do(batches.retry, RetryBatch(bulk_id=ended)) for _ in range(2))
    desk.do(batches.confirm, ConfirmBatch(bulk_id=first.bulk_id))
    with pytest.raises(AlreadyPaidThisCycle):
        desk.do(batches.confirm, ConfirmBatch(bulk_id=second.bulk_id))
    assert desk.money() == (997_000, 2_000)
