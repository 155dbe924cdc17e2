"""Prices, bounds and rates: changed by two persons, tried before on last month, never in place."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.database import Database, Session, driver, fetch_all, fetch_one
from core.errors import Forbidden
from core.money import Currency
from models.wallets import OperationType, WalletLevel
from services import limits, operation_reversals, tariff_changes, wallets
from services.approvals import SamePerson
from services.ledger import InsufficientFunds
from services.limits import LimitChange, LimitNotPriced, RequestLimit, SetVelocity
from services.operation_reversals import RequestReversal
from services.tariff_changes import RequestScale
from services.tariffs import AboveMaximum, AddTariff, Band, NoTariff, ScaleRefused
from services.wallets import TooManyRequests
from tests.services.money_desk import SECOND, build, decide
from tests.services.wallet_world import (
    ADMIN,
    AWA,
    JEAN,
    OPERATOR,
    PAUL,
    READER,
    STRANGER,
    balance,
    order,
    send,
    texts,
    user_id,
    xaf,
)


@pytest.fixture
def desk(database: Database) -> Database:
    return build(database)


def scale(*bands: Band, begins_in: timedelta = timedelta(hours=1)) -> AddTariff:
    return AddTariff(
        type=OperationType.TRANSFER, currency=Currency.XAF, valid_from=clock.now() + begins_in, bands=bands
    )


DEARER = (Band(from_minor=50, to_minor=5_000, fixed_minor=75), Band(from_minor=5_001, to_minor=500_000, bps=100))


def fee(desk: Database, amount: int) -> int:
    with desk.transaction() as session:
        return wallets.quote(session, OperationType.TRANSFER, xaf(amount), user_id(session, AWA)).fee.minor


# Prices


def test_a_new_scale_begins_when_planned_once_another_person_agreed(desk: Database) -> None:
    with desk.transaction() as session:
        asked = tariff_changes.request_scale(session, OPERATOR, RequestScale(scale=scale(*DEARER), reason="licence"))
    assert asked.summary == "Transfert en XAF, tranches : 2"
    with pytest.raises(SamePerson):
        decide(desk, OPERATOR, asked.id)
    decide(desk, SECOND, asked.id)
    assert fee(desk, 3_000) == 50
    with desk.transaction() as session:
        mine = [row for row in tariff_changes.list_scales(session, READER, Currency.XAF) if row.type == "transfer"]
    assert [(row.is_planned, row.is_in_force, len(row.bands)) for row in mine] == [(True, False, 2), (False, True, 3)]
    with clock.travel(clock.now() + timedelta(hours=2)):
        assert fee(desk, 3_000) == 75


def test_agreed_too_late_it_begins_at_once(desk: Database) -> None:
    order = RequestScale(scale=scale(*DEARER, begins_in=timedelta(seconds=5)), reason="licence")
    with desk.transaction() as session:
        asked = tariff_changes.request_scale(session, OPERATOR, order)
    with clock.travel(clock.now() + timedelta(hours=1)) as later:
        decide(desk, SECOND, asked.id)
        later.advance(2)
        assert fee(desk, 3_000) == 75


@pytest.mark.parametrize(
    ("bands", "reason"),
    [
        ((Band(from_minor=50, to_minor=500), Band(from_minor=500, to_minor=500_000)), "deux tranches se chevauchent."),
        ((Band(from_minor=50, to_minor=500), Band(from_minor=502, to_minor=500_000)), "il manque une tranche."),
        ((Band(from_minor=50, to_minor=499_999),), "il ne couvre pas tous les montants permis par les plafonds."),
    ],
)
def test_a_hole_or_an_overlap_is_refused_before_anybody_is_asked(
    desk: Database, bands: tuple[Band, ...], reason: str
) -> None:
    with desk.transaction() as session, pytest.raises(ScaleRefused) as refused:
        tariff_changes.request_scale(session, OPERATOR, RequestScale(scale=scale(*bands), reason="essai"))
    assert refused.value.data["reason"] == reason


def test_the_calculator_says_who_bears_what(desk: Database) -> None:
    def cost(kind: OperationType, amount: int) -> tuple[int, int, int, int]:
        with desk.transaction() as session:
            found = tariff_changes.calculate(session, READER, kind, xaf(amount))
        return found.fee.minor, found.payer_gives.minor, found.payee_gets.minor, found.house_keeps.minor

    assert cost(OperationType.TRANSFER, 9_000) == (90, 9_090, 9_000, 90)
    assert cost(OperationType.CASH_OUT, 5_000) == (100, 5_100, 5_040, 60)
    assert cost(OperationType.PAYMENT, 4_000) == (0, 4_000, 3_980, 20)
    with pytest.raises(NoTariff):
        cost(OperationType.TRANSFER, 49)


def test_last_month_is_charged_again_without_writing_anything(desk: Database) -> None:
    send(desk, AWA, JEAN, 3_000)
    send(desk, AWA, JEAN, 1_000)
    send(desk, JEAN, AWA, 5_001)
    with desk.transaction() as session:
        driver(session).execute(
            "update ussd_operation set created_at = now() - interval '31 days' where amount_minor = 1000"
        )
        found = tariff_changes.what_if(session, READER, scale(*DEARER))
    assert (found.operations, found.before.minor, found.after.minor) == (2, 100, 125)
    assert (found.dearer, found.cheaper, found.unpriced) == (1, 0, 0)
    assert fee(desk, 3_000) == 50


# Bounds


def change(**values: object) -> LimitChange:
    known = {
        "level": "1",
        "type": None,
        "currency": "XAF",
        "min_minor": 50,
        "max_minor": 2_000,
        "valid_from": clock.now(),
    }
    return LimitChange.model_validate({**known, **values})


def test_bounds_change_by_a_new_version_and_two_persons(desk: Database) -> None:
    with desk.transaction() as session:
        order = RequestLimit(change=change(day_minor=10_000, balance_max_minor=50_000), reason="licence")
        asked = limits.request_limit(session, OPERATOR, order)
    assert asked.summary == "Toute opération, niveau 1 : 50 FCFA – 2 000 FCFA"
    assert fee(desk, 3_000) == 50
    with pytest.raises(SamePerson):
        decide(desk, OPERATOR, asked.id)
    decide(desk, SECOND, asked.id)
    with pytest.raises(AboveMaximum):
        fee(desk, 3_000)
    with desk.transaction() as session:
        rows = limits.list_limits(session, READER, Currency.XAF)
    mine = [(row.max_minor, row.day_minor, row.is_in_force) for row in rows if (row.level, row.type) == ("1", None)]
    assert mine == [(2_000, 10_000, True), (500_000, 1_000_000, False)]
    assert len(rows) == 4 * 7 + 1


def test_a_planned_bound_does_not_hold_yet(desk: Database) -> None:
    with desk.transaction() as session:
        order = RequestLimit(change=change(valid_from=clock.now() + timedelta(days=1)), reason="licence")
        asked = limits.request_limit(session, OPERATOR, order)
    decide(desk, SECOND, asked.id)
    assert fee(desk, 3_000) == 50


def test_no_bound_goes_beyond_the_prices(desk: Database) -> None:
    order = RequestLimit(change=change(type="cash_out", min_minor=500, max_minor=600_000), reason="essai")
    with desk.transaction() as session, pytest.raises(LimitNotPriced):
        limits.request_limit(session, OPERATOR, order)


# Rates


def test_a_rate_is_changed_at_once_and_who_is_held_back_is_seen(desk: Database) -> None:
    with desk.transaction() as session:
        driver(session).execute(
            "insert into velocity_rule (id, created_at, name, capacity, window_s)"
            " values (gen_random_uuid(), now(), 'operations', 10, 600)"
        )
        [rule] = limits.list_velocity(session, READER)
        assert (rule.name, rule.capacity, rule.refusals) == ("operations", 10, 0)
        limits.set_velocity(session, OPERATOR, SetVelocity(rule_id=rule.id, capacity=1, reason="fraude en cours"))
    send(desk, AWA, JEAN, 500)
    for _ in range(2):
        with desk.transaction() as session:
            asked = order_of(session)
            with pytest.raises(TooManyRequests):
                wallets.transfer(session, OPERATOR, asked)
    with desk.transaction() as session:
        [held] = limits.list_refusals(session, READER)
        assert (held.rule, held.refusals, held.name, held.user_id) == (
            "operations",
            2,
            "Awa Mbarga",
            user_id(session, AWA),
        )
        assert held.phone != AWA
        assert limits.list_velocity(session, READER)[0].refusals == 2
        assert limits.count_refusals(session, READER) == 1
        row = fetch_one(session, "select summary, changes from audit_entry where action = 'velocity.set'")
    assert row is not None
    assert (row["summary"], row["changes"]["was"], row["changes"]["capacity"]) == ("fraude en cours", 10, 1)


def test_a_rate_is_loosened_by_two_and_tightened_by_one(desk: Database) -> None:
    with desk.transaction() as session:
        driver(session).execute(
            "insert into velocity_rule (id, created_at, name, capacity, window_s)"
            " values (gen_random_uuid(), now(), 'lookups', 20, 3600)"
        )
        [rule] = limits.list_velocity(session, READER)
        looser = SetVelocity(rule_id=rule.id, capacity=1_000_000, reason="essai de charge")
        asked = limits.set_velocity(session, OPERATOR, looser)
        assert asked is not None
        assert limits.list_velocity(session, READER)[0].capacity == 20, "one person alone opens no directory"
    with pytest.raises(SamePerson):
        decide(desk, OPERATOR, asked.id)
    decide(desk, SECOND, asked.id)
    with desk.transaction() as session:
        assert limits.list_velocity(session, READER)[0].capacity == 1_000_000
        tighter = SetVelocity(rule_id=rule.id, capacity=5, reason="fraude en cours")
        assert limits.set_velocity(session, OPERATOR, tighter) is None
        assert limits.list_velocity(session, READER)[0].capacity == 5


def order_of(session: Session) -> wallets.TransferMoney:
    return order(session, AWA, JEAN, 600)


# Reversal


def test_an_operation_is_taken_back_by_two_persons_and_both_sides_are_told(desk: Database) -> None:
    done = send(desk, AWA, JEAN, 1_000)
    with desk.transaction() as session:
        asked = operation_reversals.request_reversal(
            session, OPERATOR, RequestReversal(operation_id=done.id, reason="mauvais numéro")
        )
        assert (balance(session, AWA), balance(session, JEAN)) == (8_950, 3_500)
    for actor in (SECOND, READER):
        with pytest.raises(Forbidden):
            decide(desk, actor, asked.id)
    decide(desk, ADMIN, asked.id)
    with desk.transaction() as session:
        assert (balance(session, AWA), balance(session, JEAN)) == (10_000, 2_500)
        for phone in (AWA, JEAN):
            assert "annulée par le service client" in texts(session, phone)[-1]
        rows = fetch_all(session, "select state from ussd_operation")
    assert [row["state"] for row in rows] == ["reversed"]


def test_what_was_spent_since_is_not_taken_back(desk: Database) -> None:
    done = send(desk, AWA, PAUL, 1_000)
    with desk.transaction() as session:
        asked = operation_reversals.request_reversal(
            session, OPERATOR, RequestReversal(operation_id=done.id, reason="mauvais numéro")
        )
    send(desk, PAUL, JEAN, 1_000)
    with pytest.raises(InsufficientFunds):
        decide(desk, ADMIN, asked.id)
    with desk.transaction() as session:
        assert balance(session, AWA) == 8_950


def test_neither_a_reader_nor_a_stranger_changes_money(desk: Database) -> None:
    done = send(desk, AWA, JEAN, 1_000)
    for actor in (READER, STRANGER):
        with desk.transaction() as session:
            rule = SetVelocity(rule_id=done.id, capacity=1, reason="essai")
            asked: tuple[tuple[Any, Any], ...] = (
                (tariff_changes.request_scale, RequestScale(scale=scale(*DEARER), reason="essai")),
                (limits.request_limit, RequestLimit(change=change(), reason="essai")),
                (limits.set_velocity, rule),
                (operation_reversals.request_reversal, RequestReversal(operation_id=done.id, reason="essai")),
            )
            for verb, order in asked:
                with pytest.raises(Forbidden):
                    verb(session, actor, order)
    with desk.transaction() as session:
        for read in (limits.list_velocity, limits.list_refusals):
            with pytest.raises(Forbidden):
                read(session, STRANGER)
        with pytest.raises(Forbidden):
            limits.list_limits(session, STRANGER, Currency.XAF)
        assert WalletLevel.AGENT in {row.level for row in limits.list_limits(session, READER, Currency.XAF)}
