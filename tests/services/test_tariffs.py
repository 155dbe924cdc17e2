"""What an operation costs: the worked examples of the owner's tariff, its bounds, and how a scale is replaced."""

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core import clock
from core.database import Database, Session
from core.errors import Forbidden
from core.money import Currency, Money
from models.wallets import OperationType
from services import tariffs
from services.tariffs import (
    AboveMaximum,
    AddTariff,
    Band,
    BelowMinimum,
    NoTariff,
    Quote,
    RetireTariff,
    ScaleRefused,
)
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import AWA, KIOSQUE, OPERATOR, READER, xaf

amounts = st.integers(1, 10**12)
rates = st.integers(0, 10_000)
small = st.integers(0, 10**6)


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        world.build(database, {"surveys": [], "notices": []})
        yield database


def quote(session: Session, kind: OperationType, amount: int, payer: str = AWA) -> Quote:
    return tariffs.quote(session, kind, xaf(amount), people.user_id(session, payer))


def test_the_worked_examples(bank: Database) -> None:
    with bank.transaction() as session:
        transfer = quote(session, OperationType.TRANSFER, 9_000)
        assert (transfer.fee, transfer.total) == (xaf(90), xaf(9_090))

        cash_out = quote(session, OperationType.CASH_OUT, 5_000)
        assert (cash_out.fee, cash_out.total, cash_out.commission) == (xaf(100), xaf(5_100), xaf(40))

        payment = quote(session, OperationType.PAYMENT, 4_000)
        assert (payment.fee, payment.total, payment.payee_fee) == (xaf(0), xaf(4_000), xaf(20))

        recharge = quote(session, OperationType.RECHARGE, 2_000)
        assert (recharge.fee, recharge.total) == (xaf(20), xaf(2_020))

        assert quote(session, OperationType.SELL, 10_000, KIOSQUE).fee == xaf(0)
        assert quote(session, OperationType.BILL, 3_000).fee == xaf(100)


@pytest.mark.parametrize(
    ("amount", "fee"), [(50, 50), (5_000, 50), (5_001, 50), (5_050, 51), (50_000, 500), (50_001, 500), (500_000, 500)]
)
def test_bands_are_inclusive_and_halves_go_up(bank: Database, amount: int, fee: int) -> None:
    with bank.transaction() as session:
        assert quote(session, OperationType.TRANSFER, amount).fee == xaf(fee)


def test_an_amount_outside_the_bounds_is_told_the_bound(bank: Database) -> None:
    with bank.transaction() as session:
        with pytest.raises(BelowMinimum) as low:
            quote(session, OperationType.TRANSFER, 49)
        with pytest.raises(AboveMaximum) as high:
            quote(session, OperationType.TRANSFER, 500_001)
        with pytest.raises(BelowMinimum) as cash_out:
            quote(session, OperationType.CASH_OUT, 499)
    assert (str(low.value), low.value.data["min"]) == ("Minimum 50 FCFA.", xaf(50))
    assert (str(high.value), high.value.data["max"]) == ("Maximum 500 000 FCFA.", xaf(500_000))
    assert cash_out.value.data["min"] == xaf(500)


def test_without_a_price_there_is_no_operation(bank: Database) -> None:
    with bank.transaction() as session:
        with pytest.raises(NoTariff):
            tariffs.quote(session, OperationType.TRANSFER, Money(500, Currency.XOF), people.user_id(session, AWA))
        retire = RetireTariff(type=OperationType.TRANSFER, currency=Currency.XAF, valid_to=clock.now())
        tariffs.retire_tariff(session, OPERATOR, retire)
        with pytest.raises(NoTariff):
            quote(session, OperationType.TRANSFER, 500)
        assert quote(session, OperationType.BILL, 500).fee == xaf(100)


@given(amount=amounts, fixed=small, bps=rates, low=small, spread=st.none() | small)
def test_a_fee_is_the_clamped_sum_and_half_a_unit_goes_up(
    amount: int, fixed: int, bps: int, low: int, spread: int | None
) -> None:
    high = None if spread is None else low + spread
    band = Band(from_minor=1, to_minor=10**12, fixed_minor=fixed, bps=bps, min_minor=low, max_minor=high)

    fee = band.fee(amount)

    exact = fixed + Fraction(amount * bps, 10_000)
    assert fee >= low
    assert high is None or fee <= high
    if low < fee and (high is None or fee < high):
        assert -Fraction(1, 2) < fee - exact <= Fraction(1, 2)


@given(amount=amounts, step=st.integers(0, 10**6), bps=rates, share=rates)
def test_more_money_never_costs_less_and_the_agent_never_gets_more_than_the_fee(
    amount: int, step: int, bps: int, share: int
) -> None:
    band = Band(from_minor=1, to_minor=10**13, bps=bps, payee_bps=share, commission_bps=share)

    assert band.fee(amount + step) >= band.fee(amount)
    assert 0 <= band.commission(amount) <= band.fee(amount)
    assert 0 <= band.payee_fee(amount) <= amount


def test_a_new_scale_begins_when_it_says_and_the_old_one_is_kept(bank: Database) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    with clock.travel(world.NOW) as traveller, bank.transaction() as session:
        before = quote(session, OperationType.TRANSFER, 5_000)
        (new_id,) = tariffs.add_tariff(session, OPERATOR, _flat(100, tomorrow))

        assert quote(session, OperationType.TRANSFER, 5_000) == before
        traveller.advance(86_400)
        after = quote(session, OperationType.TRANSFER, 5_000)

        assert (after.tariff_id, after.fee) == (new_id, xaf(100))
        rows = tariffs.list_tariffs(session, READER, Currency.XAF)
        assert [row["fixed_minor"] for row in rows if row["type"] == "transfer"] == [100, 50, 0, 500]
        assert people.count(session, "audit_entry") == 1


@pytest.mark.parametrize(
    "bands",
    [
        (Band(from_minor=50, to_minor=5_000), Band(from_minor=5_000, to_minor=500_000)),  # 5 000 twice
        (Band(from_minor=50, to_minor=5_000), Band(from_minor=5_002, to_minor=500_000)),  # 5 001 nowhere
        (Band(from_minor=51, to_minor=500_000),),  # the smallest amount allowed has no price
        (Band(from_minor=50, to_minor=499_999),),  # nor has the largest
    ],
)
def test_a_scale_with_an_overlap_or_a_hole_is_refused(bank: Database, bands: tuple[Band, ...]) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    with bank.transaction() as session, pytest.raises(ScaleRefused):
        tariffs.add_tariff(
            session,
            OPERATOR,
            AddTariff(type=OperationType.TRANSFER, currency=Currency.XAF, valid_from=tomorrow, bands=bands),
        )


def test_the_past_keeps_its_prices(bank: Database) -> None:
    now = clock.now()
    with bank.transaction() as session:
        for moment in (now - timedelta(days=1), now):
            with pytest.raises(ScaleRefused):
                tariffs.add_tariff(session, OPERATOR, _flat(1, moment))
        with pytest.raises(ScaleRefused):
            tariffs.retire_tariff(
                session,
                OPERATOR,
                RetireTariff(type=OperationType.TRANSFER, currency=Currency.XAF, valid_to=now - timedelta(seconds=1)),
            )
        tariffs.add_tariff(session, OPERATOR, _flat(1, now + timedelta(days=2)))
        with pytest.raises(ScaleRefused):
            tariffs.add_tariff(session, OPERATOR, _flat(1, now + timedelta(days=1)))


def test_a_planned_scale_can_be_called_off(bank: Database) -> None:
    with clock.travel(world.NOW) as traveller, bank.transaction() as session:
        tariffs.add_tariff(session, OPERATOR, _flat(1, clock.now() + timedelta(days=2)))
        off = RetireTariff(type=OperationType.TRANSFER, currency=Currency.XAF, valid_to=clock.now() + timedelta(days=1))
        tariffs.retire_tariff(session, OPERATOR, off)
        tariffs.add_tariff(session, OPERATOR, _flat(7, clock.now() + timedelta(days=1)))
        traveller.advance(3 * 86_400)
        assert quote(session, OperationType.TRANSFER, 5_000).fee == xaf(7)


def test_a_reader_sets_no_price(bank: Database) -> None:
    with bank.transaction() as session, pytest.raises(Forbidden):
        tariffs.add_tariff(session, READER, _flat(1, clock.now() + timedelta(days=1)))


def test_a_band_upside_down_is_no_band() -> None:
    with pytest.raises(ValidationError):
        Band(from_minor=100, to_minor=50)
    with pytest.raises(ValidationError):
        Band(from_minor=1, to_minor=50, min_minor=10, max_minor=9)


def _flat(fixed: int, moment: object) -> AddTariff:
    band = Band(from_minor=50, to_minor=500_000, fixed_minor=fixed)
    return AddTariff(type=OperationType.TRANSFER, currency=Currency.XAF, valid_from=moment, bands=(band,))
