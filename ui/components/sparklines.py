"""Sparklines: inline SVG, drawn on the server, no library."""

from collections.abc import Sequence

from ui.labels import Tone
from ui.markup import Markup, join, tag

WIDTH, HEIGHT = 100.0, 40.0
TOP, FLOOR = 3.0, 37.0


def sparkline(
    values: Sequence[float], before: Sequence[float] = (), *, tone: Tone = Tone.ACCENT, is_filled: bool = True
) -> Markup:
    """Return a line of `values` with its last point marked; `before` is dotted beneath it for comparison."""
    if len(values) < 2:  # noqa: PLR2004  # one point is no line
        return Markup()
    known = [*values, *before]
    low, high = min(known), max(known)
    line = _points(values, low, high)
    end_x, end_y = line[-1]
    drawing = tag(
        "svg",
        _area(line) if is_filled else None,
        _path(_points(before, low, high), "sparkline-before") if len(before) > 1 else None,
        _path(line, "sparkline-line"),
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    dot = tag("span", class_="sparkline-dot", style=f"left: {end_x / WIDTH:.2%}; top: {end_y / HEIGHT:.2%}")
    return tag("span", join(drawing, dot), class_=f"sparkline sparkline-{tone}")


def _points(values: Sequence[float], low: float, high: float) -> list[tuple[float, float]]:
    span = (high - low) or 1
    step = WIDTH / max(len(values) - 1, 1)
    return [(index * step, FLOOR - (value - low) / span * (FLOOR - TOP)) for index, value in enumerate(values)]


def _path(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    return tag("path", d="M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points), class_=class_)


def _area(points: Sequence[tuple[float, float]]) -> Markup:
    corners = [*points, (points[-1][0], HEIGHT), (points[0][0], HEIGHT)]
    return tag("path", d="M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in corners) + "Z", class_="sparkline-area")
