"""Progress in parts: done, running, unknown, failed, left; the same parts as figures under the bar."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.labels import Tone, count
from ui.markup import Markup, tag


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a whole; `detail` is its amount of money."""

    label: str
    number: int
    tone: Tone
    detail: str = ""


def bar(parts: Sequence[Part], *, label: str, total: int | None = None) -> Markup:
    """Return one bar of parts; what `total` has beyond them is the empty track."""
    whole = total or sum(part.number for part in parts) or 1
    shown = [part for part in parts if part.number > 0 and part.tone is not Tone.NEUTRAL]
    return tag(
        "div",
        *(tag("span", class_=f"bar-part bar-{part.tone}", style=f"width: {part.number / whole:.2%}") for part in shown),
        class_="bar",
        role="img",
        aria_label=label + ": " + ", ".join(f"{part.label} {count(part.number)}" for part in parts),
    )


def progress(parts: Sequence[Part], *, headline: Markup, detail: str, rate: Markup | str = "") -> Markup:
    """Return the whole card's content: headline and rate, bar, then each part with its figure."""
    head = tag(
        "div",
        tag("span", headline, tag("span", detail, class_="progress-detail"), class_="progress-headline"),
        tag("span", rate, class_="progress-rate") if rate else None,
        class_="progress-head",
    )
    return tag(
        "div",
        head,
        bar(parts, label=detail),
        tag("dl", *map(_figure, parts), class_="progress-parts"),
        class_="progress",
    )


def plain_bar(ratio: float, *, label: str, tone: Tone = Tone.ACCENT) -> Markup:
    """Return a simple bar, `ratio` of it full."""
    filled = min(max(ratio, 0.0), 1.0)
    return tag(
        "span",
        tag("span", class_=f"bar-part bar-{tone}", style=f"width: {filled:.2%}"),
        class_="bar bar-thin",
        role="progressbar",
        aria_label=label,
        aria_valuemin="0",
        aria_valuemax="100",
        aria_valuenow=f"{filled * 100:.0f}",
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a list of bars: a screen of a funnel, a network and its errors."""

    label: str
    ratio: float
    figure: str
    note: str = ""
    is_marked: bool = False
    tone: Tone = Tone.ACCENT


def funnel(steps: Sequence[Step]) -> Markup:
    """Return rows of bars with figures at their right; a marked row is the one to look at."""
    has_notes = any(step.note for step in steps)
    return tag("div", *map(_row, steps), class_="funnel" if has_notes else "funnel funnel-plain")


def _row(step: Step) -> Markup:
    bar_drawn = tag("span", class_=f"bar-part bar-{step.tone}", style=f"width: {max(step.ratio, 0):.2%}")
    return tag(
        "div",
        tag("span", step.label, class_="funnel-label"),
        tag("span", bar_drawn, class_="bar", aria_hidden="true"),
        tag("span", step.figure, class_="funnel-figure"),
        tag("span", step.note, class_="funnel-note"),
        class_="funnel-row funnel-marked" if step.is_marked else "funnel-row",
    )


def _figure(part: Part) -> Markup:
    return tag(
        "div",
        tag("dt", tag("span", class_=f"dot dot-{part.tone}", aria_hidden="true"), part.label),
        tag("dd", count(part.number), class_="part-number"),
        tag("dd", part.detail, class_="caption") if part.detail else None,
        class_="part",
    )


def moving_bar(label: str) -> Markup:
    """Return a bar for work whose length nobody knows yet."""
    return tag(
        "span",
        tag("span", class_="bar-part bar-blue bar-moving"),
        class_="bar bar-thin",
        role="progressbar",
        aria_label=label,
    )
