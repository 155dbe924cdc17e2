"""Exact text and exact bytes: what the wire really carried."""

from ui.components.copy_field import copy_button
from ui.labels import count, t
from ui.markup import Markup, tag

COLUMNS = 16


def block(text: str, *, title: str = "") -> Markup:
    """Return text as it is, every space kept, with a button that copies it."""
    head = tag("div", tag("span", title, class_="caption"), copy_button(), class_="code-head")
    return tag("div", head, tag("pre", tag("code", text), tabindex="0"), class_="code", data_copy=text)


def octets(content: bytes, *, title: str = "") -> Markup:
    """Return bytes as offset, hexadecimal and printable characters, sixteen a line."""
    lines = [_line(offset, content[offset : offset + COLUMNS]) for offset in range(0, len(content), COLUMNS)]
    dump = "\n".join(lines)
    size = f"{count(len(content))} {t('octets')}"
    head = tag(
        "div", tag("span", f"{title} · {size}" if title else size, class_="caption"), copy_button(), class_="code-head"
    )
    return tag("div", head, tag("pre", tag("code", dump), tabindex="0"), class_="code", data_copy=dump)


def _line(offset: int, part: bytes) -> str:
    printable = "".join(chr(value) if 0x20 <= value < 0x7F else "\N{MIDDLE DOT}" for value in part)  # noqa: PLR2004  # ASCII
    return f"{offset:04x}  {part.hex(' '):<{COLUMNS * 3 - 1}}  {printable}"
