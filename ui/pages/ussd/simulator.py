"""The phone in the page: it speaks to the real `/ussd` over HTTP, and tells who asked what went over the wire."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from anyio import to_thread
from nicegui import ui

from channels.ussd import contracts, simulation
from channels.ussd.simulation import PlayCaller, Standing
from core.clock import now
from core.ids import new_id
from core.phone import PhoneRefusal, normalise
from providers import loopback
from providers.loopback import Exchange
from ui import shell
from ui.components import buttons, cards, fields, filters, layout, toasts
from ui.components.handset import Handset, Meter
from ui.labels import State, duration, money, t
from ui.pages.ussd import words
from ui.pages.ussd.call import Call, Heard, Kind, Piece, Request, hear

NEWCOMER = "new"
CODE = re.compile(r"[*#][0-9*#]{1,15}")
NEWCOMER_PREFIX = "+2376990"
IDLE_S = 180


@dataclass(frozen=True, slots=True)
class Seen:
    """One exchange as the page may show it: no secret is in it but behind `request.hidden`."""

    typed: str
    request: Request
    exchange: Exchange
    heard: Heard | None
    standing: Standing | None
    is_same: bool | None = None  # against the answer before it, when the request was sent again


OnSeen = Callable[[Seen], Awaitable[None]]


class Simulator:
    """A handset with its caller and its code; `on_seen` gets every exchange."""

    def __init__(self, callers: Sequence[PlayCaller], *, is_compact: bool = False) -> None:
        self._callers = {caller.phone: caller for caller in callers}
        self.on_seen: OnSeen | None = None
        self._kind = Kind.WALLET
        self._call: Call | None = None
        self._last: Seen | None = None
        self._asks_secret = False
        self._waits_since: datetime | None = None
        self._is_sending = False
        self._handset = Handset(self._send, self._hang_up)
        with cards.card(is_flush=True):
            with ui.element("div").classes("card-body"), fields.form():
                self._draw_choices()
                if not is_compact:
                    self._draw_tries()
            if is_compact:
                cards.foot_link(t("Voir les octets échangés"), words.PHONE)
        self._show_idle()
        ui.timer(1.0, self._tick)

    # What is chosen

    def _draw_choices(self) -> None:
        kinds = {Kind.WALLET.name: t("Portefeuille (B)"), Kind.SERVICE.name: t("Services (A)")}
        with layout.row():
            filters.segments(kinds, self._kind.name, self._choose_kind, label=t("Contrat"))
        self._code = fields.text(t("Code"), value=self._kind.code)
        self._code.props("inputmode=tel maxlength=16")
        people = {phone: f"{caller.name} · {phone}" for phone, caller in self._callers.items()}
        first = next(iter(people), NEWCOMER)
        choices = {**people, NEWCOMER: t("Un numéro neuf, jamais inscrit")}
        self._who = fields.choice(t("Appelant"), choices, value=first, hint=self._about(first))
        self._who.on_value_change(self._choose_caller)

    async def _choose_kind(self, name: str) -> None:
        self._kind = Kind[name]
        self._code.value = self._kind.code
        await self._hang_up()

    async def _choose_caller(self) -> None:
        self._who.props["hint"] = self._about(str(self._who.value))
        await self._hang_up()

    async def _count_money(self) -> None:
        """Read again what the callers hold: something was just moved."""
        for caller in await shell.read(simulation.list_callers) or []:
            self._callers[caller.phone] = caller
        self._who.props["hint"] = self._about(str(self._who.value))

    def _about(self, phone: str) -> str:
        caller = self._callers.get(phone)
        if caller is None:
            return t("Il s'inscrit lui-même et choisit son code.")
        state = "" if caller.state == "active" else f" · {t(State.SUSPENDED.value.word)}"
        return f"{t('Argent fictif')} · {money(caller.balance)}{state}"

    # What is tried

    def _draw_tries(self) -> None:
        with layout.row():
            buttons.secondary(t("Recomposer"), self._redial, icon="call")
            buttons.secondary(t("Deux à la fois"), self._send_twice, icon="difference")
            buttons.secondary(t("Renvoyer la même requête"), self._send_again, icon="replay")

    async def _send(self, typed: str) -> None:
        if self._call is None:
            await self._redial()
        else:
            await self._converse(typed, copies=1)

    async def _send_twice(self) -> None:
        if self._call is None:
            toasts.refused(t("Composez d'abord le code, puis tapez une réponse."))
        else:
            await self._converse(self._handset.typed, copies=2)

    async def _redial(self) -> None:
        code = str(self._code.value or "").strip()
        if CODE.fullmatch(code) is None:
            fields.show_error(self._code, t("Un code commence par * ou #."))
            return
        fields.show_error(self._code, None)
        chosen = str(self._who.value)
        phone = f"{NEWCOMER_PREFIX}{new_id().int % 100_000:05}" if chosen == NEWCOMER else chosen
        self._call = Call(self._kind, code, phone)
        self._asks_secret = False
        await self._carry(self._call.dial(), code, copies=1)

    async def _converse(self, typed: str, *, copies: int) -> None:
        if self._call is None or self._is_sending:
            return
        piece = Piece(typed, is_secret=self._asks_secret)
        await self._carry(self._call.answer(piece), piece.shown, copies=copies)

    async def _send_again(self) -> None:
        before = self._last
        if before is None or self._is_sending:
            toasts.refused(t("Rien n'a encore été envoyé."))
            return
        for exchange in await self._post(before.request, copies=1):
            is_same = exchange.answer == before.exchange.answer
            await self._tell(replace(before, exchange=exchange, heard=hear(self._kind, exchange), is_same=is_same))

    async def _hang_up(self) -> None:
        self._call, self._asks_secret = None, False
        self._show_idle()

    # Over the wire

    async def _carry(self, request: Request, typed: str, *, copies: int) -> None:
        """Send a request, alone or twice at once, and show what came back."""
        answers = await self._post(request, copies=copies)
        if not answers:
            return
        standing = await self._standing()
        self._last = Seen(typed, request, answers[0], hear(self._kind, answers[0]), standing)
        self._show_answer(self._last)
        if standing is not None and standing.operation_id is not None:
            await self._count_money()
        await self._tell(self._last)
        for twin in answers[1:]:
            is_same = twin.answer == answers[0].answer
            await self._tell(replace(self._last, exchange=twin, heard=hear(self._kind, twin), is_same=is_same))

    async def _post(self, request: Request, *, copies: int) -> list[Exchange]:
        """Post in worker threads, for who may simulate; nothing when it was refused or nobody answered."""
        if self._is_sending or not await shell.read(simulation.require_play_money):
            return []
        has_key = self._kind.contract.is_cumulative

        def post() -> Exchange:
            return loopback.post_turn(request.body, has_key=has_key)

        self._is_sending = True
        try:
            return list(await asyncio.gather(*(to_thread.run_sync(post) for _ in range(copies))))
        except loopback.HttpError:
            toasts.refused(t("Le service n'a pas répondu sur son adresse locale."))
            return []
        finally:
            self._is_sending = False

    async def _standing(self) -> Standing | None:
        if self._call is None:
            return None
        return await shell.read(simulation.get_standing, contracts.ACCOUNTS[self._kind.contract.key], self._call.key)

    async def _tell(self, seen: Seen) -> None:
        if self.on_seen is not None:
            await self.on_seen(seen)

    # On the screen

    def _show_idle(self) -> None:
        self._waits_since = None
        text = t("Prêt. Appuyez sur Appeler pour composer {code}.").format(code=self._code.value)
        self._handset.show_screen(text, network=self._operator(), code="", is_open=False)
        self._handset.show_meters([])

    def _show_answer(self, seen: Seen) -> None:
        call, heard, standing = self._call, seen.heard, seen.standing
        if call is None:
            return
        is_open = heard is not None and heard.is_open
        self._asks_secret = is_open and standing is not None and standing.asks_secret
        self._waits_since = now() if is_open else None
        text = heard.text if heard else t("Pas de réponse de menu : HTTP {status}").format(status=seen.exchange.status)
        self._handset.show_screen(
            text, network=self._operator(), code=call.code, is_open=is_open, is_secret=self._asks_secret
        )
        sizes = standing.sizes if standing else ()
        meters = [Meter(words.language(size.language), size.size, size.most) for size in sizes]
        self._handset.show_meters(meters, path=call.way)
        if not is_open:
            self._call = None

    def _tick(self) -> None:
        if self._waits_since is not None:
            waited = (now() - self._waits_since).total_seconds()
            self._handset.show_note(t("{waited} sur {most}").format(waited=duration(waited), most=duration(IDLE_S)))

    def _operator(self) -> str:
        phone = self._call.phone if self._call else str(self._who.value)
        try:
            return normalise(phone, None).operator_hint or t("Essai")
        except PhoneRefusal:
            return t("Essai")
