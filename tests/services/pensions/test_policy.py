"""Who may do what (specification, B): every person tries every act on his own, on another's, and without any role.

A refusal of the batch's stage is a yes here: the act was permitted, and only its moment was wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from core.database import Database, Session
from core.errors import Forbidden, NotFound, Refusal
from core.permissions import Actor
from models.pension_stages import PaymentStage
from services.pensions import accounts, batches, held, hints, inquiries, payment_reading, policy, reading, settings
from services.pensions.accounts import RecordFunding, SetAccountOpen
from services.pensions.batches import (
    ApproveBatch,
    CancelBatch,
    ConfirmBatch,
    PauseBatch,
    RejectBatch,
    ResumeBatch,
    RetryBatch,
)
from services.pensions.held import HeldDecision
from services.pensions.hints import Hint
from services.pensions.inquiries import Inquire, Settle
from services.pensions.payment_search import PaymentSearch
from services.pensions.policy import Act
from services.pensions.refusals import OrganisationClosed, SamePersonApproves
from services.pensions.settings import ChangeSettings
from services.pensions.shapes import BatchRow
from tests.builders import batches as desks
from tests.builders import people
from tests.builders.batches import Desk

YES, NO, NOT_THERE = "yes", "no", "not there"

# One row a person; what is not named is refused.
OF_A_MANAGER = {Act.READ, Act.UPLOAD, Act.PREVIEW, Act.CONFIRM, Act.RETRY, Act.CANCEL, Act.PAUSE, Act.RESUME} | {
    Act.RELEASE, Act.REFUSE, Act.INQUIRE, Act.SETTLE, Act.HINT,
}  # fmt: skip
OF_A_SUPERVISOR = {Act.READ, Act.APPROVE, Act.REJECT, Act.PAUSE, Act.INQUIRE, Act.SETTLE}
OF_AN_ADMINISTRATOR = {Act.READ, Act.PAUSE, Act.INQUIRE, Act.SETTLE, Act.ADMINISTER}
UNDER_FOUR_EYES = {Act.RELEASE, Act.REFUSE}
PEOPLE = ("manager", "colleague", "supervisor", "administrator", "foreign manager", "foreign supervisor", "nobody")


class _UndoneError(Exception):
    """Takes back what a permitted act did."""


@dataclass(frozen=True)
class Scene:
    """A batch that waits for approval, one at work with a held and an unknown payment, and everybody who comes by."""

    desk: Desk
    asked: BatchRow
    draft: BatchRow
    running: BatchRow
    people: Mapping[str, Actor]

    def tries(self, actor: Actor) -> dict[Act, str]:
        """Let somebody try every act; return how each was answered."""
        return {act: self._try(actor, deed) for act, deed in self._deeds().items()}

    def _try(self, actor: Actor, deed: Callable[[Session, Actor], Any]) -> str:
        try:
            with self.desk.database.transaction() as session:
                deed(session, actor)
                raise _UndoneError  # noqa: TRY301  # so that the next deed finds the same scene
        except (Forbidden, SamePersonApproves):
            return NO
        except NotFound:
            return NOT_THERE
        except (Refusal, _UndoneError):
            return YES

    def _deeds(self) -> dict[Act, Callable[[Session, Actor], Any]]:
        asked, running = self.asked.bulk_id, self.running.bulk_id
        file = desks.people(1, first=900)
        held_id, unknown_id = f"{running}-0000002", f"{running}-0000003"
        decision = HeldDecision(bulk_id=running, transfer_id=held_id, reason="Vérifié au guichet")
        settling = Settle(
            bulk_id=running, transfer_id=unknown_id, outcome="failed", proof_id=self.asked.id, reason="Relevé du switch"
        )
        return {
            Act.READ: lambda session, actor: payment_reading.list_payments(session, actor, asked, PaymentSearch()),
            Act.UPLOAD: lambda _, actor: self.desk.send(file, by=actor, expected_count=2),
            Act.PREVIEW: lambda _, actor: self.desk.look_at(file, by=actor, expected_count=2),
            Act.CONFIRM: _on(batches.confirm, ConfirmBatch(bulk_id=self.draft.bulk_id)),
            Act.RETRY: _on(batches.retry, RetryBatch(bulk_id=asked)),
            Act.CANCEL: _on(batches.cancel, CancelBatch(bulk_id=asked)),
            Act.APPROVE: _on(batches.approve, ApproveBatch(bulk_id=asked, seal=self.asked.seal)),
            Act.REJECT: _on(batches.reject, RejectBatch(bulk_id=asked, reason="À revoir")),
            Act.PAUSE: _on(batches.pause, PauseBatch(bulk_id=running)),
            Act.RESUME: _on(batches.resume, ResumeBatch(bulk_id=running)),
            Act.RELEASE: _on(held.release, decision),
            Act.REFUSE: _on(held.refuse, decision),
            Act.INQUIRE: _on(inquiries.inquire, Inquire(bulk_id=running, transfer_id=unknown_id)),
            Act.SETTLE: _on(inquiries.settle, settling),
            Act.HINT: _on(hints.note, Hint(transfer_id=unknown_id, body=b"{}")),
            Act.ADMINISTER: _on(
                settings.change_settings, ChangeSettings(organisation_id=self.desk.caisse.organisation_id)
            ),
        }

    def judged(self, actor: Actor) -> dict[Act, str]:
        """Ask the policy itself about every act, on the running batch."""
        return {act: self._try(actor, self._judging(act)) for act in Act}

    def _judging(self, act: Act) -> Callable[[Session, Actor], Any]:
        batch = self.asked if act in {Act.APPROVE, Act.REJECT} else self.running
        return lambda session, actor: policy.require(session, actor, act, batch)


def _on(verb: Callable[[Session, Any, Any], Any], order: Any) -> Callable[[Session, Actor], Any]:
    return lambda session, actor: verb(session, actor, order)


def scene(database: Database, **settings_of_it: Any) -> Scene:
    """Return the scene; the running batch is below the amount from which four eyes are asked for."""
    desk = desks.open_desk(database)
    colleague = desk.colleague()
    running = desk.send(desks.people(3)).batch
    desk.begin(running.bulk_id)
    desk.move(running.bulk_id, [2], PaymentStage.HELD)
    desk.move(running.bulk_id, [3], PaymentStage.UNKNOWN)
    desk.settle(lookup="off", four_eyes_from_minor=100_000)
    asked = desk.send().batch
    desk.settle(lookup="off", four_eyes_from_minor=100_000, **settings_of_it)
    draft = desk.look_at(desks.people(1, first=500)).batch
    foreign = desk.world.foreign
    known = {
        "manager": desk.caisse.manager,
        "colleague": colleague,
        "supervisor": desk.caisse.supervisor,
        "administrator": desk.world.administrator,
        "foreign manager": foreign.manager,
        "foreign supervisor": foreign.supervisor,
        "nobody": desk.world.stranger,
    }
    return Scene(desk, asked, draft, running, known)


def answers(permitted: set[Act]) -> dict[Act, str]:
    """Return the row of somebody who sees the organisation."""
    return {act: YES if act in permitted else NO for act in Act}


TABLE: Mapping[str, dict[Act, str]] = {
    "manager": answers(OF_A_MANAGER),
    "colleague": answers(OF_A_MANAGER),
    "supervisor": answers(OF_A_SUPERVISOR),
    "administrator": answers(OF_AN_ADMINISTRATOR),
    "foreign manager": dict.fromkeys(Act, NOT_THERE),
    "foreign supervisor": dict.fromkeys(Act, NOT_THERE),
    "nobody": dict.fromkeys(Act, NOT_THERE),
}


def test_everybody_tries_everything(database: Database) -> None:
    here = scene(database)
    assert set(TABLE) == set(PEOPLE)
    # Settings are no batch: who does not administer is told so, whoever he is.
    expected = {who: row | {Act.ADMINISTER: YES if who == "administrator" else NO} for who, row in TABLE.items()}
    assert {who: here.tries(actor) for who, actor in here.people.items()} == expected


def test_the_policy_says_what_the_verbs_do(database: Database) -> None:
    here = scene(database)
    assert {who: here.judged(actor) for who, actor in here.people.items()} == dict(TABLE)


def test_under_four_eyes_the_uploader_does_not_decide_what_is_held_and_the_supervisor_may(database: Database) -> None:
    here = scene(database)
    here.desk.settle(lookup="off", four_eyes_from_minor=0)
    for ask in (here.tries, here.judged):
        told = {who: {act: ask(actor)[act] for act in UNDER_FOUR_EYES} for who, actor in here.people.items()}
        assert told == {
            "manager": dict.fromkeys(UNDER_FOUR_EYES, NO),
            "colleague": dict.fromkeys(UNDER_FOUR_EYES, YES),
            "supervisor": dict.fromkeys(UNDER_FOUR_EYES, YES),
            "administrator": dict.fromkeys(UNDER_FOUR_EYES, NO),
            **{who: dict.fromkeys(UNDER_FOUR_EYES, NOT_THERE) for who in PEOPLE[4:]},
        }


def test_a_closed_organisation_reads_and_stops_and_sends_nothing(database: Database) -> None:
    here = scene(database)
    here.desk.rows("update organisation set is_active = false where code = 'CNSS-BJ' returning id")
    sending: list[Callable[[], object]] = [
        lambda: here.desk.send(desks.people(1)),
        lambda: here.desk.look_at(desks.people(1)),
        lambda: here.desk.do(batches.confirm, ConfirmBatch(bulk_id=here.draft.bulk_id)),
        lambda: here.desk.do(
            batches.approve, ApproveBatch(bulk_id=here.asked.bulk_id, seal=here.asked.seal), here.desk.caisse.supervisor
        ),
    ]
    for deed in sending:
        with pytest.raises(OrganisationClosed):
            deed()
    assert here.desk.do(batches.pause, PauseBatch(bulk_id=here.running.bulk_id)).pause_reason
    with pytest.raises(OrganisationClosed):
        here.desk.do(batches.resume, ResumeBatch(bulk_id=here.running.bulk_id))
    here.desk.do(batches.cancel, CancelBatch(bulk_id=here.asked.bulk_id))


def test_who_lost_his_role_or_his_account_since_he_signed_in_does_nothing(database: Database) -> None:
    here = scene(database)
    manager = here.people["manager"]
    here.desk.rows("update users set state = 'closed' where id = %s returning id", manager.user_id)
    assert set(here.judged(manager).values()) == {NOT_THERE}
    colleague = here.people["colleague"]
    here.desk.rows("delete from role_grant where user_id = %s returning id", colleague.user_id)
    assert set(here.judged(colleague).values()) == {NOT_THERE}


def test_only_administrators_open_fund_and_close_accounts(database: Database) -> None:
    here = scene(database)
    account_id = here.desk.caisse.account.id
    funding = RecordFunding(account_id=account_id, amount_minor=1_000, key="virement-7", reason="Relevé")
    for who, actor in here.people.items():
        for verb, order in (
            (accounts.record_funding, funding),
            (accounts.set_account_open, SetAccountOpen(account_id=account_id, is_active=True)),
        ):
            if who == "administrator":
                here.desk.do(verb, order, actor)
            else:
                with pytest.raises(Forbidden):
                    here.desk.do(verb, order, actor)


def test_a_person_without_organisation_lists_nothing(database: Database) -> None:
    here = scene(database)
    nobody = people.actor(here.people["nobody"].user_id)
    with database.transaction() as session:
        assert accounts.list_accounts(session, nobody) == []
        assert reading.list_batches(session, nobody, reading.BatchSearch()).total == 0
