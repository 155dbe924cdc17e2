"""What a caller hears when something is switched off, from the very next turn on."""

import json

import pytest
from fastapi.testclient import TestClient

from channels.actions import SlowStep
from channels.ussd import turn
from channels.ussd.pools import work_out
from core import clock
from core.database import Database, fetch_one
from models.switches import SwitchScope
from models.ussd import SwitchState
from services import switches
from services.switches import StopSwitch
from tests.builders import world
from tests.services.wallet_world import AWA, JEAN, OPERATOR, hire


def say(gateway: TestClient, message: str, session: str = "s1") -> tuple[str, str]:
    answer = gateway.post("/ussd/", json={"sessionid": session, "msisdn": AWA, "message": message})
    assert answer.status_code == 200
    body = json.loads(answer.content)
    return body["command"], body["message"]


def stop(database: Database, scope: SwitchScope, key: str = "", **more: object) -> None:
    with database.transaction() as session:
        switches.stop(session, OPERATOR, StopSwitch(scope=scope, key=key, reason="essai", **more))


@pytest.mark.parametrize(
    ("scope", "key"), [(SwitchScope.PLATFORM, ""), (SwitchScope.GATEWAY, "doc-b"), (SwitchScope.SERVICE, "wallet")]
)
def test_a_dialogue_under_way_ends_on_its_next_turn(
    gateway: TestClient, database: Database, scope: SwitchScope, key: str
) -> None:
    with clock.travel(world.NOW):
        world.build(database)
        hire(database)
        assert say(gateway, "*155#")[0] == "CON"
        stop(database, scope, key)
        assert say(gateway, "1") == ("END", "Service arrêté. Réessayez plus tard.")
        assert say(gateway, "*155#", "s2") == ("END", "Service arrêté. Réessayez plus tard.")
    with database.transaction() as session:
        assert fetch_one(session, "select count(*) as n from ussd_session where state = 'open'") == {"n": 0}


def test_maintenance_says_its_own_text(gateway: TestClient, database: Database) -> None:
    with clock.travel(world.NOW):
        world.build(database)
        hire(database)
        stop(database, SwitchScope.PLATFORM, state=SwitchState.MAINTENANCE, text={"fr": "De retour à 14 h."})
        assert say(gateway, "*155#") == ("END", "De retour à 14 h.")


def test_a_stopped_kind_of_money_moves_nothing_and_the_rest_goes_on(gateway: TestClient, database: Database) -> None:
    with clock.travel(world.NOW):
        world.build(database)
        hire(database)
        for answer in ("*155#", "1", JEAN.removeprefix("+237"), "5000", "1"):
            assert say(gateway, answer)[0] == "CON"
        stop(database, SwitchScope.MONEY, "transfer")
        assert say(gateway, "48213") == ("END", "Cette opération est arrêtée pour le moment. Rien n'a été débité.")
        assert say(gateway, "*155#", "s2")[0] == "CON"
        for answer in ("1", JEAN.removeprefix("+237")):
            assert say(gateway, answer, "s2")[0] == "CON"
        assert say(gateway, "5000", "s2")[0] == "END"
        assert say(gateway, "*155#", "s3")[0] == "CON"
        assert say(gateway, "6", "s3")[0] == "CON"
        assert say(gateway, "48213", "s3") == ("END", "Votre solde est de 10 000 FCFA")
    with database.transaction() as session:
        assert fetch_one(session, "select count(*) as n from ussd_operation") == {"n": 0}


EVERY = [
    (SwitchScope.PLATFORM, ""),
    (SwitchScope.GATEWAY, "doc-b"),
    (SwitchScope.SERVICE, "wallet"),
    (SwitchScope.MONEY, "transfer"),
]


@pytest.mark.parametrize(("scope", "key"), EVERY)
def test_no_money_moves_after_the_switch_even_when_the_code_was_being_checked(
    gateway: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch, scope: SwitchScope, key: str
) -> None:
    """The turn has begun, its PIN is being worked out with no lock held: that is when somebody presses."""

    def pressed_meanwhile(step: SlowStep, timeout_s: float) -> object:
        found = work_out(step, timeout_s)
        stop(database, scope, key)
        return found

    with clock.travel(world.NOW):
        world.build(database)
        hire(database)
        for answer in ("*155#", "1", JEAN.removeprefix("+237"), "5000", "1"):
            assert say(gateway, answer)[0] == "CON"
        monkeypatch.setattr(turn, "work_out", pressed_meanwhile)
        command, text = say(gateway, "48213")
        assert command == "END"
        assert "arrêt" in text
    with database.transaction() as session:
        assert fetch_one(session, "select count(*) as n from ussd_operation") == {"n": 0}
        assert fetch_one(session, "select count(*) as n from ussd_turn where progress = 'running'") == {"n": 0}
