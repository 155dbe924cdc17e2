"""Figures: bold number, small grey unit after it, thin separators, a true minus, and the time it was true."""

from datetime import datetime

from core.money import Money
from ui.labels import Tone, count, money_parts, t, when
from ui.markup import Markup, icon, tag


def figure(value: str | int, unit: str = "", *, is_big: bool = False, tone: Tone | None = None) -> Markup:
    """Return a number and its unit; a whole number gets its separators here."""
    number = count(value) if isinstance(value, int) else value
    size = "figure figure-big" if is_big else "figure"
    return tag(
        "span",
        tag("span", number, class_="figure-number"),
        " " if unit else None,
        tag("span", unit, class_="figure-unit") if unit else None,
        class_=f"{size} figure-{tone}" if tone else size,
    )


def amount(money: Money, *, is_big: bool = False, is_signed: bool = False) -> Markup:
    """Return an amount of money; `is_signed` writes `+` before what came in."""
    number, unit = money_parts(money)
    sign = "+" if is_signed and money.minor > 0 else ""
    return tag("span", figure(sign + number, unit, is_big=is_big), class_="figure-money")


def with_time(shown: Markup, at: datetime | None) -> Markup:
    """Return a figure with the instant it was true, or «en direct» when there is none."""
    if at is None:
        mark = tag("span", tag("span", class_="live-dot", aria_hidden="true"), t("en direct"), class_="figure-time")
    else:
        mark = tag("time", when(at), datetime=at.isoformat(), class_="figure-time")
    return tag("span", shown, mark, class_="figure-timed")


def trend(ratio: float, text: str, *, shown: str) -> Markup:
    """Return a change against before: arrow, signed percentage `shown`, and `text` saying against what."""
    arrow = "trending_up" if ratio > 0 else "trending_down" if ratio < 0 else "trending_flat"
    direction = "trend-up" if ratio > 0 else "trend-down"
    return tag(
        "span",
        tag("span", icon(arrow), shown, class_=f"trend-figure {direction}"),
        tag("span", text, class_="trend-text"),
        class_="trend",
    )
