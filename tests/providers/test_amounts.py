"""Amounts at the edge: minor units inside, the provider's decimals outside, floats read as the decimals they show."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import MOST_DIGITS, Currency, Money
from providers.amounts import UnfitAmountError, format_amount, parse_amount


@pytest.mark.parametrize(
    ("minor", "currency", "decimals", "text"),
    [
        (5_000, "XOF", "NONE", "5000"),
        (5_000, "XOF", "TWO_PLACES", "5000"),
        (1_250, "USD", "TWO_PLACES", "12.50"),
        (1_200, "CDF", "NONE", "12"),
        (7, "EUR", "TWO_PLACES", "0.07"),
    ],
)
def test_an_amount_leaves_as_the_account_takes_it(minor: int, currency: str, decimals: Any, text: str) -> None:
    assert format_amount(Money(minor, Currency(currency)), decimals=decimals) == text


def test_cents_never_leave_through_an_account_of_whole_units() -> None:
    with pytest.raises(UnfitAmountError):
        format_amount(Money(1_250, Currency.USD))


@pytest.mark.parametrize(
    ("raw", "currency", "minor"),
    [
        ("5000", "XOF", 5_000),
        (5_000, "XOF", 5_000),
        (5_000.0, "XOF", 5_000),
        ("5000.00", "XOF", 5_000),
        ("5E3", "XOF", 5_000),
        (10.0, "XOF", 10),
        (0.1, "USD", 10),
        ("12.5", "USD", 1_250),
        (" 12 ", "CDF", 1_200),
        (Decimal("1.10"), "EUR", 110),
        (0, "XOF", 0),
    ],
)
def test_an_answer_is_read_as_a_decimal(raw: Any, currency: str, minor: int) -> None:
    assert parse_amount(raw, currency) == Money(minor, Currency(currency))


@pytest.mark.parametrize(
    "raw",
    ["", "5 000", "12,5", "5000.5", 0.5, "-1", -1, "NaN", "Infinity", "1e999999", "9" * 50, None, True, [], {}, "cinq"],
)
def test_what_is_no_amount_of_the_currency_is_nothing(raw: Any) -> None:
    assert parse_amount(raw, "XOF") is None


def test_a_currency_we_do_not_count_in_is_nothing() -> None:
    assert parse_amount("5000", "NGN") is None


@given(st.integers(0, 10**MOST_DIGITS - 1), st.sampled_from(Currency))
def test_what_leaves_comes_back_the_same(minor: int, currency: Currency) -> None:
    money = Money(minor, currency)
    assert parse_amount(format_amount(money, decimals="TWO_PLACES"), currency) == money


@given(st.text() | st.floats() | st.integers())
def test_nothing_a_provider_writes_raises(raw: Any) -> None:
    parsed = parse_amount(raw, "CDF")
    assert parsed is None or parsed.minor >= 0
