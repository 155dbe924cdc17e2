"""The dialogues under way, as they move; a reader may hold the list still to look at it."""

from nicegui import ui

from core.clock import now
from services import ussd_sessions
from services.ussd_sessions import OpenSession
from ui import shell
from ui.components import buttons, cards, chips, tables
from ui.components.tables import Answer, Ask, Column
from ui.labels import count, duration, t
from ui.markup import Markup, show
from ui.pages.ussd import words

ROWS = 8
TICK_S = 5.0


class LiveSessions:
    """A card with the open sessions; «Suspendre» keeps what is on the screen."""

    def __init__(self) -> None:
        self._sessions: list[OpenSession] = []
        self._total = 0
        self._is_paused = False
        with cards.card(is_flush=True):
            with ui.element("div").classes("card-head card-head-spread"):
                self._head = show(Markup(), classes="abreast")
                self._button = buttons.quiet(t("Suspendre"), self._toggle, icon="pause")
            self._table = tables.Table(
                "ussd-open",
                [
                    Column("phone", t("Numéro et écran"), "name"),
                    Column("service", t("Service"), is_on_phone=False),
                    Column("gateway", t("Passerelle"), is_on_phone=False, is_on_tablet=False),
                    Column("network", t("Réseau"), is_on_phone=False),
                    Column("state", t("État"), "chip"),
                    Column("idle", t("Attente"), "time"),
                ],
                self._source,
                first=Ask(limit=ROWS),
                empty=t("Aucune session ouverte. La prochaine paraîtra ici dès son premier écran."),
            )
        self._draw_head()
        ui.timer(TICK_S, self._tick)

    async def load(self, total: int | None = None) -> None:
        """Read the open sessions again, unless the list is held still; `total` is how many there are in all."""
        if self._is_paused:
            return
        self._total = total or 0
        self._sessions = await shell.read(ussd_sessions.list_open_sessions) or []
        self._draw_head()
        await self._table.load()

    async def _toggle(self) -> None:
        self._is_paused = not self._is_paused
        self._button.text = t("Reprendre") if self._is_paused else t("Suspendre")
        self._button.icon = buttons.symbol("play_arrow" if self._is_paused else "pause")
        self._draw_head()
        await self.load()

    async def _tick(self) -> None:
        """Let the waiting times grow, from what is known: the database is not asked."""
        if self._sessions and not self._is_paused:
            await self._table.load()

    def _draw_head(self) -> None:
        self._head.set_content(
            cards.head(
                t("Sessions en direct"), count=count(max(self._total, len(self._sessions))), is_live=not self._is_paused
            )
        )

    async def _source(self, ask: Ask) -> Answer:
        shown = self._sessions[ask.offset : ask.offset + ask.limit]
        return Answer([_row(row) for row in shown], len(self._sessions))


def _row(row: OpenSession) -> tables.Row:
    idle_s = max((now() - row.last_activity_at).total_seconds(), 0)
    return tables.row(
        str(row.id),
        {
            "phone": row.phone or t("Anonyme"),
            "service": row.service,
            "gateway": row.gateway,
            "network": words.network(row.network),
            "state": chips.cell(words.session_state("open", idle_s)),
            "idle": duration(idle_s),
        },
        href=f"{words.SECTION}/sessions/{row.id}",
        under=words.screen(row.screen),
    )
