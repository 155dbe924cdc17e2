"""`/ciu/conversations`: where each conversation stands now, and never what was answered; one can be ended."""

from uuid import UUID

from nicegui import ui

from core.clock import now
from core.errors import Refusal
from core.permissions import Permission
from services.ciu.store import conversations as store
from services.ciu.store.conversations import TOPIC, EndConversation, OpenConversation
from ui import live, shell
from ui.components import cards, layout, reason_dialog, tables, toasts
from ui.components.tables import Answer, Ask, Column
from ui.labels import clock as clock_text
from ui.labels import count, duration, t
from ui.markup import Markup, show
from ui.pages.ciu import words

EVERY_S = 1.0
TICK_S = 15.0  # the minutes that are left grow fewer by themselves


@shell.screen(words.CONVERSATIONS, title="Conversations", needs=Permission.CIU_ACT)
async def conversations() -> None:
    """Draw the list; it follows every message."""
    said = t("Où en est chacune, jamais ce qui est répondu. Ouvrez une ligne pour terminer la conversation.")
    layout.title(t("Conversations"), said, crumbs=[("CIU", words.HOME)])
    page = _Conversations()
    page.draw()
    live.subscribe([TOPIC, "ciu"], lambda _: page.load(), every_s=EVERY_S)


class _Conversations:
    """The conversations that were open when they were read last."""

    def __init__(self) -> None:
        self._shown: list[OpenConversation] = []

    def draw(self) -> None:
        """Place the table."""
        with cards.card(is_flush=True):
            self._head = show(Markup(), classes="card-head")
            self._table = tables.Table(
                "ciu-conversations",
                [
                    Column("step", t("Étape"), "name"),
                    Column("language", t("Langue"), is_on_phone=False),
                    Column("refusals", t("Refus"), "number"),
                    Column("left", t("Reste"), "time"),
                    Column("programme", t("Programme"), is_on_phone=False, is_shown=False),
                    Column("started", t("Commencée à"), "time", is_on_phone=False),
                ],
                self._source,
                empty=t("Aucune conversation ouverte. La prochaine paraîtra ici dès son premier message."),
                on_open=self._ask_end,
            )
        ui.timer(TICK_S, self._tick)

    async def load(self) -> None:
        """Read the open conversations again."""
        if not self._head.is_deleted:
            await self._table.load()

    async def _tick(self) -> None:
        if self._shown:
            await self._table.load()

    async def _source(self, ask: Ask) -> Answer | None:
        found = await shell.read(store.list_conversations)
        if found is None or self._head.is_deleted:
            return None
        self._shown = found
        self._head.set_content(cards.head(t("En direct"), count=count(len(found)), is_live=True))
        return Answer([_row(one) for one in found[ask.offset : ask.offset + ask.limit]], len(found))

    def _ask_end(self, key: str) -> None:
        conversation_id = UUID(key)

        async def confirm(reason: str) -> bool:
            order = EndConversation(conversation_id=conversation_id, reason=reason)
            outcome = await shell.attempt(store.end_conversation, order)
            if isinstance(outcome, Refusal):
                toasts.refused(shell.sentence_of(outcome))
                return False
            toasts.done(t("Conversation terminée ; ses réponses sont effacées."))
            await self.load()
            return True

        reason_dialog.reason_dialog(
            t("Terminer cette conversation"),
            t(
                "Ses réponses sont effacées et rien n'est dit à la personne. Son prochain message recommencera à la"
                " première question."
            ),
            act=t("Terminer la conversation"),
            confirm=confirm,
            is_danger=True,
        )


def _row(one: OpenConversation) -> tables.Row:
    return tables.row(
        str(one.id),
        {
            "step": _step(one),
            "language": words.language(one.language),
            "refusals": count(one.refusals),
            "left": duration(max((one.expires_at - now()).total_seconds(), 0)),
            "programme": one.programme,
            "started": clock_text(one.started_at),
        },
        phone_under=words.language(one.language),
    )


def _step(one: OpenConversation) -> str:
    if not one.question:
        return words.page(one.page)
    return f"{one.step + 1}/{one.steps} · {words.question(one.question)}"
