"""Charts: a report's plain figure, painted. No legend box: a line is named at its end, its last point marked.

A report writes roles (`accent`, `ochre`, `red`, `neutral`); they become our light inks here, and the stylesheet turns
each ink to its dark one where the page is dark, at once and without a new figure. A dotted line is a comparison.
"""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from core.formats import separators
from ui.labels import page_language
from ui.theme import ink

Figure = Mapping[str, Any]

MOST_POINTS = 2_000
CLEAR = "rgba(0,0,0,0)"
FONT = "Inter, sans-serif"
ROLES = {"accent": "accent", "ochre": "ochre", "red": "red", "blue": "blue", "strong": "ink", "neutral": "ink-3"}
CONFIG = {"displayModeBar": False, "responsive": True}


def chart(figure: Figure, *, label: str, unit: str = "", is_tall: bool = False) -> ui.plotly:
    """Place a figure of a report; `label` says what it shows to who cannot see it, `unit` what is counted."""
    place = ui.plotly(painted(figure, unit)).classes("chart chart-tall" if is_tall else "chart")
    place.props["role"] = "img"
    place.props["aria-label"] = label
    return place


def repaint(place: ui.plotly, figure: Figure, *, unit: str = "") -> None:
    """Show newer figures in a chart that is there already."""
    place.update_figure(painted(figure, unit))


def painted(figure: Figure, unit: str = "") -> dict[str, Any]:
    """Return the figure with our inks, axes, separators and direct labels."""
    traces = [_trace(trace, unit) for trace in figure["data"]]
    ends = [trace for trace in traces if trace["type"] == "scatter" and not _is_comparison(trace)]
    given = figure.get("layout", {})
    layout = _layout() | {key: value for key, value in given.items() if key not in {"xaxis", "yaxis", "shapes"}}
    layout["xaxis"] |= given.get("xaxis", {})
    layout["yaxis"] |= given.get("yaxis", {})
    layout["shapes"] = [_shape(shape) for shape in given.get("shapes", ())]
    layout["annotations"] = [note for trace in ends if (note := _name_at_end(trace))]
    if ends:
        layout["margin"] |= {"r": 64}
    if any(trace.get("orientation") == "h" for trace in traces):
        layout["xaxis"] |= {"visible": False}
        layout["yaxis"] |= {"showgrid": False, "nticks": 0}
    return {
        "data": [*traces, *(dot for trace in ends if (dot := _last_point(trace)))],
        "layout": layout,
        "config": CONFIG,
    }


def _trace(trace: Mapping[str, Any], unit: str) -> dict[str, Any]:
    if max(len(trace["x"]), len(trace["y"])) > MOST_POINTS:
        raise ValueError(f"a chart holds at most {MOST_POINTS} points")
    shown = dict(trace)
    across = "y" if trace.get("orientation") == "h" else "x"
    along = "x" if across == "y" else "y"
    counted = f"\u00a0{unit}" if unit else ""
    shown["hovertemplate"] = f"%{{{across}}}<br><b>%{{{along}:,}}</b>{counted} {trace.get('name', '')}<extra></extra>"
    if trace["type"] == "bar":
        colours = trace["marker"]["color"]
        painted_bars = _ink(colours) if isinstance(colours, str) else [_ink(colour) for colour in colours]
        shown["marker"] = {"color": painted_bars, "cornerradius": 3}
        return shown | {"textposition": "outside", "cliponaxis": False} if "text" in trace else shown
    is_comparison = _is_comparison(trace)
    shown["line"] = dict(trace["line"]) | {"color": _ink(trace["line"]["color"]), "width": 1.25 if is_comparison else 2}
    if "fillcolor" in trace:
        red, green, blue = bytes.fromhex(_ink(trace["fillcolor"])[1:])
        shown["fillcolor"] = f"rgba({red}, {green}, {blue}, 0.1)"
    return shown


def _is_comparison(trace: Mapping[str, Any]) -> bool:
    return bool(trace.get("line", {}).get("dash") == "dot")


def _ink(role: str) -> str:
    return ink(ROLES[role])


def _last(trace: Mapping[str, Any]) -> tuple[Any, Any] | None:
    known = [(x, y) for x, y in zip(trace["x"], trace["y"], strict=True) if y is not None]
    return known[-1] if known else None


def _name_at_end(trace: Mapping[str, Any]) -> dict[str, Any] | None:
    end = _last(trace)
    if end is None:
        return None
    font = {"color": trace["line"]["color"], "size": 12, "family": FONT}
    place = {"x": end[0], "y": end[1], "xanchor": "left", "xshift": 8, "showarrow": False}
    return place | {"text": f"<b>{trace.get('name', '')}</b>", "font": font}


def _last_point(trace: Mapping[str, Any]) -> dict[str, Any] | None:
    end = _last(trace)
    if end is None:
        return None
    marker = {"color": trace["line"]["color"], "size": 7, "line": {"color": ink("card"), "width": 2}}
    dot = {"type": "scatter", "mode": "markers", "x": [end[0]], "y": [end[1]], "marker": marker}
    return dot | {"hoverinfo": "skip", "cliponaxis": False}


def _shape(shape: Mapping[str, Any]) -> dict[str, Any]:
    return dict(shape) | {"line": dict(shape["line"]) | {"color": _ink(shape["line"]["color"])}}


def _layout() -> dict[str, Any]:
    marks = separators(page_language())
    axis = {"fixedrange": True, "zeroline": False, "automargin": True, "tickfont": {"color": ink("ink-3"), "size": 12}}
    hover_font = {"family": FONT, "color": ink("ink"), "size": 13}
    return {
        "autosize": True,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8, "pad": 4},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "showlegend": False,
        "separators": marks.decimal + marks.group,
        "font": {"family": FONT, "size": 12, "color": ink("ink-2")},
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": ink("card"), "bordercolor": ink("line-strong"), "font": hover_font},
        "bargap": 0.35,
        "xaxis": axis | {"showgrid": False, "tickangle": 0, "linecolor": ink("line")},
        "yaxis": axis | {"gridcolor": ink("line"), "nticks": 5, "rangemode": "tozero", "tickformat": ",~r"},
    }
