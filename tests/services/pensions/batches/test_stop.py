"""A batch is paused, goes on, is cancelled before and after the first sending; time ends what waits too long."""

import threading
from datetime import timedelta

import pytest

from core import clock
from core.database import fetch_all
from jobs import pension_files
from jobs.pensions import Office
from models.pension_stages import BatchStage, PaymentStage
from services import ledger
from services.pensions import batches, steps
from services.pensions.batches import (
    ApproveBatch,
    CancelBatch,
    PauseBatch,
    ReasonNeeded,
    ResumeBatch,
    SealBroken,
    stopping,
    voiding,
)
from services.pensions.dispatch import sweeping
from services.pensions.refusals import BreakerOpen, WrongStage
from tests.builders.batches import Desk, people


def cancel(desk: Desk, bulk_id: str) -> int:
    return desk.do(batches.cancel, CancelBatch(bulk_id=bulk_id, reason="Erreur de mois")).already_sent


def few(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Let a slice be of so many rows, and more than these many."""
    monkeypatch.setattr(voiding, "SLICE_ROWS", rows)
    monkeypatch.setattr(stopping, "AT_ONCE_ROWS", rows)


def go_on(desk: Desk) -> None:
    """Let the workers end what is being cancelled."""
    office = Office(lambda: desk.database)
    while office.void():
        pass


def keys(desk: Desk) -> list[str]:
    return [
        row["key"] for row in desk.rows("select key from ledger_transaction where kind = 'pension_void' order by id")
    ]


def stop_by_house(desk: Desk, bulk_id: str, reason: str) -> None:
    with desk.database.transaction() as session:
        batch = steps.lock_batch(session, desk.batch(bulk_id).id)
        steps.take(session, batch, BatchStage.PAUSED, pause_reason=reason)


def test_a_queued_batch_is_cancelled_whole(desk: Desk) -> None:
    bulk_id = desk.send().batch.bulk_id
    assert cancel(desk, bulk_id) == 0
    batch = desk.batch(bulk_id)
    assert (batch.stage, batch.is_over, batch.end_reason) == (BatchStage.CANCELLED, True, "Erreur de mois")
    assert (desk.money(), desk.count("pension_claim")) == ((1_000_000, 0), 0)
    with pytest.raises(WrongStage):
        cancel(desk, bulk_id)
    assert desk.send().batch.stage is BatchStage.QUEUED


def test_a_draft_is_cancelled_without_a_posting(desk: Desk) -> None:
    bulk_id = desk.look_at().batch.bulk_id
    cancel(desk, bulk_id)
    assert desk.batch(bulk_id).stage is BatchStage.CANCELLED
    assert desk.rows("select key from ledger_transaction where kind = 'pension_void'") == []


def test_what_left_is_followed_and_the_rest_is_cancelled(desk: Desk) -> None:
    bulk_id = desk.send(people(6, amount=1_000)).batch.bulk_id
    desk.begin(bulk_id)
    desk.move(bulk_id, [2], PaymentStage.SENDING)
    desk.move(bulk_id, [3], PaymentStage.UNKNOWN)
    desk.move(bulk_id, [4], PaymentStage.COMPLETED)
    desk.move(bulk_id, [5], PaymentStage.HELD)
    assert cancel(desk, bulk_id) == 3
    batch = desk.batch(bulk_id)
    assert (batch.stage, batch.open.count, batch.sums[PaymentStage.CANCELLED].count) == (BatchStage.CANCELLING, 2, 3)
    assert desk.money() == (1_000_000 - 3_000, 2_000)
    desk.move(bulk_id, [2], PaymentStage.FAILED)
    desk.move(bulk_id, [3], PaymentStage.COMPLETED)
    assert desk.batch(bulk_id).stage is BatchStage.PARTIALLY_COMPLETED
    assert desk.money() == (998_000, 0)


def test_a_cancelled_batch_of_which_nothing_left_ends_cancelled(desk: Desk) -> None:
    bulk_id = desk.send().batch.bulk_id
    desk.begin(bulk_id)
    cancel(desk, bulk_id)
    assert (desk.batch(bulk_id).stage, desk.money()) == (BatchStage.CANCELLED, (1_000_000, 0))


def test_money_goes_back_in_slices_each_under_its_own_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, 4)
    bulk_id = desk.send(people(10)).batch.bulk_id
    batch_id = desk.batch(bulk_id).id
    cancel(desk, bulk_id)
    assert keys(desk) == []
    go_on(desk)
    assert keys(desk) == [f"void:{batch_id}:2-5", f"void:{batch_id}:6-9", f"void:{batch_id}:10-11"]


def test_a_large_batch_that_waits_is_cancelled_slice_by_slice_and_nothing_of_it_leaves_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, 4)
    bulk_id = desk.send(people(10)).batch.bulk_id
    assert cancel(desk, bulk_id) == 0
    batch = desk.batch(bulk_id)
    assert (batch.stage, batch.progress_percent, batch.completed_at) == (BatchStage.CANCELLING, 0.0, None)
    assert Office(lambda: desk.database).void() == 1
    assert desk.batch(bulk_id).progress_percent == 40.0
    assert (desk.money(), desk.count("pension_claim")) == ((1_000_000 - 600, 600), 6)
    assert sweeping.begin_due(desk.database) == 0
    for again in (
        lambda: cancel(desk, bulk_id),
        lambda: desk.do(batches.pause, PauseBatch(bulk_id=bulk_id)),
        lambda: desk.do(batches.resume, ResumeBatch(bulk_id=bulk_id)),
    ):
        with pytest.raises(WrongStage):
            again()
    desk.assert_sums_hold()
    go_on(desk)
    batch = desk.batch(bulk_id)
    assert (batch.stage, batch.end_reason, batch.is_over) == (BatchStage.CANCELLED, "Erreur de mois", True)
    assert (desk.money(), desk.count("pension_claim"), batch.started_at) == ((1_000_000, 0), 0, None)
    assert [row["action"] for row in desk.rows("select action from audit_entry where action like '%%cancel'")] == [
        "pension_batch.cancel"
    ]
    assert desk.send(people(10)).batch.stage is BatchStage.QUEUED


def test_a_cancellation_that_dies_over_a_slice_has_done_nothing_of_it_and_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, 4)
    bulk_id = desk.send(people(10)).batch.bulk_id
    cancel(desk, bulk_id)
    assert Office(lambda: desk.database).void() == 1
    with monkeypatch.context() as dying:
        dying.setattr(ledger, "void", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            go_on(desk)
    assert desk.batch(bulk_id).sums[PaymentStage.CANCELLED].count == 4
    assert (desk.money(), desk.count("pension_claim")) == ((1_000_000 - 600, 600), 6)
    desk.assert_sums_hold()
    go_on(desk)
    assert (desk.batch(bulk_id).stage, desk.money(), len(keys(desk))) == (BatchStage.CANCELLED, (1_000_000, 0), 3)


def test_a_large_draft_that_is_cancelled_reserves_nothing_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, 4)
    bulk_id = desk.look_at(people(10)).batch.bulk_id
    cancel(desk, bulk_id)
    assert desk.batch(bulk_id).stage is BatchStage.CANCELLING
    assert desk.rows("select * from books_8_pensions") == []
    go_on(desk)
    assert (desk.batch(bulk_id).stage, keys(desk)) == (BatchStage.CANCELLED, [])


def test_a_large_batch_that_waits_for_approval_is_approved_by_nobody_any_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, 4)
    desk.settle(four_eyes_from_minor=0)
    batch = desk.send(people(10)).batch
    cancel(desk, batch.bulk_id)
    with pytest.raises(WrongStage):
        desk.do(batches.approve, ApproveBatch(bulk_id=batch.bulk_id, seal=batch.seal), desk.caisse.supervisor)
    with clock.travel(clock.now() + timedelta(days=8)):  # nor does it expire twice
        pension_files.work(threading.Event())
    assert (desk.batch(batch.bulk_id).stage, desk.money()) == (BatchStage.CANCELLED, (1_000_000, 0))


def test_a_long_cancellation_goes_on_by_itself_to_its_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, 2)
    bulk_id = desk.send(people(20)).batch.bulk_id
    desk.begin(bulk_id)
    desk.move(bulk_id, [2], PaymentStage.SENT)
    cancel(desk, bulk_id)
    assert desk.batch(bulk_id).sums[PaymentStage.WAITING].count == 19
    pension_files.work(threading.Event())
    assert (desk.batch(bulk_id).stage, desk.batch(bulk_id).open.count) == (BatchStage.CANCELLING, 1)
    desk.move(bulk_id, [2], PaymentStage.COMPLETED)
    assert desk.batch(bulk_id).stage is BatchStage.PARTIALLY_COMPLETED


def test_a_row_that_a_worker_holds_is_passed_by(desk: Desk) -> None:
    bulk_id = desk.send(people(3)).batch.bulk_id
    desk.begin(bulk_id)
    with desk.database.transaction() as worker:
        fetch_all(worker, "select id from pension_payment where line = 3 for update")
        cancel(desk, bulk_id)
    assert [stage for *_, stage in desk.payments(bulk_id)] == ["CANCELLED", "WAITING", "CANCELLED"]
    pension_files.work(threading.Event())
    assert desk.batch(bulk_id).stage is BatchStage.CANCELLED


def test_a_pause_holds_and_a_resume_goes_on_from_there(desk: Desk) -> None:
    bulk_id = desk.send().batch.bulk_id
    desk.begin(bulk_id)
    paused = desk.do(batches.pause, PauseBatch(bulk_id=bulk_id, reason="Vérification"), desk.caisse.supervisor)
    assert (paused.stage, paused.state, paused.pause_reason) == (BatchStage.PAUSED, "PROCESSING", "Vérification")
    with pytest.raises(WrongStage):
        desk.do(batches.pause, PauseBatch(bulk_id=bulk_id))
    resumed = desk.do(batches.resume, ResumeBatch(bulk_id=bulk_id))
    assert (resumed.stage, resumed.pause_reason) == (BatchStage.PROCESSING, "")


def test_one_paused_before_it_began_goes_back_to_the_queue(desk: Desk) -> None:
    bulk_id = desk.send().batch.bulk_id
    desk.do(batches.pause, PauseBatch(bulk_id=bulk_id), desk.world.administrator)
    assert desk.batch(bulk_id).pause_reason == "by_hand"
    assert desk.do(batches.resume, ResumeBatch(bulk_id=bulk_id)).stage is BatchStage.QUEUED
    desk.do(batches.pause, PauseBatch(bulk_id=bulk_id, reason="adapter_unwell"))
    assert desk.batch(bulk_id).pause_reason == "by_hand"
    cancel(desk, bulk_id)
    assert desk.batch(bulk_id).stage is BatchStage.CANCELLED


def test_what_the_house_stopped_goes_on_with_a_word_and_only_when_the_cause_is_gone(desk: Desk) -> None:
    bulk_id = desk.send().batch.bulk_id
    desk.begin(bulk_id)
    stop_by_house(desk, bulk_id, "adapter_unwell")
    desk.rows("update provider_account set breaker = 'open' returning id")
    with pytest.raises(BreakerOpen):
        desk.do(batches.resume, ResumeBatch(bulk_id=bulk_id, reason="Redémarré"))
    desk.rows("update provider_account set breaker = 'closed' returning id")
    with pytest.raises(ReasonNeeded):
        desk.do(batches.resume, ResumeBatch(bulk_id=bulk_id))
    assert desk.do(batches.resume, ResumeBatch(bulk_id=bulk_id, reason="Redémarré")).stage is BatchStage.PROCESSING
    stop_by_house(desk, bulk_id, "seal_broken")
    with pytest.raises(SealBroken):
        desk.do(batches.resume, ResumeBatch(bulk_id=bulk_id, reason="Vu"))


def test_drafts_and_approvals_die_after_seven_days_and_originals_after_ninety(desk: Desk) -> None:
    draft = desk.look_at(people(1)).batch.bulk_id
    desk.settle(lookup="off", four_eyes_from_minor=0)
    asked = desk.send().batch.bulk_id
    for days, stages in ((6, [BatchStage.DRAFT, BatchStage.AWAITING_APPROVAL]), (8, [BatchStage.EXPIRED] * 2)):
        with clock.travel(clock.now() + timedelta(days=days)):
            pension_files.work(threading.Event())
        assert [desk.batch(bulk_id).stage for bulk_id in (draft, asked)] == stages
    assert (desk.money(), desk.count("pension_claim")) == ((1_000_000, 0), 0)
    assert desk.rows("select count(original) as kept from pension_file") == [{"kept": 2}]
    with clock.travel(clock.now() + timedelta(days=91)):
        pension_files.work(threading.Event())
    assert desk.rows("select count(original) as kept from pension_file") == [{"kept": 0}]
