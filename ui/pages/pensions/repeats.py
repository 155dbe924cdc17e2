"""People whom another batch of the same month pays already: left out, unless somebody ticks them, one by one."""

from functools import partial

from nicegui import events, ui

from services.pensions.shapes import BatchRow
from services.pensions.summary import SetAside
from ui.components import cards, fields
from ui.labels import count, t
from ui.markup import join, show, tag
from ui.pages.pensions import words


class Repeats:
    """The card of rows that are set aside; it is not there where there are none."""

    def __init__(self, batch: BatchRow, aside: tuple[SetAside, ...]) -> None:
        self._batch = batch
        self._aside = aside
        self._lines: set[int] = set()

    @property
    def accepted(self) -> tuple[SetAside, ...]:
        """Return the rows that were ticked."""
        return tuple(row for row in self._aside if row.line in self._lines)

    def draw(self) -> None:
        """Place the card."""
        if not self._aside:
            return
        note = t("Un deuxième accord sera demandé")
        title = t("Déjà payées ce mois")
        with cards.titled(title, note, count=count(len(self._aside)), is_flush=True, is_ruled=True):
            for row in self._aside:
                self._draw_row(row)

    def _draw_row(self, row: SetAside) -> None:
        said = words.list_text(
            [
                t("ligne {number}").format(number=count(row.line)),
                row.identifier if row.name else "",
                words.purpose(row.purpose),
                t("déjà dans {batch}").format(batch=row.paid_by) if row.paid_by else "",
            ]
        )
        with ui.element("div").classes("line"):
            names = (
                tag("span", row.name or row.identifier, class_="line-title"),
                tag("span", said, class_="line-detail"),
            )
            show(join(*names), classes="line-words")
            show(tag("b", words.amount(self._batch, row.amount_minor)), name="span")
            fields.checkbox(t("Payer quand même"), on_change=partial(self._tick, row.line))

    def _tick(self, line: int, event: events.ValueChangeEventArguments[bool]) -> None:
        if event.value:
            self._lines.add(line)
        else:
            self._lines.discard(line)
