"""The frame of every dialog: centred on a desk, a sheet from the bottom on a phone; Esc is always safe."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import context, ui

from ui.components import buttons
from ui.labels import t
from ui.markup import Markup, show, tag


@contextmanager
def dialog(title: str, *, lead: Markup | None = None) -> Iterator[ui.dialog]:
    """Open the definition of a dialog; `open()` it from a button. Closing it does nothing else.

    It belongs to the page, not to the part that opened it: news that draws that part again leaves it open.
    """
    with context.client.content, ui.dialog().classes("dialog") as opened, ui.element("div").classes("sheet") as sheet:
        opened.props["aria-label"] = title
        sheet.props["role"] = "document"
        with ui.element("div").classes("sheet-head"):
            show(lead or tag("h2", title, class_="card-title"))
            buttons.icon_only("close", t("Fermer"), opened.close)
        yield opened


@contextmanager
def actions() -> Iterator[None]:
    """Open the line of buttons at the foot of a dialog, the primary last."""
    with ui.element("div").classes("sheet-actions"):
        yield
