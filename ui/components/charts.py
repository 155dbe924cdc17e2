"""Charts: Plotly from plain dicts in our inks, French separators, direct labels, no legend box, last point marked.

A figure is painted in the light inks; the stylesheet turns each to its dark one where the page is dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from core.formats import separators
from ui.labels import page_language
from ui.theme import ink

MOST_POINTS = 2_000
CLEAR = "rgba(0,0,0,0)"
FONT = "Inter, sans-serif"


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars; `token` is a colour of the theme."""

    label: str
    values: Sequence[float | None]
    token: str = "accent"  # noqa: S105  # the name of a colour
    is_comparison: bool = False
    is_filled: bool = False


def lines(
    moments: Sequence[str], series: Sequence[Series], *, label: str, unit: str = "", target: float | None = None
) -> ui.plotly:
    """Place a chart of lines over `moments` (already written for the reader); `target` is a dotted level."""
    traces = [trace for one in series for trace in _line(moments, one, unit)]
    layout = _layout(label) | {"annotations": [_end_label(moments, one) for one in series if not one.is_comparison]}
    layout["margin"] = layout["margin"] | {"r": 56}
    if target is not None:
        layout["shapes"] = [_level(target)]
    return _place(traces, layout, label)


def bars(
    labels: Sequence[str], series: Sequence[Series], *, label: str, unit: str = "", is_stacked: bool = False
) -> ui.plotly:
    """Place a chart of bars, one group a label."""
    traces = [
        {
            "type": "bar",
            "x": list(labels),
            "y": list(one.values),
            "name": one.label,
            "marker": {"color": ink(one.token), "cornerradius": 3},
            "hovertemplate": f"%{{x}}<br><b>%{{y:,}}</b>\u00a0{unit} {one.label}<extra></extra>",
        }
        for one in series
    ]
    layout = _layout(label) | {
        "xaxis": _layout(label)["xaxis"] | {"nticks": 0},
        "bargap": 0.35,
        "barmode": "stack" if is_stacked else "group",
    }
    return _place(traces, layout, label)


def _line(moments: Sequence[str], series: Series, unit: str) -> list[dict[str, Any]]:
    if len(series.values) > MOST_POINTS:
        raise ValueError(f"a chart holds at most {MOST_POINTS} points")
    colour = ink("ink-3" if series.is_comparison else series.token)
    stroke = {
        "color": colour,
        "width": 1.25 if series.is_comparison else 2,
        "dash": "dot" if series.is_comparison else "solid",
    }
    hover = f"%{{x}}<br><b>%{{y:,}}</b>\u00a0{unit} {series.label}<extra></extra>"
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": list(moments),
        "y": list(series.values),
        "name": series.label,
        "line": stroke,
        "hovertemplate": hover,
    }
    if series.is_filled:
        line |= {"fill": "tozeroy", "fillcolor": _faint(series.token)}
    if series.is_comparison or not series.values:
        return [line]
    end = {
        "type": "scatter",
        "mode": "markers",
        "x": [moments[-1]],
        "y": [series.values[-1]],
        "marker": {"color": colour, "size": 7, "line": {"color": ink("card"), "width": 2}},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }
    return [line, end]


def _faint(token: str) -> str:
    red, green, blue = bytes.fromhex(ink(token)[1:])
    return f"rgba({red}, {green}, {blue}, 0.1)"


def _end_label(moments: Sequence[str], series: Series) -> dict[str, Any]:
    return {
        "x": moments[-1] if moments else 0,
        "y": series.values[-1] if series.values else 0,
        "text": f"<b>{series.label}</b>",
        "showarrow": False,
        "xanchor": "left",
        "xshift": 8,
        "font": {"color": ink(series.token), "size": 12, "family": FONT},
    }


def _level(target: float) -> dict[str, Any]:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": target,
        "y1": target,
        "line": {"color": ink("ochre"), "width": 1, "dash": "dash"},
    }


def _layout(label: str) -> dict[str, Any]:
    marks = separators(page_language())
    axis = {"fixedrange": True, "zeroline": False, "automargin": True, "tickfont": {"color": ink("ink-3"), "size": 12}}
    return {
        "autosize": True,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8, "pad": 4},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "showlegend": False,
        "separators": marks.decimal + marks.group,
        "font": {"family": FONT, "size": 12, "color": ink("ink-2")},
        "hovermode": "x unified" if not label else "closest",
        "hoverlabel": {
            "bgcolor": ink("card"),
            "bordercolor": ink("line-strong"),
            "font": {"family": FONT, "color": ink("ink")},
        },
        "xaxis": axis | {"type": "category", "nticks": 6, "showgrid": False, "tickangle": 0, "linecolor": ink("line")},
        "yaxis": axis | {"gridcolor": ink("line"), "nticks": 5, "rangemode": "tozero", "tickformat": ",~r"},
    }


def _place(traces: list[dict[str, Any]], layout: dict[str, Any], label: str) -> ui.plotly:
    config = {"displayModeBar": False, "responsive": True, "locale": page_language()}
    chart = ui.plotly({"data": traces, "layout": layout, "config": config}).classes("chart")
    chart.props["role"] = "img"
    chart.props["aria-label"] = label
    return chart
