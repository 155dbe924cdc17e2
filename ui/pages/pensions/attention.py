"""`/pensions/a-eclaircir`: what nobody knows the end of and what waits for a word, one line each, the oldest first."""

from functools import partial
from typing import Any

from nicegui import ui

from core import clock
from core.permissions import Actor, Permission
from models.pension_stages import PaymentStage
from services.pensions import attention, reading, settings
from services.pensions.attention import AttentionRow
from services.pensions.policy import Act
from services.pensions.settings import SettingsRow
from services.pensions.shapes import BatchRow
from ui import live, shell
from ui.components import buttons, cards, chips, empty, layout, tabs
from ui.components.chips import tile_icon
from ui.components.pager import Pager
from ui.components.tabs import Tab
from ui.labels import count, counted, money, t, when
from ui.markup import Markup, join, show, tag
from ui.pages.payments.shown import span, until
from ui.pages.pensions import deciding, rights, words
from ui.pages.pensions.board import TOPICS

EVERY_S = 2.0
PAGE = 50
UNKNOWN, HELD = "unknown", "held"
STAGES = {UNKNOWN: (PaymentStage.UNKNOWN,), HELD: (PaymentStage.HELD,)}


@shell.screen(words.ATTENTION, title="À éclaircir", needs=Permission.PENSIONS_READ)
async def queue(onglet: str = "", lot: str = "") -> None:
    """Draw both lists behind their tabs; `lot` shows one batch's only."""
    layout.title(
        t("À éclaircir"),
        t("Le switch est interrogé sans rien renvoyer. Une réponse ou une preuve règle ; le temps, jamais."),
        crumbs=[(t("Pensions"), words.BATCHES)],
    )
    if lot:
        with ui.element("div").classes("notice notice-blue notice-acting").props("role=status"):
            ui.label(t("Ceux du lot {batch} seulement.").format(batch=lot))
            buttons.secondary(t("Voir tous"), href=words.ATTENTION)
    page = _Queue(lot)
    await page.draw(onglet)
    live.subscribe(TOPICS, lambda _: page.follow(), every_s=EVERY_S)


class _Queue:
    """The two lists, and who may do what about each line."""

    def __init__(self, bulk_id: str) -> None:
        self._bulk_id = bulk_id
        self._chosen = UNKNOWN
        self._shown: list[AttentionRow] = []
        self._batches: dict[str, tuple[BatchRow, SettingsRow]] = {}

    async def draw(self, chosen: str) -> None:
        """Place the tabs and the list of the one that is open."""
        counts = await shell.read(attention.count_attention)
        if counts is None:
            return
        is_held = chosen == HELD or (not chosen and not counts.unknown and counts.held)
        self._chosen = HELD if is_held else UNKNOWN
        with cards.card(is_flush=True):
            choices = [
                Tab(UNKNOWN, t("Incertains"), count(counts.unknown)),
                Tab(HELD, t("À vérifier"), count(counts.held)),
            ]
            self._tabs = tabs.tabs(choices, self._choose, value=self._chosen)
            self._said = ui.element("div").classes("card-body")
            self._list = ui.element("div")
            self._pager = Pager(self._load)
        await self._load()

    async def follow(self) -> None:
        """Count again, and draw the lines again when one came, went or was asked about."""
        counts = await shell.read(attention.count_attention)
        if counts is None or self._list.is_deleted:
            return
        tabs.recount(self._tabs, {UNKNOWN: count(counts.unknown), HELD: count(counts.held)})
        await self._load(is_forced=False)

    async def _choose(self, name: str) -> None:
        self._chosen, self._pager.page = name, 0
        await self._load()

    async def _load(self, *, is_forced: bool = True) -> None:
        read = await shell.read(_read, STAGES[self._chosen], self._bulk_id, self._pager.page * PAGE)
        if read is None or self._list.is_deleted:
            return
        found, self._batches = read
        if found == self._shown and not is_forced:
            return
        self._shown = found
        self._draw_rows(found[:PAGE])
        self._pager.show(has_more=len(found) > PAGE)

    def _draw_rows(self, rows: list[AttentionRow]) -> None:
        self._said.clear()
        self._said.set_visibility(self._chosen == UNKNOWN and bool(rows))
        with self._said:
            cards.notice(t(words.DOUBT), tone="ochre", icon_name="help")
        self._list.clear()
        with self._list:
            if not rows:
                show(_nothing(self._chosen))
            for row in rows:
                self._draw_row(row)

    def _draw_row(self, row: AttentionRow) -> None:
        with ui.element("div").classes("waiting-line doubt-line"):
            show(_words(row), classes="waiting-asked")
            show(
                join(
                    tag("b", money(row.payment.amount)),
                    tag("span", t("ligne {number}").format(number=count(row.payment.line)), class_="caption"),
                ),
                classes="waiting-figure",
            )
            known = self._batches.get(row.payment.bulk_id)
            if known is not None:
                _draw_acts(row, *known)


def _read(
    session: Any, actor: Actor, stages: tuple[PaymentStage, ...], bulk_id: str, offset: int
) -> tuple[list[AttentionRow], dict[str, tuple[BatchRow, SettingsRow]]]:
    """Return a page of lines and one more, with what is needed to act on each line's batch."""
    found = attention.list_attention(session, actor, stages=stages, bulk_id=bulk_id, limit=PAGE + 1, offset=offset)
    batches = [reading.get_batch(session, actor, one) for one in dict.fromkeys(row.payment.bulk_id for row in found)]
    return found, {one.bulk_id: (one, settings.get_settings(session, actor, one.organisation_id)) for one in batches}


def _nothing(chosen: str) -> Markup:
    if chosen == UNKNOWN:
        return empty.sentence(t("Aucun paiement au sort incertain. C'est ce qu'on veut."), "task_alt")
    return empty.sentence(t("Aucun paiement n'attend une vérification."), "task_alt")


def _words(row: AttentionRow) -> Markup:
    payment = row.payment
    sign = words.PAYMENTS[payment.stage]
    name = tag("a", words.who(payment), href=words.payment_path(payment))
    batch = tag("a", payment.bulk_id, href=words.BATCH.format(payment.bulk_id), class_="link")
    lines = tag(
        "span",
        tag("span", name, " ", _doubt(row), class_="line-title"),
        tag("span", _course(row), " · ", batch, class_="line-detail"),
        class_="waiting-words",
    )
    return tag("span", tile_icon(sign.icon, sign.tone), lines, class_="waiting-asked-words")


def _doubt(row: AttentionRow) -> Markup | None:
    sign = words.VERDICTS.get(row.payment.name_verdict)
    return chips.chip(sign) if sign and row.payment.name_verdict == "different" else None


def _course(row: AttentionRow) -> str:
    since = t("depuis {moment} ({age})").format(
        moment=when(row.since), age=span((clock.now() - row.since).total_seconds())
    )
    if row.payment.stage is PaymentStage.HELD:
        found = t("switch : {name}").format(name=row.payment.name_found) if row.payment.name_found else ""
        return words.list_text([words.why(row.payment).rstrip("."), found, since])
    reads = counted(row.reads, t("{count} lecture"), t("{count} lectures"))
    following = t("prochaine {when}").format(when=until(row.next_read_at)) if row.next_read_at else ""
    return words.list_text([since, reads, following])


def _draw_acts(row: AttentionRow, batch: BatchRow, kept: SettingsRow) -> None:
    payment = row.payment
    may = partial(rights.may_pay, actor=shell.visitor(), payment=payment, batch=batch, settings=kept)
    with ui.element("div").classes("doubt-acts"):
        if may(Act.SETTLE):
            buttons.quiet(t("Régler avec une preuve"), lambda: deciding.ask_settlement(payment))
        if may(Act.INQUIRE):
            buttons.secondary(t("Interroger maintenant"), partial(deciding.inquire, payment))
        if may(Act.REFUSE):
            buttons.quiet(t("Refuser"), lambda: deciding.ask_refusal(payment))
        if may(Act.RELEASE):
            buttons.secondary(t("Laisser partir"), lambda: deciding.ask_release(payment))
