"""Four eyes: a second person agrees to the very rows he read, or says no."""

import pytest

from core.database import fetch_all
from core.errors import Forbidden
from core.permissions import Grant, Role, Scope
from models.pension_stages import BatchStage
from services.pensions import batches
from services.pensions.batches import ApproveBatch, ConfirmBatch, RejectBatch
from services.pensions.refusals import SamePersonApproves, SealChanged, WrongStage
from services.pensions.shapes import BatchRow
from tests.builders import people
from tests.builders.batches import Desk


@pytest.fixture
def asked(desk: Desk) -> BatchRow:
    """Give a batch that waits for the second person."""
    desk.settle(lookup="off", four_eyes_from_minor=100_000)
    return desk.send().batch


def test_a_large_batch_waits_with_its_money_reserved(desk: Desk, asked: BatchRow) -> None:
    assert (asked.stage, asked.state, desk.money()) == (BatchStage.AWAITING_APPROVAL, "PENDING", (875_000, 125_000))
    assert asked.expires_at is not None


def test_a_small_one_does_not_wait(desk: Desk) -> None:
    desk.settle(lookup="off", four_eyes_from_minor=125_001)
    assert desk.send().batch.stage is BatchStage.QUEUED


def test_the_supervisor_approves_the_seal_he_saw(desk: Desk, asked: BatchRow) -> None:
    with pytest.raises(SealChanged):
        desk.do(batches.approve, ApproveBatch(bulk_id=asked.bulk_id, seal="sha256:0"), desk.caisse.supervisor)
    order = ApproveBatch(bulk_id=asked.bulk_id, seal=asked.seal)
    approved = desk.do(batches.approve, order, desk.caisse.supervisor)
    assert approved.stage is BatchStage.QUEUED
    assert approved.approved_by is not None
    assert approved.approved_by.user_id == desk.caisse.supervisor.user_id
    with pytest.raises(WrongStage):
        desk.do(batches.approve, order, desk.caisse.supervisor)


def test_who_uploaded_does_not_approve_whatever_he_became(desk: Desk, asked: BatchRow) -> None:
    manager = desk.caisse.manager
    order = ApproveBatch(bulk_id=asked.bulk_id, seal=asked.seal)
    with pytest.raises(Forbidden):
        desk.do(batches.approve, order, manager)
    assert manager.user_id is not None
    grant = Grant(Scope.ORGANISATION, Role.SUPERVISEUR, desk.caisse.organisation_id)
    people.holds(desk.database, manager.user_id, grant.scope, grant.role, grant.organisation_id)
    with pytest.raises(SamePersonApproves):
        desk.do(batches.approve, order, people.actor(manager.user_id, grant))
    with pytest.raises(Exception, match="ck_pension_batch_four_eyes"), desk.database.transaction() as session:
        fetch_all(session, "update pension_batch set approved_by = created_by returning id")


def test_who_confirmed_a_colleagues_draft_does_not_approve_it_either(desk: Desk) -> None:
    desk.settle(lookup="off", four_eyes_from_minor=0)
    user_id = people.person(desk.database, "deux@cnss.example")
    grants = [
        Grant(Scope.ORGANISATION, role, desk.caisse.organisation_id) for role in (Role.GESTIONNAIRE, Role.SUPERVISEUR)
    ]
    for grant in grants:
        people.holds(desk.database, user_id, grant.scope, grant.role, grant.organisation_id)
    both = people.actor(user_id, *grants)
    batch = desk.do(batches.confirm, ConfirmBatch(bulk_id=desk.look_at().batch.bulk_id), both)
    with pytest.raises(SamePersonApproves):
        desk.do(batches.approve, ApproveBatch(bulk_id=batch.bulk_id, seal=batch.seal), both)


def test_a_refusal_frees_the_money_and_the_people(desk: Desk, asked: BatchRow) -> None:
    order = RejectBatch(bulk_id=asked.bulk_id, reason="Deux montants à revoir")
    rejected = desk.do(batches.reject, order, desk.caisse.supervisor)
    assert (rejected.stage, rejected.state, rejected.end_reason) == (BatchStage.REJECTED, "FAILED", order.reason)
    assert (desk.money(), desk.count("pension_claim")) == ((1_000_000, 0), 0)
    assert [stage for *_, stage in desk.payments(asked.bulk_id)] == ["CANCELLED", "CANCELLED"]
    keys = desk.rows("select key from ledger_transaction where kind = 'pension_void'")
    assert keys == [{"key": f"void:{asked.id}:2-3"}]
    assert desk.send().batch.stage is BatchStage.AWAITING_APPROVAL


def test_the_supervisor_is_told_to_decide_and_the_manager_what_was_decided(desk: Desk, asked: BatchRow) -> None:
    assert told(desk, "pension_a_approuver") == {desk.caisse.supervisor.user_id}
    desk.do(batches.approve, ApproveBatch(bulk_id=asked.bulk_id, seal=asked.seal), desk.caisse.supervisor)
    assert told(desk, "pension_approuve") == {desk.caisse.manager.user_id}


def told(desk: Desk, kind: str) -> set[object]:
    """Return who got a message of this kind."""
    return {row["recipient_id"] for row in desk.rows("select recipient_id from message where type = %s", kind)}
