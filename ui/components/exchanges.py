"""Calls to the outside, one under the other: what was asked beside what was answered, opened by a click."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.components.code import block
from ui.labels import Sign
from ui.markup import Markup, icon, tag


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its name, its sign, what came of it and when; the texts are None when they are not for this reader."""

    title: str
    sign: Sign
    outcome: str
    note: str
    address: str
    asked: str | None
    answered: str | None


def calls(found: Sequence[Call], *, asked: str, answered: str, hidden: str) -> Markup:
    """Return the list, the first one open; `asked` and `answered` head the two sides."""
    heads = (asked, answered)
    return tag("div", *(_call(call, heads, hidden, is_open=not place) for place, call in enumerate(found)))


def _call(call: Call, heads: tuple[str, str], hidden: str, *, is_open: bool) -> Markup:
    words = tag(
        "span",
        tag("span", call.title, class_="line-title"),
        tag("span", call.outcome, class_="line-detail"),
        class_="exchange-words",
    )
    head = tag(
        "summary",
        tag("span", icon(call.sign.icon), class_=f"icon-tile icon-tile-{call.sign.tone}"),
        words,
        tag("span", call.note, class_="caption exchange-note"),
        icon("expand_more", class_="exchange-arrow"),
    )
    if call.asked is None or call.answered is None:
        inside = tag("p", hidden, class_="caption")
    else:
        sides = (
            tag("div", block(text or "\N{EM DASH}", title=title), class_="exchange-side")
            for title, text in zip(heads, (call.asked, call.answered), strict=True)
        )
        inside = tag("div", *sides, class_="exchange-sides")
    address = tag("code", call.address, class_="code-inline exchange-address")
    return tag("details", head, tag("div", address, inside, class_="exchange-inside"), class_="exchange", open=is_open)
