"""What persons do about payments: let held ones go, ask, settle with a proof, pass on what somebody says."""

import json
from datetime import timedelta

import pytest

from core.database import fetch_all
from core.errors import Forbidden
from core.permissions import Actor
from models.pensions import PensionBatch
from services.pensions import held, hints, inquiries
from services.pensions.held import HeldDecision
from services.pensions.hints import BadJson, Hint
from services.pensions.inquiries import AddProof, Inquire, Settle
from services.pensions.payment_reading import PaymentNotFound
from services.pensions.refusals import (
    BatchNotFound,
    PaymentTooYoung,
    SamePersonApproves,
    SecondPersonNeeded,
    WrongStage,
)
from services.unknowns.refusals import ProofNeeded
from tests.builders.pensions import Payee, numbers, queued
from tests.builders.switch import Switch

DAY = timedelta(hours=25)


def held_batch(switch: Switch, count: int = 1) -> PensionBatch:
    """A batch whose payments ask more fees than the caisse accepts."""
    switch.run("two_step")
    switch.settings(fee_cap_minor=500)
    batch = queued(switch.database, switch.own, numbers(*["914"] * count))
    switch.pass_time(timedelta(minutes=1))
    assert switch.stages(batch) == {"HELD": count}
    return batch


def decision(batch: PensionBatch, line: int = 2) -> HeldDecision:
    return HeldDecision(bulk_id=batch.bulk_id, transfer_id=f"{batch.bulk_id}-{line:07d}", reason="Vu avec la caisse")


def test_a_held_payment_is_let_go_and_its_fee_is_due(switch: Switch) -> None:
    batch = held_batch(switch)
    with switch.database.transaction() as session:
        released = held.release(session, switch.own.manager, decision(batch))
    assert released.stage == "WAITING"
    switch.pass_time(timedelta(hours=1))
    assert switch.stages(batch) == {"COMPLETED": 1}
    assert switch.batch(batch)["fees_minor"] == 10_000
    assert switch.balances() == (1_000_000_000 - 50_000, 0)
    switch.assert_agrees(batch)


def test_a_held_payment_is_refused_and_its_money_comes_back(switch: Switch) -> None:
    batch = held_batch(switch)
    with switch.database.transaction() as session:
        refused = held.refuse(session, switch.own.manager, decision(batch))
    assert (refused.stage, refused.code, refused.is_retryable) == ("FAILED", "refused_by_operator", False)
    assert switch.batch(batch)["stage"] == "FAILED"
    assert switch.balances() == (1_000_000_000, 0)
    assert switch.claims() == 0
    with switch.database.transaction() as session, pytest.raises(WrongStage):
        held.release(session, switch.own.manager, decision(batch))
    switch.assert_agrees(batch)


def test_who_may_decide_depends_on_four_eyes(switch: Switch) -> None:
    batch = held_batch(switch, 2)
    own = switch.own

    def may(actor: Actor, line: int = 2) -> type[Exception] | None:
        with switch.database.transaction() as session:
            try:
                held.release(session, actor, decision(batch, line))
            except (Forbidden, SamePersonApproves, BatchNotFound) as refusal:
                return type(refusal)
        return None

    assert may(switch.world.foreign.manager) is BatchNotFound
    assert may(switch.world.stranger) is BatchNotFound
    assert may(switch.world.administrator) is Forbidden
    assert may(own.supervisor) is Forbidden
    switch.settings(four_eyes_from_minor=0)
    assert may(own.manager) is SamePersonApproves  # he uploaded it
    assert may(own.supervisor) is None
    switch.settings(four_eyes_from_minor=None)
    assert may(own.manager, 3) is None


def doubtful(switch: Switch, code: str = "932") -> PensionBatch:
    batch = queued(switch.database, switch.own, numbers(code))
    switch.pass_time(timedelta(minutes=20))
    assert switch.stages(batch) == {"UNKNOWN": 1}
    return batch


def proof(switch: Switch, batch: PensionBatch) -> Settle:
    """Attach the scheme's statement and say what it says."""
    name = f"{batch.bulk_id}-0000002"
    order = AddProof(
        bulk_id=batch.bulk_id, transfer_id=name, file_name="releve.csv", content_type="text/csv", content=b"ligne;payee"
    )
    with switch.database.transaction() as session:
        kept = inquiries.add_proof(session, switch.own.manager, order)
    return Settle(
        bulk_id=batch.bulk_id, transfer_id=name, outcome="completed", proof_id=kept.id, reason="Relevé du schéma"
    )


def test_two_persons_with_a_proof_settle_what_nobody_answers(switch: Switch) -> None:
    batch = doubtful(switch)
    order = proof(switch, batch)
    with switch.database.transaction() as session, pytest.raises(PaymentTooYoung):
        inquiries.settle(session, switch.own.manager, order)
    switch.pass_time(DAY)
    switch.move(DAY)
    with switch.database.transaction() as session, pytest.raises(ProofNeeded):
        inquiries.settle(session, switch.own.manager, order.model_copy(update={"proof_id": batch.id}))
    for _ in range(2):  # the same person twice is one person
        with switch.database.transaction() as session, pytest.raises(SecondPersonNeeded):
            inquiries.settle(session, switch.own.manager, order)
    assert switch.stages(batch) == {"UNKNOWN": 1}
    with switch.database.transaction() as session, pytest.raises(BatchNotFound):
        inquiries.settle(session, switch.world.foreign.manager, order)
    with switch.database.transaction() as session, pytest.raises(SecondPersonNeeded):  # they do not agree
        inquiries.settle(session, switch.own.supervisor, order.model_copy(update={"outcome": "failed"}))
    with switch.database.transaction() as session:
        settled = inquiries.settle(session, switch.own.manager, order.model_copy(update={"outcome": "failed"}))
    assert settled.stage == "FAILED"
    assert switch.batch(batch)["stage"] == "FAILED"
    assert switch.balances() == (1_000_000_000, 0)
    switch.assert_agrees(batch)


def test_a_settlement_as_paid_is_posted_once(switch: Switch) -> None:
    batch = doubtful(switch, "915")  # paid, but a hundred francs less
    order = proof(switch, batch)
    switch.move(DAY)
    with switch.database.transaction() as session, pytest.raises(SecondPersonNeeded):
        inquiries.settle(session, switch.own.supervisor, order)
    with switch.database.transaction() as session:
        assert inquiries.settle(session, switch.own.manager, order).stage == "COMPLETED"
    with switch.database.transaction() as session, pytest.raises(WrongStage):
        inquiries.settle(session, switch.own.supervisor, order)
    assert switch.cases() == []
    assert switch.balances() == (1_000_000_000 - 50_000, 0)
    assert switch.batch(batch)["stage"] == "COMPLETED"


def test_asking_brings_the_next_reading_forward(switch: Switch) -> None:
    batch = queued(switch.database, switch.own, numbers("921"))  # seen after twenty seconds
    switch.work()
    switch.traveller.advance(21)
    order = Inquire(bulk_id=batch.bulk_id, transfer_id=f"{batch.bulk_id}-0000002")
    with switch.database.transaction() as session:
        inquiries.inquire(session, switch.own.supervisor, order)
    switch.work()
    assert switch.stages(batch) == {"COMPLETED": 1}
    with switch.database.transaction() as session, pytest.raises(WrongStage):
        inquiries.inquire(session, switch.own.supervisor, order)
    switch.assert_agrees(batch)


def test_a_hint_is_kept_and_asked_about_whatever_it_claims(switch: Switch) -> None:
    batch = queued(switch.database, switch.own, numbers("921", "918"))
    switch.work()
    first, second = switch.transfers(batch)
    lie = json.dumps({"currentState": "COMPLETED", "fulfilment": "x"}).encode()
    with switch.database.transaction() as session:
        heard = hints.note(session, None, Hint(transfer_id=str(first["external_id"]), body=lie))
        assert heard.status == "PROCESSING"
        assert hints.note(session, None, Hint(transfer_id=f"{batch.bulk_id}-0000003", body=lie)).status == "FAILED"
        hints.note(session, switch.own.manager, Hint(transfer_id=str(second["subject_id"]), body=lie))
    switch.work()
    assert switch.stages(batch) == {"UNKNOWN": 1, "FAILED": 1}  # nobody's word but the switch's
    with switch.database.transaction() as session:
        kept = fetch_all(session, "select transfer_id, repeats, handled_at from inbound_event order by received_at")
    assert sorted((row["transfer_id"], row["repeats"]) for row in kept) == sorted([(first["id"], 0), (second["id"], 1)])
    assert None not in {row["handled_at"] for row in kept}

    with switch.database.transaction() as session:
        for actor, refusal in (
            (switch.own.supervisor, Forbidden),
            (switch.world.foreign.manager, PaymentNotFound),
            (switch.world.administrator, Forbidden),
        ):
            with pytest.raises(refusal):
                hints.note(session, actor, Hint(transfer_id=str(first["external_id"]), body=lie))
        with pytest.raises(BadJson):
            hints.note(session, None, Hint(transfer_id=str(first["external_id"]), body=b"[1"))
        with pytest.raises(PaymentNotFound):
            hints.note(session, None, Hint(transfer_id="nobody", body=lie))


def test_a_name_compared_between_the_steps_holds_the_payment_before_anything_can_move(switch: Switch) -> None:
    switch.run("two_step")
    switch.settings(lookup="inline", name_policy="hold")
    stranger = [Payee("+2290197000903", name="Adjoa Kossou")]
    batch = queued(switch.database, switch.own, stranger)
    switch.pass_time()
    (payment,) = switch.payments(batch)
    assert (payment["stage"], payment["code"], payment["name_verdict"]) == ("HELD", "name_different", "different")
    assert payment["name_found"]
    assert switch.book == []
    with switch.database.transaction() as session:
        held.release(session, switch.own.manager, decision(batch))
    switch.pass_time()
    assert switch.stages(batch) == {"COMPLETED": 1}

    switch.run("one_step")
    after = queued(switch.database, switch.own, stranger, cycle="2026-01")
    switch.pass_time()
    (payment,) = switch.payments(after)
    assert (payment["stage"], payment["name_verdict"]) == ("COMPLETED", "different")  # told after the fact
    switch.assert_agrees(batch, after)
