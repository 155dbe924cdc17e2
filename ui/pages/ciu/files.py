"""`/ciu/fichiers`: counts for whoever may look, codes one by one for whoever says why; kept a day, then erased."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from core.clock import today
from core.permissions import Actor, Permission
from core.settings import get_settings
from services.ciu.store import exports, settings
from services.ciu.store.exports import TOPIC, ExportRow
from ui import downloads, live, shell
from ui.components import buttons, cards, chips, layout
from ui.components.empty import sentence
from ui.components.export import TYPES
from ui.labels import Sign, Tone, count, counted, t, when
from ui.markup import Markup, join, show, tag
from ui.pages.ciu import file_dialogs, words

EVERY_S = 1.0
DAYS = 30
STATES = {
    "waiting": Sign("schedule", "En attente", Tone.BLUE),
    "working": Sign("sync", "En cours", Tone.BLUE),
    "done": Sign("check", "Prêt", Tone.ACCENT),
    "failed": Sign("error", "Échoué", Tone.RED),
}
ERASED = Sign("history", "Effacé", Tone.NEUTRAL)
KINDS = {"aggregate": "Comptes", "rows": "Codes un par un"}


@shell.screen(words.FILES, title="Fichiers de CIU", needs=Permission.CIU_READ)
async def files() -> None:
    """Draw the files this person asked for; they follow the worker that makes them."""
    actor = shell.visitor()
    until = today(get_settings().ciu_timezone)
    since = until - timedelta(days=DAYS - 1)
    names = await shell.read(settings.list_programme_names) or {}
    said = t("Un fichier est gardé un jour, scellé, puis effacé. Dans les comptes, les petits nombres sont cachés.")
    with layout.page_head(t("Fichiers"), said, crumbs=[("CIU", words.HOME)]):
        if actor.may(Permission.CIU_ACT):
            has_phones = actor.may(Permission.CIU_PHONES)
            ask = partial(file_dialogs.ask_rows, since, until, names, has_phones=has_phones)
            buttons.secondary(t("Codes un par un"), ask, icon="list")
        buttons.primary(t("Comptes"), partial(file_dialogs.ask_counts, since, until, names), icon="bar_chart")
    page = _Files(may_act=actor.may(Permission.CIU_ACT))
    with cards.card(is_flush=True):
        page.draw()
    await page.load()
    live.subscribe([TOPIC], lambda _: page.load(), every_s=EVERY_S)


class _Files:
    """The list, one line a file."""

    def __init__(self, *, may_act: bool) -> None:
        self._may_act = may_act

    def draw(self) -> None:
        """Place it, empty."""
        self._list = ui.element("div")

    async def load(self) -> None:
        """Read the files again."""
        found = await shell.read(exports.list_exports)
        if found is None or self._list.is_deleted:
            return
        self._list.clear()
        with self._list:
            if not found:
                both = t("Aucun fichier encore. Demandez des comptes, ou des codes un par un.")
                said = both if self._may_act else t("Aucun fichier encore. Demandez des comptes.")
                show(sentence(said, "file_export"))
            for row in found:
                _draw_row(row)


def _draw_row(row: ExportRow) -> None:
    with ui.element("div").classes("waiting-line doubt-line"):
        show(_words(row), classes="waiting-asked")
        show(chips.chip(ERASED if row.state == "done" and not row.is_kept else STATES[row.state]))
        if row.is_kept:
            with ui.element("div").classes("doubt-acts"):
                button = buttons.secondary(t("Télécharger"), partial(_send, row.id), icon="download")
                buttons.name_in_row(button, _title(row))


def _words(row: ExportRow) -> Markup:
    size = counted(row.row_count, t("{count} ligne"), t("{count} lignes")) if row.state == "done" else row.failure
    said = ", ".join(filter(None, (row.format.upper(), size, _octets(row), when(row.requested_at))))
    lines = tag(
        "span",
        tag("span", _title(row), class_="line-title"),
        tag("span", said, class_="line-detail"),
        class_="waiting-words",
    )
    return join(tag("span", chips.tile_icon("description"), lines, class_="waiting-asked-words"))


def _title(row: ExportRow) -> str:
    return row.file_name or t(KINDS[row.kind])


def _octets(row: ExportRow) -> str:
    return f"{count(max(row.size_bytes // 1024, 1))} {t('Kio')}" if row.size_bytes else ""


async def _send(export_id: UUID) -> None:
    await downloads.send(_file, export_id)


def _file(session: Any, actor: Actor, export_id: UUID) -> downloads.Made:
    found = exports.get_file(session, actor, export_id)
    return found.name, TYPES.get(found.name.rpartition(".")[2], "application/octet-stream"), [found.content]
