"""The two networks on the other side of Kannel: phones that write SMS, and phones that dial codes over SMPP."""

import asyncio
import itertools
import queue
import socket
import threading
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import smpp34

from core.gsm7 import is_gsm7
from tests.kannel.alphabet import decode, encode

T = TypeVar("T")

ANSWER_S = 12.0
DIAL, ASK, END, CONFIRM = 1, 2, 17, 18
SERVICE_OP, SESSION_INFO = 0x0501, 0x1383
UCS2 = 0x08
HAS_HEADER = 0x40


class SmsNetwork:
    """Kannel's fake SMSC: one connection is the network, one line is one message."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.come_back()

    def come_back(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))

    def go_away(self) -> None:
        """Hang up."""
        self._socket.close()

    def write(self, phone: str, to: str, text: str) -> None:
        """Let a phone send an SMS."""
        self._socket.sendall(f"{phone} {to} text {text}\n".encode())

    def read(self, quiet_s: float = 0.4, patience_s: float = ANSWER_S) -> str:
        """Return what Kannel sends to phones, until it is quiet."""
        octets = b""
        self._socket.settimeout(patience_s)
        try:
            while chunk := self._socket.recv(65536):
                octets += chunk
                self._socket.settimeout(quiet_s)
        except TimeoutError:
            pass
        return octets.decode("utf-8", "replace")


@dataclass(frozen=True)
class Screen:
    """What the network was asked to show."""

    phone: str
    code: str
    op: int
    session: bytes
    data_coding: int
    octets: bytes
    header: bytes
    message_id: str

    @property
    def has_more(self) -> bool:
        return self.op == ASK

    @property
    def text(self) -> str:
        return self.octets.decode("utf-16-be") if self.data_coding == UCS2 else decode(self.octets)


class Phone:
    """One subscriber of the USSD network, one dialogue after the other."""

    def __init__(self, network: "UssdNetwork", number: str) -> None:
        self.network = network
        self.number = number
        self.code = ""
        self._session = 0
        self._sequence = 0

    def dial(self, code: str, text: str | None = None) -> Screen:
        """Dial a code and wait for the first screen."""
        self.begin(code, text)
        return self.wait()

    def begin(self, code: str, text: str | None = None) -> None:
        self._session, self._sequence, self.code = next(self.network.sessions), 0, code
        self._deliver(DIAL, code if text is None else text)

    def answer(self, text: str) -> Screen:
        """Type an answer and wait for the next screen."""
        self.type(text)
        return self.wait()

    def type(self, text: str) -> None:
        self._sequence += 1
        self._deliver(CONFIRM, text)

    def again(self, text: str) -> None:
        """Have the network deliver the last answer a second time."""
        self._deliver(CONFIRM, text)

    def hang_up(self) -> None:
        """Give up: the end bit, and no text."""
        self._sequence += 1
        self._deliver(CONFIRM, "", is_end=True)

    def wait(self) -> Screen:
        return self.network.screens[self.number].get(timeout=ANSWER_S)

    def _deliver(self, op: int, text: str, *, is_end: bool = False) -> None:
        session = bytes([self._session, self._sequence << 1 | is_end])
        self.network.deliver(self.number, self.code, op, session, text)


class UssdNetwork:
    """An SMPP server that plays the operator, its loop in a thread, so that a test reads in one line a turn."""

    def __init__(self, port: int) -> None:
        self.screens: dict[str, queue.Queue[Screen]] = defaultdict(queue.Queue)
        self.sessions = itertools.cycle(range(1, 256))
        self.trace: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(self._started(port))
        self._bound: asyncio.Future[smpp34.Esme] = self._loop.create_future()
        self._ids = itertools.count(1)
        self._listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.cancel()
        self._run(self._stopped())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def wait_until_bound(self) -> None:
        self._run(self._esme())

    def phone(self, number: str) -> Phone:
        return Phone(self, number)

    def deliver(self, number: str, code: str, op: int, session: bytes, text: str) -> None:
        """Hand a subscriber's act to Kannel."""
        self.trace.append(f"→ deliver_sm op={op:<2} its={session.hex()} {number} → {code} {text!r}")
        self._run(self._deliver(number, code, op, session, text))

    def report(self, number: str, message_id: str, status: str) -> None:
        """Send a delivery receipt of SMPP, as a centre does."""
        line = f"id:{message_id} sub:001 dlvrd:000 submit date:2611211200 done date:2611211201 stat:{status} err:001"
        self._run(self._receipt(number, line.encode()))

    async def _started(self, port: int) -> smpp34.Server:
        server = smpp34.Server("127.0.0.1", port, system_id="RESEAU")
        await server.start()
        return server

    async def _stopped(self) -> None:
        await self._server.stop()

    async def _listen(self) -> None:
        while True:
            event = await self._server.next()
            if isinstance(event, smpp34.Esme):
                if self._bound.done():
                    self._bound = self._loop.create_future()
                self._bound.set_result(event)
            elif isinstance(event, smpp34.SubmitSmEvent):
                self._take(event)

    def _take(self, event: smpp34.SubmitSmEvent) -> None:
        message_id = f"{next(self._ids):x}"
        event.accept(message_id)
        # A part of a longer SMS begins with a header, its own length first.
        skipped = 1 + event.short_message[0] if event.esm_class & HAS_HEADER else 0
        tlvs = {one.tag: one.value for one in event.tlvs}
        screen = Screen(
            phone=event.destination_addr,
            code=event.source_addr,
            op=int.from_bytes(tlvs.get(SERVICE_OP, b"\0"), "big"),
            session=tlvs.get(SESSION_INFO, b""),
            data_coding=event.data_coding,
            octets=event.short_message[skipped:],
            header=event.short_message[:skipped],
            message_id=message_id,
        )
        shown = f"op={screen.op:<2} its={screen.session.hex()} dcs={screen.data_coding} {screen.code} → {screen.phone}"
        self.trace.append(f"← submit_sm  {shown} {screen.text!r}")
        self.screens[screen.phone].put(screen)

    async def _esme(self) -> smpp34.Esme:
        return await asyncio.wait_for(asyncio.shield(self._bound), ANSWER_S)

    async def _deliver(self, number: str, code: str, op: int, session: bytes, text: str) -> None:
        esme = await self._esme()
        is_plain = is_gsm7(text)
        await esme.deliver_sm(
            code,
            encode(text) if is_plain else text.encode("utf-16-be"),
            data_coding=0 if is_plain else UCS2,
            source_addr=number,
            service_type="USSD",
            source_addr_ton=1,
            source_addr_npi=1,
            dest_addr_ton=0,
            dest_addr_npi=1,
            tlvs=[
                smpp34.Tlv(SERVICE_OP, bytes([op])),
                smpp34.Tlv(SESSION_INFO, session),
            ],
        )

    async def _receipt(self, number: str, line: bytes) -> None:
        esme = await self._esme()
        await esme.deliver_sm("Palabre", line, source_addr=number, esm_class=0x04)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_S + 3)
