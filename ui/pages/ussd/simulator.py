"""The phone in the page: it speaks to a gateway's real address over HTTP, and tells who asked what went on the wire."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from anyio import to_thread
from nicegui import ui

from channels.ussd import simulation, trial_lines
from channels.ussd.profiles.contract import Contract
from channels.ussd.simulation import PlayCaller, Standing
from channels.ussd.trial_lines import Line, OpenLine, Served
from core import ids
from core.clock import now
from core.errors import Refusal
from core.ids import new_id
from core.phone import PhoneRefusal, normalise
from providers import loopback
from providers.loopback import Exchange
from ui import shell
from ui.components import buttons, cards, fields, layout, toasts
from ui.components.handset import Handset, Meter
from ui.labels import duration, t
from ui.pages.ussd import words
from ui.pages.ussd.call import Call, Heard, Piece, Request, hear
from ui.pages.ussd.phone_choices import NEWCOMER, Choices

CODE = re.compile(r"[*#][0-9*#]{1,15}")
NEWCOMER_PREFIX = "+2376990"


@dataclass(frozen=True, slots=True)
class Seen:
    """One exchange as the page may show it: no secret is in it but behind `request.hidden`."""

    typed: str
    request: Request
    exchange: Exchange
    heard: Heard | None
    standing: Standing | None
    line: Line
    call: Call
    is_same: bool | None = None  # against the answer before it, when the request was sent again
    is_step: bool = True  # a step of the walk; a request sent again, a notice or a stranger's is none


OnSeen = Callable[[Seen], Awaitable[None]]


class Simulator:
    """A handset with its caller and its code; `on_seen` gets every exchange, `on_keep` keeps the walk."""

    def __init__(
        self,
        callers: Sequence[PlayCaller],
        services: Sequence[Served],
        contracts: Sequence[Contract] = (),
        *,
        is_compact: bool = False,
    ) -> None:
        self.on_seen: OnSeen | None = None
        self.on_keep: Callable[[], None] | None = None
        self._call: Call | None = None
        self._line: Line | None = None
        self._last: Seen | None = None
        self._standing: Standing | None = None
        self._asks_secret = False
        self._waits_since: datetime | None = None
        self._is_sending = False
        self._shown_service = ""
        self._handset = Handset(self._send, self._hang_up)
        with cards.card(is_flush=True):
            with ui.element("div").classes("card-body"), fields.form():
                if not is_compact:
                    self._draw_tries()
                self._choices = Choices(callers, services, contracts, self._change, is_compact=is_compact)
            if is_compact:
                cards.foot_link(t("Voir les octets échangés"), words.PHONE)
        self._show_idle()
        ui.timer(1.0, self._tick)
        if not is_compact:
            ui.timer(0, self._load_versions, once=True)

    async def _change(self) -> None:
        await self._hang_up()
        if self._choices.service != self._shown_service:
            await self._load_versions()

    async def _load_versions(self) -> None:
        self._shown_service = self._choices.service
        self._choices.show_versions(await shell.read(trial_lines.list_versions, self._shown_service) or [])

    # What is tried

    def _draw_tries(self) -> None:
        with layout.row():
            buttons.secondary(t("Recomposer"), self._redial, icon="call")
            buttons.secondary(t("Deux à la fois"), self._send_twice, icon="difference")
            buttons.secondary(t("Renvoyer la même requête"), self._send_again, icon="replay")
            buttons.secondary(t("Répondre trop tard"), self._send_late, icon="hourglass_top")
            buttons.secondary(t("Répondre d'un autre téléphone"), self._send_from_another, icon="switch_account")
            buttons.secondary(t("Raccrocher avec avis"), self._leave, icon="call_end")
            buttons.secondary(t("Garder ce parcours"), self._keep, icon="bookmark")

    def _keep(self) -> None:
        if self.on_keep is not None:
            self.on_keep()

    async def _send(self, typed: str) -> None:
        if self._call is None:
            await self._redial()
        else:
            await self._converse(typed, copies=1)

    async def _send_twice(self) -> None:
        if self._is_talking():
            await self._converse(self._handset.typed, copies=2)

    async def _send_late(self) -> None:
        """Let the session wait longer than its gateway allows, then answer."""
        if not self._is_talking() or self._call is None or self._standing is None:
            return
        idle_s = self._call.contract.idle_s + 1
        if await shell.act(trial_lines.age, self._standing.session_id, idle_s):
            await self._converse(self._handset.typed, copies=1)

    async def _send_from_another(self) -> None:
        """Answer under this session's id from somebody else's phone; the dialogue itself does not move."""
        if not self._is_talking() or self._call is None:
            return
        piece = Piece(self._handset.typed, is_secret=self._asks_secret)
        request = self._call.answer_from(self._choices.other_phone, piece)
        await self._tell_aside(request, f"{piece.shown} · {self._choices.other_phone}")

    async def _leave(self) -> None:
        """Hang up, and let the gateway say so."""
        if not self._is_talking() or self._call is None:
            return
        request = self._call.leave()
        if request is None:
            toasts.refused(t("Cette passerelle n'avertit pas quand on raccroche."))
            return
        await self._tell_aside(request, t("(raccroché)"))
        await self._hang_up()

    def _is_talking(self) -> bool:
        if self._call is None:
            toasts.refused(t("Composez d'abord le code, puis tapez une réponse."))
        return self._call is not None

    async def _redial(self) -> None:
        code = self._choices.code
        if CODE.fullmatch(code) is None:
            self._choices.show_code_error(t("Un code commence par * ou #."))
            return
        self._choices.show_code_error(None)
        order = OpenLine(
            profile=self._choices.profile,
            service=self._choices.service,
            version_id=ids.parse_id(self._choices.version),
        )
        line = await shell.act(trial_lines.open_line, order)
        if line is None:
            return
        chosen = self._choices.caller
        phone = f"{NEWCOMER_PREFIX}{new_id().int % 100_000:05}" if chosen == NEWCOMER else chosen
        self._line = line
        self._call = Call(line.contract, code, phone, tail=self._choices.tail, carried=self._choices.carried)
        self._asks_secret = False
        await self._carry(self._call.dial(), self._call.way, copies=1)

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
        for exchange in await self._post(before.line, before.request, copies=1):
            is_same = exchange.answer == before.exchange.answer
            heard = hear(before.line.contract, exchange)
            await self._tell(replace(before, exchange=exchange, heard=heard, is_same=is_same, is_step=False))

    async def _hang_up(self) -> None:
        self._call, self._asks_secret, self._standing = None, False, None
        self._show_idle()

    # Over the wire

    async def _carry(self, request: Request, typed: str, *, copies: int) -> None:
        """Send a request, alone or twice at once, and show what came back."""
        line, call = self._line, self._call
        if line is None or call is None:
            return
        answers = await self._post(line, request, copies=copies)
        if not answers:
            return
        heard = hear(line.contract, answers[0])
        self._standing = await self._find_standing(line, request)
        self._last = Seen(typed, request, answers[0], heard, self._standing, line, call)
        self._show_answer(self._last)
        if self._standing is not None and self._standing.operation_id is not None:
            self._choices.show_callers(await shell.read(simulation.list_callers) or [])
        await self._tell(self._last)
        for twin in answers[1:]:
            is_same = twin.answer == answers[0].answer
            said = hear(line.contract, twin)
            await self._tell(replace(self._last, exchange=twin, heard=said, is_same=is_same, is_step=False))

    async def _tell_aside(self, request: Request, typed: str) -> None:
        """Send what is no step of this dialogue, and tell only the wire."""
        line, call = self._line, self._call
        if line is None or call is None:
            return
        for exchange in await self._post(line, request, copies=1):
            heard = hear(line.contract, exchange)
            await self._tell(Seen(typed, request, exchange, heard, None, line, call, is_step=False))

    async def _post(self, line: Line, request: Request, *, copies: int) -> list[Exchange]:
        """Send in worker threads, for who may simulate; nothing when it was refused or nobody answered."""
        if self._is_sending or not await shell.read(simulation.require_play_money):
            return []
        wire = request.wire
        target = "/".join(part for part in (line.path, wire.path) if part)
        target += f"?{wire.query}" if wire.query else ""
        headers = dict(wire.headers) | ({trial_lines.HEADER: str(line.version_id)} if line.version_id else {})

        def post() -> Exchange | None:
            return loopback.send(wire.method, target, headers, wire.body)

        self._is_sending = True
        try:
            answers = await asyncio.gather(*(to_thread.run_sync(post) for _ in range(copies)))
        finally:
            self._is_sending = False
        if any(answer is None for answer in answers):
            toasts.refused(t("Le service n'a pas répondu sur son adresse locale."))
        return [answer for answer in answers if answer is not None]

    async def _find_standing(self, line: Line, request: Request) -> Standing | None:
        key = _session_key(line.contract, request)
        return await shell.read(simulation.get_standing, line.gateway, key) if key else None

    async def _tell(self, seen: Seen) -> None:
        if self.on_seen is not None:
            await self.on_seen(seen)

    # On the screen

    def _show_idle(self) -> None:
        self._waits_since = None
        text = t("Prêt. Appuyez sur Appeler pour composer {code}.").format(code=self._choices.code)
        self._handset.show_screen(text, network=self._operator(), code="", is_open=False)
        self._handset.show_meters([])

    def _show_answer(self, seen: Seen) -> None:
        call, heard, standing = seen.call, seen.heard, seen.standing
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
        """Count down what the gateway still waits for an answer."""
        if self._waits_since is not None and self._call is not None:
            left = max(self._call.contract.idle_s - (now() - self._waits_since).total_seconds(), 0)
            self._handset.show_note(t("expire dans {left}").format(left=duration(left)))

    def _operator(self) -> str:
        phone = self._call.phone if self._call else self._choices.caller
        try:
            return normalise(phone, None).operator_hint or t("Essai")
        except PhoneRefusal:
            return t("Essai")


def _session_key(contract: Contract, request: Request) -> str:
    """Return under which key the engine keeps this dialogue: some gateways send no id of their own."""
    try:
        return contract.decode(contract.read(request.wire), simulation.place(), now()).session_key
    except Refusal:
        return ""
