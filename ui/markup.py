"""HTML written on the server: every text and attribute is escaped, and the browser sanitises it once more.

One `show` is one element, however much it holds: a list of forty lines costs the page what one label does.
"""

from nicegui import ui

VOID = frozenset({"br", "hr", "img", "input"})


class Markup(str):
    """Text that is HTML already; everything else is escaped when it is put inside a `tag`."""

    __slots__ = ()


Value = str | bool | float | None


def tag(name: str, *children: str | None, **attributes: Value) -> Markup:
    """Return one HTML element; `class_` is `class`, `aria_label` is `aria-label`, None and False leave one out."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: str | None) -> Markup:
    """Return the children side by side, escaped where they are plain text; None is nothing."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children if child))


def icon(name: str, *, class_: str = "") -> Markup:
    """Return a decorative icon; the word beside it says the same to who cannot see it."""
    return tag("i", name, class_=f"symbol {class_}".strip(), aria_hidden="true")


def show(markup: Markup, *, name: str = "div", classes: str = "") -> ui.html:
    """Place markup on the page; keep the element to change it with `set_content`."""
    return ui.html(markup, tag=name).classes(f"shown {classes}".strip())


def escape(text: str) -> str:
    """Return text that cannot leave the element or the double-quoted attribute it is put in."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def _attribute(key: str, value: Value) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
