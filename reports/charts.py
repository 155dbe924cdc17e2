"""Figures for Plotly as plain dicts. Colours are roles (`accent`, `ochre`, `red`, `neutral`): the screen paints them.

At most 2 000 points a line, labels already written for the reader, no legend: a line is named at its end.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from core import formats, i18n
from core.i18n import t
from reports.figures import DAY
from reports.ledger import MoneyDay
from reports.usage import Hour
from reports.ussd import NetworkRow, Point, ScreenRow

MOST_POINTS = 2_000

Figure = dict[str, Any]


def hours(rows: Sequence[Hour], zone: str) -> Figure:
    """Sessions by hour as an area, turns in error as bars."""
    moments = _clocks([row.at for row in rows], zone)
    return _figure(
        [
            _line(moments, [row.sessions for row in rows], t("sessions"), "accent", is_filled=True),
            _bars(moments, [row.errors for row in rows], t("erreurs"), "red"),
        ]
    )


def day(today: Sequence[Hour], last_week: Sequence[Hour], zone: str) -> Figure:
    """Sessions of today by hour as an area, last week's same day as a dotted line; the hours to come are gaps."""
    moments = _clocks([row.at for row in last_week], zone)
    ahead: list[float | None] = [None] * (len(moments) - len(today))
    before = _line(moments, [row.sessions for row in last_week], t("semaine dernière"), "neutral")
    before["line"]["dash"] = "dot"
    return _figure(
        [before, _line(moments, [*(row.sessions for row in today), *ahead], t("sessions"), "accent", is_filled=True)]
    )


def answer_times(points: Sequence[Point], zone: str, *, target_ms: int | None = None) -> Figure:
    """Median and 99th percentile of the answer time, in milliseconds; a gap where nothing was answered."""
    moments = _clocks([point.at for point in points], zone)
    figure = _figure(
        [
            _line(moments, [_ms(point.p99_us) for point in points], "p99", "ochre"),
            _line(moments, [_ms(point.p50_us) for point in points], "p50", "accent"),
        ]
    )
    if target_ms is not None:
        level = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": target_ms, "y1": target_ms}
        figure["layout"]["shapes"] = [{**level, "line": {"color": "ochre", "width": 1, "dash": "dash"}}]
    return figure


def funnel(rows: Sequence[ScreenRow]) -> Figure:
    """Sessions that saw each screen, the first on top; the screen that loses most people stands out."""
    worst = max(rows, key=lambda row: row.drop_off.value or 0, default=None)
    trace = _bars([row.seen for row in rows], [row.screen for row in rows], t("sessions"), "accent")
    trace["marker"]["color"] = ["ochre" if row is worst and row.dropped else "accent" for row in rows]
    trace["text"] = [_share(row) for row in rows]
    figure = _figure([trace])
    _lay_down(figure)
    return figure


def networks(rows: Sequence[NetworkRow]) -> Figure:
    """Share of turns in error by network, in percent, the worst on top; networks without a turn are left out."""
    known = [(row, value * 100) for row in rows if (value := row.error_rate.value) is not None]
    names = [row.network or t("réseau inconnu") for row, _ in known]
    trace = _bars([round(value, 2) for _, value in known], names, t("erreurs (%)"), "neutral")
    trace["marker"]["color"] = [
        "red" if row.errors and place == 0 else "neutral" for place, (row, _) in enumerate(known)
    ]
    figure = _figure([trace])
    _lay_down(figure)
    return figure


def money_days(rows: Sequence[MoneyDay]) -> Figure:
    """Money moved by day, in whole units of the currency."""
    labels = [format_skeleton("MMMd", row.day, locale=i18n.language.get()) for row in rows]
    amounts = [float(row.moved.plain) for row in rows]
    return _figure([_bars(labels, amounts, t("montant"), "accent")])


def bars(rows: Sequence[tuple[str, int, float]], name: str) -> Figure:
    """Draw named counts as bars that lie, the first on top, each with its count and its share."""
    trace = _bars([number for _, number, _ in rows], [label for label, _, _ in rows], name, "accent")
    mark = formats.separators(i18n.language.get()).decimal
    trace["text"] = [
        f"{formats.count(number, i18n.language.get())} ({share * 100:.1f}\u00a0%)".replace(".", mark)
        for _, number, share in rows
    ]
    figure = _figure([trace])
    _lay_down(figure)
    return figure


def columns(rows: Sequence[tuple[date, int]], name: str) -> Figure:
    """Draw counts by day as bars that stand."""
    labels = [format_skeleton("MMMd", day, locale=i18n.language.get()) for day, _ in rows]
    return _figure([_bars(labels, [number for _, number in rows], name, "accent")])


def _figure(traces: list[Figure]) -> Figure:
    marks = formats.separators(i18n.language.get())
    layout = {
        "showlegend": False,
        "separators": marks.decimal + marks.group,
        "xaxis": {"type": "category", "nticks": 6},
    }
    return {"data": traces, "layout": layout}


def _line(x: Sequence[Any], y: Sequence[float | None], name: str, role: str, *, is_filled: bool = False) -> Figure:
    if len(y) > MOST_POINTS:
        raise ValueError(f"a chart holds at most {MOST_POINTS} points")
    line: Figure = {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "name": name,
        "line": {"color": role},
    }
    return line | {"fill": "tozeroy", "fillcolor": role} if is_filled else line


def _bars(x: Sequence[Any], y: Sequence[Any], name: str, role: str) -> Figure:
    return {"type": "bar", "x": list(x), "y": list(y), "name": name, "marker": {"color": role}}


def _lay_down(figure: Figure) -> None:
    """Turn bars to the right, the first row on top."""
    for trace in figure["data"]:
        trace["orientation"] = "h"
    figure["layout"] |= {"xaxis": {"type": "linear"}, "yaxis": {"type": "category", "autorange": "reversed"}}


def _clocks(moments: Sequence[datetime], zone: str) -> list[str]:
    """Write the moments of an axis: the hour, and the day before it when a day is exceeded."""
    is_long = bool(moments) and moments[-1] - moments[0] >= DAY
    return [f"{at.astimezone(ZoneInfo(zone)):{'%d/%m %H:%M' if is_long else '%H:%M'}}" for at in moments]


def _ms(elapsed_us: int | None) -> float | None:
    return None if elapsed_us is None else elapsed_us / 1000


def _share(row: ScreenRow) -> str:
    value = row.drop_off.value
    if not value:
        return ""
    mark = formats.separators(i18n.language.get()).decimal
    return f"{formats.MINUS}{value * 100:.1f}\u00a0%".replace(".", mark)
