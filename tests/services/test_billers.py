"""Billers and airtime as rows: written, checked, stopped, offered again."""

import pytest

from core.database import Database
from core.errors import Forbidden
from models.merchants import BillerKind
from services import billers
from services.billers import BillerTaken, ExampleRefused, MoveBiller, PatternRefused, WriteBiller
from tests.services.money_desk import build
from tests.services.wallet_world import OPERATOR, READER, STRANGER


@pytest.fixture
def desk(database: Database) -> Database:
    return build(database)


def gas(**values: object) -> WriteBiller:
    known = {
        "code": "GAZ",
        "country": "CM",
        "name": {"fr": "Gaz", "en": "Gas"},
        "pattern": "^[0-9]{6}$",
        "example": "123456",
        "connector": "biller",
        "position": 9,
    }
    return WriteBiller.model_validate({**known, **values})


def names(desk: Database, language: str = "fr") -> list[str]:
    with desk.transaction() as session:
        return [row.name for row in billers.list_active(session, "CM", language)]


def test_a_menu_lists_the_billers_of_its_country_in_its_language(desk: Database) -> None:
    assert names(desk) == ["Electricité", "Eau", "Télévision"]
    with desk.transaction() as session:
        billers.create_biller(session, OPERATOR, gas())
        assert billers.list_active(session, "SN", "fr") == []
        assert [row.is_due for row in billers.list_active(session, "CM", "fr")] == [False, False, True, False]
    assert names(desk, "en") == ["Electricité", "Eau", "Télévision", "Gas"]


def test_a_stopped_biller_leaves_the_menus_until_it_is_offered_again(desk: Database) -> None:
    with desk.transaction() as session:
        water = next(row for row in billers.list_billers(session, READER) if row.code == "EAU")
        billers.stop_biller(session, OPERATOR, MoveBiller(biller_id=water.id, reason="contrat fini"))
    assert names(desk) == ["Electricité", "Télévision"]
    with desk.transaction() as session:
        billers.offer_biller(session, OPERATOR, MoveBiller(biller_id=water.id, reason="contrat repris"))
    assert names(desk) == ["Electricité", "Eau", "Télévision"]


def test_what_nobody_could_type_is_refused(desk: Database) -> None:
    for values, refusal in (
        ({"example": "12"}, ExampleRefused),
        ({"pattern": "^[0-9]{20}$", "example": "1" * 20}, ExampleRefused),
        ({"pattern": "^[0-9"}, PatternRefused),
        ({"pattern": "(1+)+x", "example": "1" * 40}, PatternRefused),
        ({"pattern": "", "example": ""}, PatternRefused),
        ({"code": "EAU"}, BillerTaken),
    ):
        with desk.transaction() as session, pytest.raises(refusal):
            billers.create_biller(session, OPERATOR, gas(**values))


def test_a_change_keeps_the_code(desk: Database) -> None:
    with desk.transaction() as session:
        order = gas(code="EAU", name={"fr": "Eau potable"}, pattern="^[0-9]{8}$", example="55501234", position=0)
        billers.change_biller(session, OPERATOR, order)
    assert names(desk) == ["Eau potable", "Electricité", "Télévision"]


def test_airtime_is_sold_unless_its_row_is_stopped(desk: Database) -> None:
    with desk.transaction() as session:
        assert billers.is_airtime_open(session, "CM")
        order = gas(code="CREDIT-CM", kind=BillerKind.AIRTIME, pattern="", example="", connector="airtime")
        found = billers.create_biller(session, OPERATOR, order)
        assert billers.is_airtime_open(session, "CM")
        billers.stop_biller(session, OPERATOR, MoveBiller(biller_id=found, reason="panne longue"))
        assert not billers.is_airtime_open(session, "CM")
    assert names(desk) == ["Electricité", "Eau", "Télévision"]


def test_only_who_may_write_writes(desk: Database) -> None:
    for actor in (READER, STRANGER):
        with desk.transaction() as session, pytest.raises(Forbidden):
            billers.create_biller(session, actor, gas())
    with desk.transaction() as session, pytest.raises(Forbidden):
        billers.list_billers(session, STRANGER)
