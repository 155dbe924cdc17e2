"""Two persons: one asks, another decides; never the same, never twice, never a machine."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest

from core import clock
from core.database import Database
from core.errors import Forbidden, NotFound, Refusal, WrongState
from core.permissions import SYSTEM, Actor, Permission
from services import approvals
from services.approvals import (
    AlreadyAsked,
    ApprovalOver,
    ApprovalRow,
    AskApproval,
    DecideApproval,
    Kind,
    PersonNeeded,
    SamePerson,
    WithdrawApproval,
)
from tests.builders import payments, people
from tests.builders.people import trail


class Deeds:
    """What followed from decisions."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.refusal: Refusal | None = None

    def approved(self, _session: object, actor: Actor, approval: ApprovalRow) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.done.append(("approved", f"{actor.user_id} {approval.payload['amount']}"))

    def ended(self, _session: object, _actor: Actor, approval: ApprovalRow) -> None:
        self.done.append(("ended", approval.state))


@pytest.fixture
def deeds(monkeypatch: pytest.MonkeyPatch) -> Deeds:
    """Register a kind of question and give what follows from it."""
    deeds = Deeds()
    kind = Kind("test_kind", "Un essai", Permission.PAYMENTS_ACT, Permission.PAYMENTS_ACT, deeds.approved, deeds.ended)
    monkeypatch.setitem(approvals.KINDS, kind.name, kind)
    return deeds


SUBJECT = uuid4()


def asked(database: Database, actor: Actor, **order: object) -> ApprovalRow:
    known = {
        "kind": "test_kind",
        "subject_type": "thing",
        "subject_id": SUBJECT,
        "summary": "Payer 5 000 FCFA",
        "payload": {"amount": 5_000},
        **order,
    }
    with database.transaction() as session:
        return approvals.ask(session, actor, AskApproval.model_validate(known))


def decided(database: Database, actor: Actor, approval: ApprovalRow, *, is_approved: bool = True) -> ApprovalRow:
    order = DecideApproval(approval_id=approval.id, is_approved=is_approved, reason="vu")
    with database.transaction() as session:
        return approvals.decide(session, actor, order)


def test_another_person_agrees_and_it_is_done_as_it_was_asked(database: Database, deeds: Deeds) -> None:
    one, two = payments.operator(database, "un@x.org"), payments.operator(database, "deux@x.org")
    approval = asked(database, one, reason="urgent")
    assert (approval.state, approval.asked_by, approval.asked_by_name) == ("waiting", one.user_id, "Awa Diop")
    assert deeds.done == []
    done = decided(database, two, approval)
    assert (done.state, done.decided_by, done.decision_reason) == ("approved", two.user_id, "vu")
    assert deeds.done == [("approved", f"{two.user_id} 5000")]
    assert [entry["actor_id"] for entry in trail(database, "test_kind.ask")] == [one.user_id]
    assert [entry["actor_id"] for entry in trail(database, "test_kind.approved")] == [two.user_id]


def test_who_asked_never_decides_not_even_as_administrator(database: Database, deeds: Deeds) -> None:
    chief = payments.administrator(database)
    approval = asked(database, chief)
    for is_approved in (True, False):
        with pytest.raises(SamePerson):
            decided(database, chief, approval, is_approved=is_approved)
    assert deeds.done == []


def test_a_machine_neither_asks_nor_decides(database: Database, deeds: Deeds) -> None:
    key = Actor(user_id=None, name="clé", key_scopes=frozenset({"payments.act"}))
    for nobody in (SYSTEM, key):
        with pytest.raises(PersonNeeded):
            asked(database, nobody)
    approval = asked(database, payments.operator(database))
    for nobody in (SYSTEM, key):
        with pytest.raises(PersonNeeded):
            decided(database, nobody, approval)
    assert deeds.done == []


def test_without_the_right_nobody_asks_or_decides(database: Database, deeds: Deeds) -> None:
    reader = payments.reader(database)
    with pytest.raises(Forbidden):
        asked(database, reader)
    approval = asked(database, payments.operator(database))
    with pytest.raises(Forbidden):
        decided(database, reader, approval)
    assert deeds.done == []


def test_the_same_question_waits_once_and_may_be_asked_again(database: Database, deeds: Deeds) -> None:
    one, two = payments.operator(database, "un@x.org"), payments.operator(database, "deux@x.org")
    approval = asked(database, one)
    with pytest.raises(AlreadyAsked):
        asked(database, two)
    decided(database, two, approval, is_approved=False)
    assert asked(database, one).id != approval.id
    assert deeds.done == [("ended", "refused")]


def test_it_is_decided_once(database: Database, deeds: Deeds) -> None:
    approval = asked(database, payments.operator(database, "un@x.org"))
    judges = [payments.operator(database, f"juge{n}@x.org") for n in range(4)]

    def judge(actor: Actor) -> str:
        try:
            return decided(database, actor, approval).state
        except WrongState:
            return "late"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(judge, judges)) == ["approved", "late", "late", "late"]
    assert len(deeds.done) == 1


def test_a_refusal_of_what_follows_undoes_the_decision(database: Database, deeds: Deeds) -> None:
    approval = asked(database, payments.operator(database, "un@x.org"))
    deeds.refusal = WrongState(state="known")
    judge = payments.operator(database, "juge@x.org")
    with pytest.raises(WrongState):
        decided(database, judge, approval)
    with database.transaction() as session:
        assert approvals.get_approval(session, judge, approval.id).state == "waiting"


def test_who_asked_takes_it_back_and_nobody_else(database: Database, deeds: Deeds) -> None:
    one, two = payments.operator(database, "un@x.org"), payments.operator(database, "deux@x.org")
    approval = asked(database, one)
    with pytest.raises(Forbidden), database.transaction() as session:
        approvals.withdraw(session, two, WithdrawApproval(approval_id=approval.id))
    with database.transaction() as session:
        approvals.withdraw(session, one, WithdrawApproval(approval_id=approval.id))
    with pytest.raises(WrongState):
        decided(database, two, approval)
    assert deeds.done == [("ended", "withdrawn")]


def test_a_question_ends_after_a_week(database: Database, deeds: Deeds) -> None:
    one, two = payments.operator(database, "un@x.org"), payments.operator(database, "deux@x.org")
    approval = asked(database, one)
    with clock.travel(clock.now() + timedelta(days=7)):
        with pytest.raises(ApprovalOver):
            decided(database, two, approval)
        with database.transaction() as session:
            assert approvals.expire_due(session) == 1
        with database.transaction() as session:
            assert approvals.expire_due(session) == 0
    assert deeds.done == [("ended", "expired")]


def test_who_sees_what_waits(database: Database, deeds: Deeds) -> None:
    assert deeds.done == []
    one, two = payments.operator(database, "un@x.org"), payments.operator(database, "deux@x.org")
    stranger = people.actor(people.person(database, "membre@x.org"))
    approval = asked(database, one)
    with database.transaction() as session:
        for person, rows, count in ((one, 1, 0), (two, 1, 1), (stranger, 0, 0)):
            assert len(approvals.list_waiting(session, person)) == rows
            assert approvals.count_to_decide(session, person) == count
        assert len(approvals.list_of_subject(session, "thing", SUBJECT)) == 1
        with pytest.raises(NotFound):
            approvals.get_approval(session, stranger, approval.id)
