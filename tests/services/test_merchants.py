"""Points of sale: opened by two persons, paid to another by two persons, stopped by one."""

import secrets
from collections.abc import Callable

import pytest

from core.database import Database, Session, fetch_all, fetch_one
from core.errors import Forbidden, NotFound, Refusal, WrongState
from core.permissions import Actor
from models.merchants import MerchantRole
from services import merchant_days, merchants
from services.approvals import SamePerson
from services.merchant_owners import OwnerTaken, OwnerUnknown
from services.merchants import ChangeOwner, CreateMerchant, MerchantRow, MoveMerchant, NameTooLong
from tests.services.money_desk import SECOND, build, decide, waiting
from tests.services.wallet_world import (
    ADMIN,
    AWA,
    JEAN,
    KIOSQUE,
    MARIE,
    OPERATOR,
    PAUL,
    READER,
    STRANGER,
    send,
    texts,
    user_id,
)

SHOP = "+237677000004"


@pytest.fixture
def desk(database: Database) -> Database:
    return build(database)


def create(
    desk: Database, phone: str = AWA, name: str = "Chez Awa", role: MerchantRole = MerchantRole.AGENT
) -> MerchantRow:
    order = CreateMerchant(name=name, phone=phone, role=role)
    with desk.transaction() as session:
        return merchants.create_merchant(session, OPERATOR, order)


def level(session: Session, phone: str) -> str:
    row = fetch_one(session, "select level from wallet where user_id = %s", (user_id(session, phone),))
    assert row is not None
    return str(row["level"])


def test_a_point_of_sale_works_once_another_person_has_agreed(desk: Database) -> None:
    made = create(desk)
    assert (made.state, made.role, made.owner_name) == ("pending", "agent", "Awa Mbarga")
    assert len(made.code) == 6
    assert made.code.isdigit()
    with desk.transaction() as session:
        assert merchants.find_by_code(session, made.code) is None
        assert level(session, AWA) == "1"
    [asked] = waiting(desk, SECOND)
    with pytest.raises(SamePerson):
        decide(desk, OPERATOR, asked.id)
    decide(desk, SECOND, asked.id)
    with desk.transaction() as session:
        found = merchants.find_by_code(session, made.code)
        assert found is not None
        assert (found.name, found.state, found.phone, found.role) == ("Chez Awa", "active", AWA, "agent")
        assert level(session, AWA) == "agent"
        assert texts(session, AWA)[-1].startswith(f"Chez Awa est ouvert. Votre code est {made.code}")


def test_a_refused_one_never_works_and_its_code_is_never_given_again(
    desk: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create(desk)
    decide(desk, SECOND, waiting(desk, SECOND)[0].id, is_approved=False)
    with desk.transaction() as session:
        assert merchants.get_merchant(session, OPERATOR, made.code).state == "refused"
        assert merchants.find_by_code(session, made.code) is None
    drawn = iter([int(made.code) - 100_000, 204_518 - 100_000, 555_555 - 100_000])
    monkeypatch.setattr(secrets, "randbelow", lambda _most: next(drawn))
    assert create(desk).code == "555555"


def test_the_owner_has_a_wallet_and_one_point_of_sale(desk: Database) -> None:
    for phone, refusal in (
        ("+237690999999", OwnerUnknown),
        ("12", OwnerUnknown),
        (MARIE, OwnerUnknown),
        (KIOSQUE, OwnerTaken),
    ):
        with pytest.raises((refusal, ValueError)):
            create(desk, phone)
    with pytest.raises(NameTooLong):
        create(desk, name="Une boutique au nom très long")
    create(desk)
    with pytest.raises(OwnerTaken):
        create(desk)


def test_paying_somebody_else_takes_two_persons_and_the_old_owner_is_told(desk: Database) -> None:
    with desk.transaction() as session:
        shop = merchants.get_merchant(session, OPERATOR, "318806")
        order = ChangeOwner(merchant_id=shop.id, phone="699000001", reason="vente du fonds")
        asked = merchants.request_owner(session, OPERATOR, order)
        assert merchants.get_merchant(session, OPERATOR, "318806").owner_phone == SHOP
    with pytest.raises(SamePerson):
        decide(desk, OPERATOR, asked.id)
    decide(desk, SECOND, asked.id)
    with desk.transaction() as session:
        found = merchants.find_by_code(session, "318806")
        assert found is not None
        assert found.phone == AWA
        assert (level(session, SHOP), level(session, AWA)) == ("1", "merchant")
        assert texts(session, SHOP)[-1].startswith("Boutique Etoile (code 318806) ne vous paie plus")
        acts = fetch_all(session, "select action from audit_entry where action like 'merchant%%' order by created_at")
    assert [row["action"] for row in acts] == ["merchant_owner.ask", "merchant_owner.approved", "merchant.owner"]


def test_a_suspended_agent_is_an_ordinary_subscriber_until_reopened(desk: Database) -> None:
    with desk.transaction() as session:
        kiosk = merchants.get_merchant(session, OPERATOR, "204518")
        merchants.suspend_merchant(session, OPERATOR, MoveMerchant(merchant_id=kiosk.id, reason="plainte reçue"))
    with desk.transaction() as session:
        found = merchants.find_by_code(session, "204518")
        assert found is not None
        assert (found.state, level(session, KIOSQUE)) == ("suspended", "1")
    with desk.transaction() as session, pytest.raises(WrongState):
        merchants.suspend_merchant(session, OPERATOR, MoveMerchant(merchant_id=kiosk.id, reason="encore"))
    with desk.transaction() as session:
        merchants.reopen_merchant(session, OPERATOR, MoveMerchant(merchant_id=kiosk.id, reason="plainte retirée"))
    with desk.transaction() as session:
        found = merchants.find_by_code(session, "204518")
        assert found is not None
        assert (found.state, level(session, KIOSQUE)) == ("active", "agent")


def test_one_that_waits_is_not_reopened_by_one_person_alone(desk: Database) -> None:
    made = create(desk)
    with desk.transaction() as session, pytest.raises(WrongState):
        merchants.reopen_merchant(session, OPERATOR, MoveMerchant(merchant_id=made.id, reason="passer outre"))


def test_the_list_is_found_by_code_name_and_number(desk: Database) -> None:
    def codes(**asked: str) -> list[str]:
        with desk.transaction() as session:
            found = merchants.list_merchants(session, OPERATOR, **asked)  # type: ignore[arg-type]
            assert merchants.count_merchants(session, OPERATOR, **asked) == len(found)
            return [row.code for row in found]

    assert codes() == ["318806", "204518"]
    assert codes(search="204518") == ["204518"]
    assert codes(search="kiosq") == ["204518"]
    assert codes(search="677000004") == ["318806"]
    assert codes(role="merchant") == ["318806"]
    assert codes(state="pending") == []


def test_the_day_is_what_the_ledger_says(desk: Database) -> None:
    send(desk, AWA, KIOSQUE, 3_000)
    with desk.transaction() as session:
        day = merchant_days.get_day(session, OPERATOR, "204518", "Africa/Douala")
    assert day.merchant.float_.minor == 203_000
    assert [(part.type, part.number, part.amount.minor, part.earned.minor) for part in day.parts] == [
        ("transfer", 1, 3_000, 0)
    ]
    [line] = day.lines
    assert (line.other, line.moved.minor) == ("Awa Mbarga", 3_000)
    assert (day.earned.minor, day.earned_30_days.minor) == (0, 0)


def test_an_agent_sees_his_own_day_and_nobody_elses(desk: Database) -> None:
    with desk.transaction() as session:
        agent = Actor(user_id(session, KIOSQUE), "Kiosque Mokolo")
        mine = merchants.find_own(session, agent)
        assert mine is not None
        assert (mine.code, mine.owner_phone) == ("204518", KIOSQUE)
        assert merchant_days.get_day(session, agent, "204518", "Africa/Douala").merchant.code == "204518"
        with pytest.raises(NotFound):
            merchant_days.get_day(session, agent, "318806", "Africa/Douala")
        assert merchants.find_own(session, STRANGER) is None


@pytest.mark.parametrize(
    ("actor", "may_read", "may_write"),
    [(ADMIN, True, True), (OPERATOR, True, True), (READER, True, False), (STRANGER, False, False)],
)
def test_who_may_do_what(desk: Database, actor: Actor, may_read: bool, may_write: bool) -> None:  # noqa: FBT001
    def is_permitted(act: Callable[[Session], object]) -> bool:
        with desk.transaction() as session:
            try:
                act(session)
            except (Forbidden, NotFound):
                return False
            except Refusal:
                return True
            return True

    assert is_permitted(lambda session: merchants.list_merchants(session, actor)) is may_read
    assert is_permitted(lambda session: merchants.get_merchant(session, actor, "204518")) is may_read
    order = CreateMerchant(name="Chez Jean", phone=JEAN, role=MerchantRole.MERCHANT)
    assert is_permitted(lambda session: merchants.create_merchant(session, actor, order)) is may_write
    with desk.transaction() as session:
        kiosk = merchants.get_merchant(session, OPERATOR, "204518").id
    change = ChangeOwner(merchant_id=kiosk, phone=PAUL, reason="essai")
    assert is_permitted(lambda session: merchants.request_owner(session, actor, change)) is may_write
    move = MoveMerchant(merchant_id=kiosk, reason="essai")
    assert is_permitted(lambda session: merchants.suspend_merchant(session, actor, move)) is may_write
    if actor is READER:
        with desk.transaction() as session:
            assert merchants.get_merchant(session, actor, "204518").owner_phone != KIOSQUE
