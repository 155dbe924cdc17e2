"""What is filtered, as a file: CSV that a spreadsheet of the reader's language opens."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from core.clock import now
from ui.components import buttons
from ui.labels import page_language, t

Lines = Sequence[Sequence[str]]


def export_button(name: str, head: Sequence[str], fetch: Callable[[], Awaitable[Lines | None]]) -> ui.button:
    """Place the button; `fetch` gives every line of what is filtered when it is pressed."""

    async def send() -> None:
        button.disable()
        try:
            lines = await fetch()
        finally:
            if not button.is_deleted:
                button.enable()
        if lines is not None:
            ui.download.content(written(head, lines), f"{name}-{now():%Y%m%d-%H%M}.csv", "text/csv; charset=utf-8")

    button = buttons.secondary(t("Exporter"), send, icon="download").classes("wide-only")
    return button


def written(head: Sequence[str], lines: Lines) -> bytes:
    """Return the file: a byte-order mark and, in French, semicolons; no cell is ever a formula."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, delimiter="," if page_language() == "en" else ";", lineterminator="\r\n")
    writer.writerows([head, *([_plain(cell) for cell in line] for line in lines)])
    return sheet.getvalue().encode("utf-8-sig")


def _plain(cell: str) -> str:
    """Keep a spreadsheet from reading a cell as a formula; a number may have a sign."""
    is_number = cell.replace(".", "", 1).lstrip("-").isdigit()
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} and not is_number else cell
