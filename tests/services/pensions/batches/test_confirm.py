"""A file is looked at first: a draft reserves nothing, and what it would pay is asked again when it is confirmed."""

from datetime import timedelta

import pytest

from core import clock
from models.pension_stages import BatchStage, PaymentStage
from services.pensions import batches
from services.pensions.batches import CancelBatch, ConfirmBatch, LineNotPaidBefore, NotBeforeInvalid
from services.pensions.files.refusals import ControlTotals, InsufficientFunds, InvalidRows
from services.pensions.refusals import AlreadyPaidThisCycle, LookupsRunning, SameFile, WrongStage
from tests.builders.batches import EXAMPLE, Desk, lines, people

MIXED = lines("MSISDN,22997000001,XOF,50000", "MSISDN,22997000002,XOF,12.5", "MSISDN,22997000003,XOF,30000")
LAYOUT_B = "transferId,amount,currency,partyIdType,partyIdentifier"


def confirm(desk: Desk, bulk_id: str, **more: object) -> None:
    desk.do(batches.confirm, ConfirmBatch(bulk_id=bulk_id, **more))


def test_a_draft_reserves_nothing_and_tells_everything(desk: Desk) -> None:
    seen = desk.look_at(MIXED)
    assert (seen.batch.stage, seen.batch.seal, desk.money()) == (BatchStage.DRAFT, "", (1_000_000, 0))
    assert (seen.file.rows, seen.file.valid, seen.file.invalid, seen.errors_count) == (3, 2, 1, 1)
    assert (seen.errors[0]["line"], seen.errors[0]["code"]) == (3, "amount_decimals")
    assert seen.totals["by_type"] == {"MSISDN": {"count": 2, "amount": 80_000}}
    assert [row["amount"] for row in seen.totals["biggest"]] == [50_000, 30_000]
    assert desk.count("pension_claim") == 0


def test_a_draft_that_is_right_is_confirmed_once(desk: Desk) -> None:
    bulk_id = desk.look_at().batch.bulk_id
    confirm(desk, bulk_id, expected_count=2, expected_total=125_000)
    assert (desk.batch(bulk_id).stage, desk.money()) == (BatchStage.QUEUED, (875_000, 125_000))
    with pytest.raises(WrongStage):
        confirm(desk, bulk_id)
    assert desk.money() == (875_000, 125_000)


def test_wrong_rows_are_left_out_only_when_the_confirmer_says_so(desk: Desk) -> None:
    bulk_id = desk.look_at(MIXED).batch.bulk_id
    with pytest.raises(InvalidRows) as refused:
        confirm(desk, bulk_id)
    assert (refused.value.data["valid"], refused.value.data["invalid"]) == (2, 1)
    assert refused.value.data["errors"][0]["code"] == "amount_decimals"
    with pytest.raises(ControlTotals):
        confirm(desk, bulk_id, on_error="split", expected_count=3)
    confirm(desk, bulk_id, on_error="split", expected_count=2, expected_total=80_000)
    batch = desk.batch(bulk_id)
    assert (batch.stage, batch.skipped_count, desk.money()) == (BatchStage.QUEUED, 1, (920_000, 80_000))


def test_a_second_look_at_the_same_file_leads_to_the_first(desk: Desk) -> None:
    first = desk.look_at().batch
    for again in (desk.look_at, desk.send):
        with pytest.raises(SameFile) as refused:
            again()
        assert refused.value.data["bulkTransferId"] == first.bulk_id
    desk.do(batches.cancel, CancelBatch(bulk_id=first.bulk_id))
    assert desk.look_at().batch.stage is BatchStage.DRAFT


def test_a_file_corrected_after_a_look_may_have_the_same_transfer_ids(desk: Desk) -> None:
    wrong = lines("t1,100,XOF,MSISDN,0197000001", "t2,0,XOF,MSISDN,0197000002", header=LAYOUT_B)
    desk.look_at(wrong)
    seen = desk.look_at(wrong.replace(",0,", ",200,"))
    assert seen.errors_count == 0
    confirm(desk, seen.batch.bulk_id)
    assert desk.rows("select transfer_id from pension_transfer_id order by 1") == [
        {"transfer_id": "t1"},
        {"transfer_id": "t2"},
    ]


def test_who_was_paid_already_goes_on_only_line_by_line_and_with_four_eyes(desk: Desk) -> None:
    desk.send()
    file = lines("MSISDN,0197000001,XOF,45000", "MSISDN,0197000002,XOF,45000", "MSISDN,0197000009,XOF,45000")
    seen = desk.look_at(file)
    assert (seen.batch.total.count, seen.totals["earlier"], seen.errors_count) == (1, 2, 2)
    with pytest.raises(LineNotPaidBefore):
        confirm(desk, seen.batch.bulk_id, on_error="split", accept_duplicates=(4,))
    confirm(desk, seen.batch.bulk_id, on_error="split", accept_duplicates=(2,))
    batch = desk.batch(seen.batch.bulk_id)
    assert (batch.stage, batch.has_accepted_duplicates) == (BatchStage.AWAITING_APPROVAL, True)
    assert (batch.total.count, batch.total.amount_minor, batch.skipped_count) == (2, 90_000, 1)
    assert desk.payments(batch.bulk_id) == [
        (2, "+2290197000001", 45_000, "WAITING"),
        (4, "+2290197000009", 45_000, "WAITING"),
    ]
    assert [row["occurrence"] for row in desk.rows("select occurrence from pension_claim order by 1")] == [1, 1, 1, 2]
    assert desk.money() == (1_000_000 - 125_000 - 90_000, 125_000 + 90_000)


def test_who_stood_aside_is_looked_up_once_he_is_accepted(desk: Desk) -> None:
    desk.send()
    desk.settle(lookup="before")
    seen = desk.look_at(lines("MSISDN,0197000001,XOF,45000", "MSISDN,0197000009,XOF,45000"))
    assert seen.batch.lookups_left == 1
    desk.rows("update pension_payment set name_verdict = 'absent' where batch_id = %s returning id", seen.batch.id)
    desk.rows("update pension_batch set lookups_left = 0 where id = %s returning id", seen.batch.id)
    confirm(desk, seen.batch.bulk_id, accept_duplicates=(2,))
    assert (desk.batch(seen.batch.bulk_id).lookups_left, desk.batch(seen.batch.bulk_id).total.count) == (1, 2)


def test_a_person_claimed_since_the_look_stops_the_confirmation(desk: Desk) -> None:
    seen = desk.look_at(lines("MSISDN,0197000001,XOF,45000", "MSISDN,0197000009,XOF,45000"))
    desk.send(EXAMPLE)
    with pytest.raises(AlreadyPaidThisCycle):
        confirm(desk, seen.batch.bulk_id)
    assert desk.money() == (875_000, 125_000)
    confirm(desk, seen.batch.bulk_id, on_error="split")
    batch = desk.batch(seen.batch.bulk_id)
    assert (batch.total.count, batch.skipped_count) == (1, 1)
    assert desk.payments(batch.bulk_id) == [(3, "+2290197000009", 45_000, "WAITING")]


def test_a_draft_the_account_cannot_cover_waits_for_money(desk: Desk) -> None:
    seen = desk.look_at(people(2, amount=600_000))
    with pytest.raises(InsufficientFunds):
        confirm(desk, seen.batch.bulk_id)
    assert (desk.batch(seen.batch.bulk_id).stage, desk.money()) == (BatchStage.DRAFT, (1_000_000, 0))


def test_names_are_asked_for_before_anything_is_confirmed(desk: Desk) -> None:
    desk.settle(lookup="before")
    seen = desk.look_at()
    assert seen.batch.lookups_left == 2
    with pytest.raises(LookupsRunning):
        confirm(desk, seen.batch.bulk_id)
    desk.rows("update pension_batch set lookups_left = 0 where id = %s returning id", seen.batch.id)
    confirm(desk, seen.batch.bulk_id)


def test_who_a_look_up_did_not_find_is_neither_reserved_nor_claimed(desk: Desk) -> None:
    seen = desk.look_at()
    with desk.database.transaction() as session:
        from services.pensions import counters
        from services.pensions.files.totals import Sum

        session.connection().exec_driver_sql("update pension_payment set stage = 'FAILED' where line = 2")
        counters.shift(session, seen.batch.id, {(PaymentStage.WAITING, PaymentStage.FAILED): Sum(1, 50_000)})
    confirm(desk, seen.batch.bulk_id)
    assert desk.money() == (925_000, 75_000)
    assert desk.count("pension_claim") == 1


def test_the_start_may_be_chosen_when_confirming(desk: Desk) -> None:
    seen = desk.look_at()
    with pytest.raises(NotBeforeInvalid):
        confirm(desk, seen.batch.bulk_id, not_before=clock.now() + timedelta(days=40))
    evening = clock.now() + timedelta(hours=6)
    confirm(desk, seen.batch.bulk_id, not_before=evening)
    assert desk.batch(seen.batch.bulk_id).not_before == evening
