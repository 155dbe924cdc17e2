"""Exact text and exact bytes: what the wire really carried, but for secrets."""

from collections.abc import Sequence

from ui.components.copy_field import copy_button
from ui.labels import count, t
from ui.markup import Markup, tag

COLUMNS = 16


def block(text: str, *, title: str = "") -> Markup:
    """Return text as it is, every space kept, with a button that copies it."""
    head = tag("div", tag("span", title, class_="caption"), copy_button(), class_="code-head")
    return tag("div", head, tag("pre", tag("code", text), tabindex="0"), class_="code", data_copy=text)


def octets(content: bytes, *, title: str = "", hidden: Sequence[range] = ()) -> Markup:
    """Return bytes as offset, hexadecimal and printable characters, sixteen a line; those `hidden` are dots."""
    secret = frozenset(place for span in hidden for place in span)
    lines = [_line(offset, content[offset : offset + COLUMNS], secret) for offset in range(0, len(content), COLUMNS)]
    dump = "\n".join(lines)
    size = f"{count(len(content))} {t('octets')}"
    head = tag(
        "div", tag("span", f"{title} · {size}" if title else size, class_="caption"), copy_button(), class_="code-head"
    )
    return tag("div", head, tag("pre", tag("code", dump), tabindex="0"), class_="code", data_copy=dump)


def _line(offset: int, part: bytes, secret: frozenset[int]) -> str:
    cells = [
        ("\N{BULLET}\N{BULLET}", "\N{BULLET}") if offset + at in secret else _cell(value)
        for at, value in enumerate(part)
    ]
    shown = " ".join(pair for pair, _ in cells)
    return f"{offset:04x}  {shown:<{COLUMNS * 3 - 1}}  {''.join(mark for _, mark in cells)}"


def _cell(value: int) -> tuple[str, str]:
    return f"{value:02x}", chr(value) if 0x20 <= value < 0x7F else "\N{MIDDLE DOT}"  # noqa: PLR2004  # ASCII
