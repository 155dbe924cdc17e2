"""`/ciu/dhis2`: codes that DHIS2 has under another entity, or does not take; a person says what to do with each."""

from functools import partial
from typing import Any, Literal

from nicegui import ui

from core.permissions import Actor, Permission
from models.ciu_leaving import LinkState
from services.ciu.dhis2 import links
from services.ciu.dhis2.links import LinkRow, SettleConflict
from ui import shell
from ui.components import buttons, cards, chips, empty, layout, reason_dialog, tabs, toasts
from ui.components.tabs import Tab
from ui.labels import Sign, Tone, count, moment, t
from ui.markup import Markup, show, tag
from ui.pages.ciu import words

STATES = {
    LinkState.CONFLICT: Sign("difference", "En conflit", Tone.OCHRE),
    LinkState.REJECTED: Sign("block", "Refusé", Tone.RED),
    LinkState.UNKNOWN: Sign("help", "Sort inconnu", Tone.OCHRE),
    LinkState.WAITING: Sign("schedule", "En attente", Tone.BLUE),
    LinkState.SENT: Sign("send", "Envoyé", Tone.BLUE),
    LinkState.EXPORTED: Sign("check", "Exporté", Tone.ACCENT),
}
MOST = 200


@shell.screen(words.DHIS2, title="DHIS2", needs=Permission.CIU_ACT)
async def dhis2() -> None:
    """Draw the codes of one state at a time, those to settle first."""
    said = t("Le code, l'unité et la date y vont ; jamais un numéro, jamais une réponse.")
    layout.title("DHIS2", said, crumbs=[("CIU", words.HOME)])
    await _Queue().draw()


class _Queue:
    """The list that is open."""

    def __init__(self) -> None:
        self._chosen = LinkState.CONFLICT

    async def draw(self) -> None:
        """Place the tabs and the list."""
        found = await shell.read(_read, self._chosen)
        if found is None:
            return
        counts, rows = found
        with cards.card(is_flush=True):
            choices = [Tab(state, t(sign.word), count(counts[state])) for state, sign in STATES.items()]
            self._tabs = tabs.tabs(choices, self._choose, value=self._chosen)
            self._list = ui.element("div")
        self._show(rows)

    async def _choose(self, name: str) -> None:
        self._chosen = LinkState(name)
        await self._load()

    async def _refresh(self) -> None:
        found = await shell.read(_read, self._chosen)
        if found is None or self._list.is_deleted:
            return
        counts, rows = found
        tabs.recount(self._tabs, {state: count(number) for state, number in counts.items()})
        self._show(rows)

    async def _load(self) -> None:
        rows = await shell.read(links.list_links, self._chosen, most=MOST)
        if rows is not None and not self._list.is_deleted:
            self._show(rows)

    def _show(self, rows: list[LinkRow]) -> None:
        self._list.clear()
        with self._list:
            if not rows:
                show(empty.sentence(t("Aucun code dans cet état."), "hub"))
            for row in rows:
                self._draw_row(row)

    def _draw_row(self, row: LinkRow) -> None:
        with ui.element("div").classes("waiting-line doubt-line"):
            show(_words(row), classes="waiting-asked")
            if row.state not in {LinkState.CONFLICT, LinkState.REJECTED}:
                return
            with ui.element("div").classes("doubt-acts"):
                again = buttons.quiet(t("Envoyer à nouveau"), partial(self._ask, row, "again"))
                buttons.name_in_row(again, row.code)
                if row.other_uid:
                    same = buttons.secondary(t("C'est la même personne"), partial(self._ask, row, "same"))
                    buttons.name_in_row(same, row.code)

    def _ask(self, row: LinkRow, decision: Literal["same", "again"]) -> None:
        async def confirm(reason: str) -> bool:
            order = SettleConflict(link_id=row.id, decision=decision, reason=reason)
            if await shell.act(links.settle_conflict, order) is None:
                return False
            toasts.done(t("Réglé : {code}.").format(code=row.code))
            await self._refresh()
            return True

        said = {
            "same": t("L'entité {uid} de DHIS2 devient celle de ce code ; rien n'est envoyé.").format(
                uid=row.other_uid
            ),
            "again": t("Le code repart avec son propre identifiant, une fois DHIS2 corrigé. Rien ne part deux fois."),
        }
        act = t("C'est la même personne") if decision == "same" else t("Envoyer à nouveau")
        reason_dialog.reason_dialog(row.code, said[decision], act=act, confirm=confirm)


def _read(session: Any, actor: Actor, chosen: LinkState) -> tuple[dict[LinkState, int], list[LinkRow]]:
    return links.count_states(session, actor), links.list_links(session, actor, chosen, most=MOST)


def _words(row: LinkRow) -> Markup:
    other = t("déjà à l'entité {uid}").format(uid=row.other_uid) if row.other_uid else ""
    said = ", ".join(filter(None, (row.error_code, row.message, other, moment(row.settled_at or row.sent_at))))
    sign = STATES[LinkState(row.state)]
    lines = tag(
        "span",
        tag("span", row.code, class_="line-title"),
        tag("span", f"{row.uid}, {said}" if said else row.uid, class_="line-detail"),
        class_="waiting-words",
    )
    return tag("span", chips.tile_icon(sign.icon, sign.tone), lines, class_="waiting-asked-words")
