"""`/ciu/codes/{id}`: one code, who was given it, what was joined to it, what was done about it."""

from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from core import clock, ids
from core.errors import NotFound, Refusal
from core.permissions import Actor, Permission
from services.audit import AuditRow
from services.ciu.store import records, reviews
from services.ciu.store.records import Holder, RecordCard
from services.ciu.store.reviews import PairRow
from ui import labels, shell
from ui.components import buttons, cards, chips, facts, history, layout
from ui.components.copy_field import copy_field
from ui.components.empty import sentence
from ui.components.history import Happening
from ui.labels import Tone, count, counted, moment, t
from ui.markup import Markup, join, show, tag
from ui.pages.ciu import code_acts, words

FEWEST_TO_PART = 2


@shell.screen("/ciu/codes/{record_id}", title="Code", needs=Permission.CIU_ACT)
async def code(record_id: str) -> None:
    """Draw the card; it is drawn again after every act, and when numbers are hidden again."""
    identifier = ids.parse_id(record_id)
    if identifier is None:
        raise NotFound(thing="ciu_record")
    found = await shell.attempt(_read, identifier)
    if isinstance(found, Refusal):
        raise found
    _Page(*found).draw()


class _Page:
    """One code as it was drawn last."""

    def __init__(self, card: RecordCard, pairs: list[PairRow]) -> None:
        self._card, self._pairs = card, pairs
        self._place = layout.stack()

    def draw(self) -> None:
        """Draw all of it."""
        self._place.clear()
        with self._place:
            self._draw_head()
            if self._card.revealed_until is not None:
                self._draw_reveal()
            with layout.grid():
                with layout.cell(8):
                    self._draw_holders()
                    _draw_pairs(self._pairs)
                    _draw_history(self._card.history)
                with layout.cell(4):
                    _draw_facts(self._card)

    async def refresh(self) -> None:
        """Read it again and draw it."""
        fresh = await shell.read(_read, self._card.row.id)
        if fresh is not None and not self._place.is_deleted:
            self._card, self._pairs = fresh
            self.draw()

    def _draw_head(self) -> None:
        card = self._card
        crumbs = [("CIU", words.HOME), (t("Codes"), words.CODES)]
        chip = chips.plain(t("Réuni"), icon_name="merge") if card.survivor else None
        said = counted(card.row.people, t("{count} numéro lié"), t("{count} numéros liés"))
        with layout.page_head(card.row.code, said, crumbs=crumbs, chip=chip):
            if card.revealed_until is None and card.holders:
                ask = partial(code_acts.ask_reveal, card, self.refresh)
                buttons.secondary(t("Lire les numéros"), ask, icon="visibility")
            buttons.secondary(t("Code QR"), partial(code_acts.show_qr, card.row.code), icon="qr_code")
            buttons.quiet(t("Oublier"), partial(code_acts.ask_forget, card), icon="delete")

    def _draw_reveal(self) -> None:
        until = self._card.revealed_until
        if until is None:
            return
        said = t("Numéros visibles pour vous seul jusqu'à {time}. Votre motif est dans la piste d'audit.")
        cards.notice(said.format(time=labels.clock(until, with_seconds=True)), tone="ochre", icon_name="visibility")
        ui.timer(max((until - clock.now()).total_seconds(), 0) + 1, self.refresh, once=True)

    def _draw_holders(self) -> None:
        holders = self._card.holders
        with cards.titled(t("Numéros"), count=count(len(holders)), is_flush=True, is_ruled=True):
            if not holders:
                show(sentence(t("Aucun numéro : ce code vient d'un registre, ou son numéro n'est plus gardé."), "call"))
            for holder in holders:
                with ui.element("div").classes("waiting-line doubt-line"):
                    show(_holder(holder), classes="waiting-asked")
                    if len(holders) >= FEWEST_TO_PART and self._card.survivor is None:
                        ask = partial(code_acts.ask_split, self._card, holder, self.refresh)
                        with ui.element("div").classes("doubt-acts"):
                            button = buttons.quiet(t("C'est une autre personne"), ask)
                            buttons.name_in_row(button, holder.address)


def _read(session: Any, actor: Actor, record_id: UUID) -> tuple[RecordCard, list[PairRow]]:
    return records.get_record(session, actor, record_id), reviews.list_pairs_of(session, actor, record_id)


def _holder(holder: Holder) -> Markup:
    times = counted(holder.times, t("donné une fois"), t("donné {count} fois"))
    last = t("dernière fois le {moment}").format(moment=moment(holder.last_at))
    mark = chips.plain(t("Premier")) if holder.is_origin else None
    lines = tag(
        "span",
        tag("span", tag("span", holder.address, class_="tabular"), " ", mark, class_="line-title"),
        tag("span", f"{times}, {last}", class_="line-detail"),
        class_="waiting-words",
    )
    return tag("span", chips.tile_icon("call", Tone.NEUTRAL), lines, class_="waiting-asked-words")


def _draw_pairs(pairs: list[PairRow]) -> None:
    if not pairs:
        return
    with cards.titled(t("Doublons possibles"), count=count(len(pairs)), is_flush=True, is_ruled=True):
        show(tag("ul", *map(_pair, pairs), class_="reasons"))


def _pair(pair: PairRow) -> Markup:
    other = pair.right.code if pair.right else pair.asker
    link = tag("a", f"{pair.left.code} · {other}", href=words.PAIR.format(pair.id), class_="line-title link")
    said = tag("span", t(words.CAUSES[pair.cause]), class_="line-detail")
    return tag("li", tag("span", link, said, class_="reason-words"), chips.chip(words.PAIR_STATES[pair.state]))


def _draw_history(entries: tuple[AuditRow, ...]) -> None:
    with cards.titled(t("Historique")):
        show(history.history([happening(entry) for entry in entries]))


def happening(entry: AuditRow) -> Happening:
    """Return one line of the trail: what was done, by whom, and why."""
    sign, word = words.ACTS.get(entry.action, ("circle", entry.action))
    said = t("{name} : « {reason} »").format(name=entry.actor_name, reason=entry.summary)
    return Happening(entry.created_at, t(word), said if entry.summary else entry.actor_name, icon=sign)


def _draw_facts(card: RecordCard) -> None:
    row = card.row
    with cards.titled(t("Code")):
        show(tag("div", copy_field(row.code)))
        lines: list[facts.Fact] = [
            (t("Créé le"), moment(row.created_at)),
            (t("Langue"), words.language(row.language)),
            (t("Recette"), row.recipe),
            (t("Programme"), row.programme),
            (t("Origine"), words.source(row.source)),
        ]
        if row.ordinal > 1:
            lines.append((t("Mêmes réponses"), t("personne n° {number}").format(number=count(row.ordinal))))
        if card.survivor:
            lines.append((t("Mène à"), _link(card.survivor)))
        if card.joined:
            lines.append((t("Y mènent"), join(*(tag("div", _link(one)) for one in card.joined))))
        show(facts.facts(lines))


def _link(one: records.Joined) -> Markup:
    return tag("a", one.code, href=words.CODE.format(one.id), class_="link")
