"""Switches: one person stops, two open again, and nobody else does either."""

from collections.abc import Iterator

import pytest

from core import clock
from core.database import Database, driver
from core.errors import Forbidden, NotFound, WrongState
from core.permissions import Actor
from models.switches import SwitchScope
from models.ussd import SwitchState
from models.wallets import OperationType
from services import approvals, switches, ussd_services
from services.approvals import DecideApproval
from services.switches import ReopenSwitch, SentenceTooLong, StopSwitch
from services.ussd_services import ChangeService
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import OPERATOR, READER, STRANGER

WHY = "essai"


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        world.build(database)
        people.hire(database)
        yield database


def stop(bank: Database, scope: SwitchScope, key: str = "", *, actor: Actor = OPERATOR, **more: object) -> None:
    with bank.transaction() as session:
        switches.stop(session, actor, StopSwitch(scope=scope, key=key, reason=WHY, **more))


def standing(bank: Database) -> dict[tuple[SwitchScope, str], SwitchState]:
    with bank.transaction() as session:
        return {(row.scope, row.key): row.state for row in switches.list_switches(session, READER)}


EVERY = [
    (SwitchScope.PLATFORM, ""),
    (SwitchScope.GATEWAY, "doc-a"),
    (SwitchScope.SERVICE, "wallet"),
    (SwitchScope.MONEY, "transfer"),
]


def test_everything_is_listed_and_lives(bank: Database) -> None:
    found = standing(bank)
    assert list(found) == [
        (SwitchScope.PLATFORM, ""),
        (SwitchScope.GATEWAY, "doc-a"),
        (SwitchScope.GATEWAY, "doc-b"),
        (SwitchScope.SERVICE, "service"),
        (SwitchScope.SERVICE, "wallet"),
        *((SwitchScope.MONEY, kind.value) for kind in sorted(OperationType)),
    ]
    assert set(found.values()) == {SwitchState.LIVE}


@pytest.mark.parametrize(("scope", "key"), EVERY)
def test_one_stops_and_two_open(bank: Database, scope: SwitchScope, key: str) -> None:
    stop(bank, scope, key)
    assert [place for place, state in standing(bank).items() if state is not SwitchState.LIVE] == [(scope, key)]
    with pytest.raises(WrongState):
        stop(bank, scope, key)

    with bank.transaction() as session:
        asked = switches.reopen(session, OPERATOR, ReopenSwitch(scope=scope, key=key, reason=WHY))
    assert asked is not None
    assert standing(bank)[scope, key] is SwitchState.STOPPED
    with bank.transaction() as session, pytest.raises(approvals.SamePerson):
        approvals.decide(session, OPERATOR, DecideApproval(approval_id=asked.id, is_approved=True))
    with bank.transaction() as session, pytest.raises(approvals.AlreadyAsked):
        switches.reopen(session, OPERATOR, ReopenSwitch(scope=scope, key=key, reason=WHY))
    people.agree(bank, asked)
    assert set(standing(bank).values()) == {SwitchState.LIVE}


@pytest.mark.parametrize(("scope", "key"), EVERY)
def test_maintenance_is_no_way_round_the_second_person(bank: Database, scope: SwitchScope, key: str) -> None:
    stop(bank, scope, key)
    with pytest.raises(WrongState):
        stop(bank, scope, key, state=SwitchState.MAINTENANCE)
    assert standing(bank)[scope, key] is SwitchState.STOPPED


def test_who_publishes_alone_was_allowed_to_by_a_second_person(bank: Database) -> None:
    with bank.transaction() as session:
        driver(session).execute("update ussd_service set needs_four_eyes = true where key = 'wallet'")
        card = ussd_services.get_service(session, OPERATOR, "wallet")
    values = {name: getattr(card, name) for name in ChangeService.model_fields.keys() & card.__slots__}
    order = ChangeService(**values | {"service_id": card.id, "needs_four_eyes": False, "reason": WHY})
    with bank.transaction() as session:
        asked = ussd_services.change_service(session, OPERATOR, order)
    assert asked is not None
    with bank.transaction() as session:
        assert ussd_services.get_service(session, OPERATOR, "wallet").needs_four_eyes
        with pytest.raises(approvals.SamePerson):
            approvals.decide(session, OPERATOR, DecideApproval(approval_id=asked.id, is_approved=True))
    people.agree(bank, asked)
    with bank.transaction() as session:
        assert not ussd_services.get_service(session, OPERATOR, "wallet").needs_four_eyes
        assert ussd_services.change_service(session, OPERATOR, order) is None


def test_maintenance_ends_with_one_word(bank: Database) -> None:
    stop(bank, SwitchScope.SERVICE, "wallet", state=SwitchState.MAINTENANCE, text={"fr": "De retour à 14 h."})
    with bank.transaction() as session:
        order = ReopenSwitch(scope=SwitchScope.SERVICE, key="wallet", reason=WHY)
        assert switches.reopen(session, OPERATOR, order) is None
    assert set(standing(bank).values()) == {SwitchState.LIVE}


@pytest.mark.parametrize("actor", [READER, STRANGER], ids=["lecteur", "nobody"])
def test_nobody_else_touches_a_switch(bank: Database, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        stop(bank, SwitchScope.PLATFORM, actor=actor)
    stop(bank, SwitchScope.PLATFORM)
    with bank.transaction() as session, pytest.raises(Forbidden):
        switches.reopen(session, actor, ReopenSwitch(scope=SwitchScope.PLATFORM, reason=WHY))
    assert standing(bank)[SwitchScope.PLATFORM, ""] is SwitchState.STOPPED


@pytest.mark.parametrize(
    ("scope", "key"),
    [(SwitchScope.PLATFORM, "x"), (SwitchScope.GATEWAY, "x"), (SwitchScope.SERVICE, "x"), (SwitchScope.MONEY, "x")],
)
def test_what_does_not_exist_is_not_stopped(bank: Database, scope: SwitchScope, key: str) -> None:
    with pytest.raises(NotFound):
        stop(bank, scope, key)


def test_a_text_that_no_screen_holds_is_refused(bank: Database) -> None:
    with pytest.raises(SentenceTooLong) as refusal:
        stop(bank, SwitchScope.PLATFORM, text={"fr": "a" * 157})
    assert refusal.value.data == {"size": 157, "most": 156}
    assert set(standing(bank).values()) == {SwitchState.LIVE}
