"""Amounts as providers write them: one function out, one in. Whole minor units inside, decimals at the edge."""

from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from core.money import LARGEST_MINOR, Currency, Money

Decimals = Literal["NONE", "TWO_PLACES"]

_LONGEST = 40


class UnfitAmountError(ValueError):
    """The account takes whole units only, and the amount has decimals: a bug of whoever let it through."""


def format_amount(money: Money, *, decimals: Decimals = "NONE") -> str:
    """Return `5000`, never `5000.0`; a currency of two decimals as the account takes it, `12` or `12.00`."""
    if money.currency.exponent == 0:
        return str(money.minor)
    whole, rest = divmod(money.minor, 10**money.currency.exponent)
    if decimals == "TWO_PLACES":
        return money.plain
    if rest:
        raise UnfitAmountError(f"{money.currency} {money.plain} is no whole number of units")
    return str(whole)


def parse_amount(raw: Any, currency: Currency | str) -> Money | None:
    """Read `"5000"`, `5000`, `5000.0`; None when it is no amount of `currency`, or of a currency we do not count in."""
    known = _currency(currency)
    if known is None or isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return None
    text = str(raw).strip()
    try:
        number = Decimal(text) if len(text) <= _LONGEST else Decimal("NaN")
    except InvalidOperation:
        return None
    if not number.is_finite() or number.is_signed() or number.adjusted() > _LONGEST:
        return None
    minor = number.scaleb(known.exponent)
    if minor != minor.to_integral_value() or minor > LARGEST_MINOR:
        return None
    return Money(int(minor), known)


def _currency(currency: Currency | str) -> Currency | None:
    try:
        return Currency(currency)
    except ValueError:
        return None
