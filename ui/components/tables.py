"""Tables: rows are data, pages come from the server, the whole row leads to its thing."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nicegui import context, events, ui

from ui.components import buttons, filters, table_slots
from ui.components.empty import sentence
from ui.components.skeletons import rows as skeleton_rows
from ui.labels import page_language, t
from ui.markup import Markup, show

Kind = Literal["text", "name", "number", "amount", "chip", "code", "time"]
Row = dict[str, Any]
AT_RIGHT = frozenset({"number", "amount", "time"})
PAGE_ROWS = 25


@dataclass(frozen=True, slots=True)
class Column:
    """One column; kept under 600 px if `is_on_phone`, under 1 024 px if `is_on_tablet`.

    `is_shown` is before the reader chooses.
    """

    name: str
    label: str
    kind: Kind = "text"
    is_sortable: bool = False
    is_on_phone: bool = True
    is_shown: bool = True
    is_on_tablet: bool = True


@dataclass(frozen=True, slots=True)
class Filter:
    """A drop-down above the table; an empty value means all."""

    name: str
    label: str
    choices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Day:
    """A day above the table, such as `2026-11-21`; none bounds nothing."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Ask:
    """What a table asks its source for; `offset` and `limit` are in rows."""

    offset: int = 0
    limit: int = PAGE_ROWS
    sort: str = ""
    is_descending: bool = False
    search: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of rows and how many there are in all. `row()` makes them."""

    rows: Sequence[Row]
    total: int


Source = Callable[[Ask], Awaitable[Answer | None]]


def row(key: str, cells: Mapping[str, Any], *, href: str = "", under: str = "", phone_under: str = "") -> Row:
    """Return a table's row: `href` is where it leads, `under` a grey second line beneath the name.

    `phone_under` is one that a phone alone shows, for what has no column there.
    """
    return {"id": key, "_href": href, "_under": under, "_phone_under": phone_under, **cells}


class Table:
    """A table in a card: filter row, sticky head, rows, foot.

    It loads by itself once the page is open, as `first` asks; call `load` again on news. The columns a reader chose are
    kept in the browser under `name`. `on_open` gets the key of the row a person chose, where rows lead to no page.
    """

    def __init__(  # noqa: PLR0913  # what is rare is named
        self,
        name: str,
        columns: Sequence[Column],
        source: Source,
        *,
        search: str = "",
        choices: Sequence[Filter | Day] = (),
        empty: str = "",
        first: Ask | None = None,
        actions: Callable[[], Any] | None = None,
        on_open: Callable[[str], Any] | None = None,
    ) -> None:
        self._name, self._columns, self._source = name, columns, source
        self._ask = first or Ask()
        self._opens = on_open is not None
        self._empty = empty or t("Rien à montrer pour l'instant.")
        self._turn = 0
        self._total = 0
        self._boxes: dict[str, ui.checkbox] = {}
        with ui.element("div").classes("table-card") as self.element:
            if search or choices or actions:
                self._draw_bar(search, choices, actions)
            self._place = ui.element("div").classes("table-place")
            with self._place:
                self._skeleton = show(skeleton_rows())
                self._table = self._draw_table()
                self._nothing = show(Markup())
        if on_open is not None:
            self._table.on("open", lambda event: on_open(str(event.args)))
        self._table.set_visibility(False)
        self._nothing.set_visibility(False)
        ui.timer(0, self._begin, once=True)

    async def load(self) -> None:
        """Fetch the present page; the newest answer wins when two overlap."""
        self._turn += 1
        turn = self._turn
        answer = await self._source(self._ask)
        if turn != self._turn or self._table.is_deleted or context.client.is_deleted:
            return
        answer = answer or Answer((), 0)
        lead = next((index for index, column in enumerate(self._shown()) if column.kind == "name"), 0)
        self._table.rows = [{**line, "_lead": lead, "_opens": self._opens} for line in answer.rows]
        self._total = answer.total
        self._table.props["pagination"] = self._pagination()
        self._table.update()
        self._skeleton.set_visibility(False)
        self._table.set_visibility(bool(answer.rows))
        self._nothing.set_content("" if answer.rows else self._why_nothing())
        self._nothing.set_visibility(not answer.rows)

    async def narrow(self, **chosen: str) -> None:
        """Filter by these names and values, from the first page."""
        kept = {key: value for key, value in {**self._ask.filters, **chosen}.items() if value}
        self._ask = Ask(0, self._ask.limit, self._ask.sort, self._ask.is_descending, self._ask.search, kept)
        await self.load()

    @property
    def ask(self) -> Ask:
        """What the table shows now: what an export of «what is filtered» needs."""
        return self._ask

    async def _begin(self) -> None:
        if self._boxes:
            event = f"columns-{self.element.id}"
            ui.on(event, self._restore)
            ui.run_javascript(f"palabre.restore({json.dumps(self._name)}, {json.dumps(event)})")
        await self.load()

    def _restore(self, event: events.GenericEventArguments) -> None:
        kept = event.args if isinstance(event.args, list) else []
        for name, box in self._boxes.items():
            box.value = name in kept

    def _why_nothing(self) -> Markup:
        is_narrowed = bool(self._ask.search or self._ask.filters)
        return sentence(t("Rien ne correspond à ces filtres."), "search_off") if is_narrowed else sentence(self._empty)

    def _draw_bar(self, search: str, choices: Sequence[Filter | Day], actions: Callable[[], Any] | None) -> None:
        with ui.element("div").classes("table-bar"):
            if search:
                filters.search_box(search, self._on_search)
            for choice in choices:
                self._draw_choice(choice)
            ui.element("div").classes("spacer")
            self._draw_column_choice()
            if actions:
                actions()

    def _draw_choice(self, choice: Filter | Day) -> None:
        narrow, chosen = self._on_choice(choice.name), self._ask.filters.get(choice.name, "")
        if isinstance(choice, Day):
            filters.day(choice.label, narrow, value=chosen)
        else:
            filters.choice(choice.label, {"": t("Tous"), **choice.choices}, narrow, value=chosen)

    def _draw_column_choice(self) -> None:
        with buttons.icon_only("view_column", t("Colonnes")).classes("wide-only"), ui.menu().classes("menu"):
            for column in self._columns:
                if column.kind == "name":
                    continue
                box = ui.checkbox(column.label, value=column.is_shown, on_change=self._on_column(column.name))
                self._boxes[column.name] = box.props("dense :ripple=false").classes("tick menu-line")

    def _draw_table(self) -> ui.table:
        table = ui.table(
            rows=[],
            columns=[_column(column) for column in self._columns],
            row_key="id",
            on_pagination_change=self._on_pagination,
        )
        table.props("flat dense binary-state-sort hide-no-data :rows-per-page-options=[0]").classes("table")
        table.props["hide-pagination"] = False
        table.props["pagination"] = self._pagination()
        table.props["visible-columns"] = [column.name for column in self._shown()]
        table.props["column-sort-order"] = "da"
        table.add_slot("body", table_slots.BODY)
        table.add_slot("bottom", table_slots.FOOT % _foot_words())
        table.on("request", self._on_request)
        return table

    def _shown(self) -> list[Column]:
        chosen = self._table.props["visible-columns"] if hasattr(self, "_table") else None
        return [
            column for column in self._columns if (column.name in chosen if chosen is not None else column.is_shown)
        ]

    def _pagination(self) -> dict[str, Any]:
        ask = self._ask
        return {
            "page": ask.offset // ask.limit + 1,
            "rowsPerPage": ask.limit,
            "rowsNumber": self._total,
            "sortBy": ask.sort or None,
            "descending": ask.is_descending,
        }

    def _on_pagination(self, event: events.ValueChangeEventArguments[dict[str, Any]]) -> None:
        """Put back what the server knows: a browser that mounts late repeats the count it was born with."""
        if event.value.get("rowsNumber") != self._total:
            self._table.props["pagination"] = self._pagination()

    async def _on_request(self, event: events.GenericEventArguments) -> None:
        wanted = event.args["pagination"]
        sortable = {column.name for column in self._columns if column.is_sortable}
        sort = wanted.get("sortBy") if wanted.get("sortBy") in sortable else ""
        page = max(int(wanted.get("page") or 1), 1)
        kept = self._ask
        self._ask = Ask(
            (page - 1) * kept.limit, kept.limit, sort, bool(wanted.get("descending")), kept.search, kept.filters
        )
        await self.load()

    async def _on_search(self, text: str) -> None:
        kept = self._ask
        self._ask = Ask(0, kept.limit, kept.sort, kept.is_descending, text.strip(), kept.filters)
        await self.load()

    def _on_choice(self, name: str) -> Callable[[str], Awaitable[None]]:
        return lambda value: self.narrow(**{name: value})

    def _on_column(self, name: str) -> Callable[[events.ValueChangeEventArguments[bool | None]], Awaitable[None]]:
        async def change(event: events.ValueChangeEventArguments[bool | None]) -> None:
            shown = {column.name for column in self._shown()} - {name} | ({name} if event.value else set())
            ordered = [column.name for column in self._columns if column.name in shown]
            self._table.props["visible-columns"] = ordered
            ui.run_javascript(f"palabre.keep({json.dumps(self._name)}, {json.dumps(ordered)})")
            await self.load()

        return change


def _column(column: Column) -> dict[str, Any]:
    place = "right" if column.kind in AT_RIGHT else "left"
    width = "desk-only" if not column.is_on_tablet else "" if column.is_on_phone else "wide-only"
    return {
        "name": column.name,
        "label": column.label,
        "field": column.name,
        "align": place,
        "sortable": column.is_sortable,
        "kind": column.kind,
        "width": width,
        "required": column.kind == "name",
        "headerClasses": width,
    }


def _foot_words() -> dict[str, str]:
    return {
        "to": t("à"),
        "of": t("sur"),
        "previous": t("Page précédente"),
        "next": t("Page suivante"),
        "locale": "en-GB" if page_language() == "en" else "fr-FR",
    }
