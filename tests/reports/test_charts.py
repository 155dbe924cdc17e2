import json
from datetime import UTC, date, datetime, timedelta

import pytest

from core import i18n
from core.money import Currency, Money
from reports import charts
from reports.ledger import MoneyDay
from reports.usage import Hour
from reports.ussd import NetworkRow, Point, ScreenRow

AT = datetime(2026, 11, 21, 13, tzinfo=UTC)
ZONE = "Africa/Douala"
ROLES = {"accent", "ochre", "red", "neutral"}


def colours(node: object) -> set[str]:
    """Return every colour of a figure, however deep."""
    if isinstance(node, list):
        return set().union(*map(colours, node))
    if not isinstance(node, dict):
        return set()
    own = [value for key, value in node.items() if key in {"color", "fillcolor"}]
    flat = {one for value in own for one in (value if isinstance(value, list) else [value])}
    return flat | set().union(*(colours(value) for value in node.values()))


def test_sessions_by_the_hour() -> None:
    rows = [Hour(AT + timedelta(hours=n), 10 + n, 40, n, 0, 0) for n in range(3)]
    figure = charts.hours(rows, ZONE)
    area, bars = figure["data"]
    assert (area["x"], area["y"], area["line"]["color"]) == (["14:00", "15:00", "16:00"], [10, 11, 12], "accent")
    assert (bars["type"], bars["y"], bars["marker"]["color"]) == ("bar", [0, 1, 2], "red")
    assert figure["layout"]["separators"] == ",\u202f"


def test_answer_times_keep_their_gaps_and_show_their_target() -> None:
    points = [Point(AT, 3, 0, 84_000, 612_500), Point(AT + timedelta(days=1), 0, 0, None, None)]
    figure = charts.answer_times(points, ZONE, target_ms=1_000)
    slow, fast = figure["data"]
    assert (slow["name"], slow["y"], slow["line"]["color"]) == ("p99", [612.5, None], "ochre")
    assert (fast["name"], fast["y"]) == ("p50", [84.0, None])
    assert fast["x"] == ["21/11 14:00", "22/11 14:00"]
    assert figure["layout"]["shapes"][0]["y0"] == 1_000


def test_a_funnel_marks_the_screen_that_loses_most() -> None:
    figure = charts.funnel([ScreenRow("home", 100, 2), ScreenRow("amount", 80, 28), ScreenRow("pin", 40, 0)])
    (bars,) = figure["data"]
    assert (bars["orientation"], bars["x"], bars["y"]) == ("h", [100, 80, 40], ["home", "amount", "pin"])
    assert bars["marker"]["color"] == ["accent", "ochre", "accent"]
    assert bars["text"] == ["−2,0\u00a0%", "−35,0\u00a0%", ""]
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"
    assert figure["layout"]["xaxis"] == {"type": "linear"}


def test_a_network_without_a_turn_has_no_share() -> None:
    rows = [NetworkRow("MTN", True, 2, 200, 3), NetworkRow("", False, 1, 10, 0), NetworkRow("Orange", True, 0, 0, 0)]
    (bars,) = charts.networks(rows)["data"]
    assert (bars["x"], bars["y"]) == ([1.5, 0.0], ["MTN", "réseau inconnu"])
    assert bars["marker"]["color"] == ["red", "neutral"]


def test_money_by_day_in_the_readers_words() -> None:
    rows = [MoneyDay(date(2026, 11, 21), Money(1_250, Currency.USD), Money.zero(Currency.USD), 1)]
    (bars,) = charts.money_days(rows)["data"]
    assert (bars["x"], bars["y"]) == (["21 nov."], [12.5])
    token = i18n.language.set("en")
    try:
        assert charts.money_days(rows)["data"][0]["x"] == ["Nov 21"]
        assert charts.money_days(rows)["layout"]["separators"] == ".,"
    finally:
        i18n.language.reset(token)


def test_every_figure_is_plain_and_painted_in_roles_only() -> None:
    figures = [
        charts.hours([Hour(AT, 1, 1, 0, 0, 0)], ZONE),
        charts.answer_times([Point(AT, 1, 0, 1, 1)], ZONE, target_ms=5),
        charts.funnel([ScreenRow("home", 1, 1)]),
        charts.networks([NetworkRow("MTN", True, 1, 1, 1)]),
        charts.money_days([]),
        charts.hours([], ZONE),
        charts.funnel([]),
    ]
    for figure in figures:
        json.dumps(figure)
        assert colours(figure) <= ROLES


def test_a_line_of_too_many_points_is_a_bug() -> None:
    points = [Point(AT + timedelta(seconds=n), 1, 0, 1, 1) for n in range(2_001)]
    with pytest.raises(ValueError, match="2000"):
        charts.answer_times(points, ZONE)
