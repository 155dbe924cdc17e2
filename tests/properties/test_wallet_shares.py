"""Whatever the amount and the tariff: what one gives is what the others get, and nobody loses by a commission."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import Currency, Money
from models.wallets import OperationType
from services.tariffs import TEN_THOUSAND, Band, Quote
from services.wallets.kinds import CASH_OUT, PAYMENT, SELL, TRANSFER, Bearer, Kind, share

AMOUNTS = st.integers(1, 10**12)
SHARES = st.integers(0, TEN_THOUSAND)
FEES = st.integers(0, 10**9)
BANDS = st.builds(
    lambda fixed, bps, least, more, payee, commission: Band(
        from_minor=1,
        to_minor=10**12,
        fixed_minor=fixed,
        bps=bps,
        min_minor=least,
        max_minor=None if more is None else least + more,
        payee_bps=payee,
        commission_bps=commission,
    ),
    FEES,
    SHARES,
    FEES,
    st.none() | FEES,
    SHARES,
    SHARES,
)
KINDS = st.sampled_from([TRANSFER, CASH_OUT, SELL, PAYMENT])


def quoted(kind: OperationType, amount: int, band: Band) -> Quote:
    figures = (amount, band.fee(amount), band.payee_fee(amount), band.commission(amount))
    return Quote(UUID(int=1), kind, *(Money(figure, Currency.XAF) for figure in figures))


@given(AMOUNTS, BANDS, KINDS)
def test_the_legs_balance_whatever_the_tariff(amount: int, band: Band, kind: Kind) -> None:
    quote = quoted(kind.type, amount, band)
    shares = share(quote, kind)

    assert shares.payer + shares.expense == shares.payee + shares.income
    assert min(shares.payer.minor, shares.payee.minor, shares.income.minor, shares.expense.minor) >= 0
    assert shares.payer.minor <= quote.total.minor
    if kind.commission is not Bearer.PAYER:
        assert (shares.payer, shares.expense.minor) == (quote.total, 0)
    if kind.commission is not Bearer.PAYEE:
        assert shares.payee == quote.amount - quote.payee_fee


@pytest.mark.parametrize(
    ("kind", "amount", "band", "gives", "gets", "income"),
    [
        (TRANSFER, 9_000, {"bps": 100}, 9_090, 9_000, 90),
        (
            CASH_OUT,
            5_000,
            {"bps": 150, "min_minor": 100, "max_minor": 3_500, "commission_bps": 4_000},
            5_100,
            5_040,
            60,
        ),
        (PAYMENT, 4_000, {"payee_bps": 50}, 4_000, 3_980, 20),
        (SELL, 10_000, {}, 10_000, 10_000, 0),
    ],
    ids=["transfer", "cash-out", "payment", "sale"],
)
def test_the_worked_examples(kind: Kind, amount: int, band: dict[str, int], gives: int, gets: int, income: int) -> None:
    shares = share(quoted(kind.type, amount, Band(from_minor=1, to_minor=500_000, **band)), kind)
    assert (shares.payer.minor, shares.payee.minor, shares.income.minor, shares.expense.minor) == (
        gives,
        gets,
        income,
        0,
    )
