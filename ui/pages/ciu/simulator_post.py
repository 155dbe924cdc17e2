"""A message of the simulated telephone on its way: written and signed, posted over HTTP, and what was answered."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from anyio import to_thread

from channels.ciu import rehearsing
from channels.whatsapp import signing
from channels.whatsapp.signing import Way, WriteMessage, Written
from core.errors import Refusal
from providers import loopback
from providers.loopback import Exchange
from ui import shell
from ui.components import toasts
from ui.labels import t

OK = 200
PAUSE_S, MOST_PAUSES = 0.2, 40  # the worker of Meta's messages answers within a second

_BODY = re.compile(r"<(?:Message|Body)>([^<]*)</")


@dataclass(frozen=True, slots=True)
class Said:
    """One text of the service, and what can be tapped under it."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message as it went over the wire, and what came back; `is_same` against the answer before it."""

    order: WriteMessage
    request: Written
    exchange: Exchange
    said: tuple[Said, ...]
    is_same: bool | None = None
    is_waiting: bool = False


async def deliver(orders: Sequence[WriteMessage], *, at_once: bool = False) -> list[Delivered]:
    """Post messages, one after the other or all at once; nothing when one was refused or nobody answered."""
    requests = [await shell.act(signing.write_message, order) for order in orders]
    written = [request for request in requests if request is not None]
    if len(written) < len(orders):
        return []
    if at_once:
        exchanges = await asyncio.gather(*map(_post, written))
    else:
        exchanges = [await _post(request) for request in written]
    if any(exchange is None for exchange in exchanges):
        toasts.refused(t("Le service n'a pas répondu sur son adresse locale."))
        return []
    delivered: list[Delivered] = []
    for order, request, exchange in zip(orders, written, exchanges, strict=True):
        if exchange is not None:
            delivered.append(await _hear(order, request, exchange, delivered))
    return delivered


async def _post(request: Written) -> Exchange | None:
    return await to_thread.run_sync(loopback.send, "POST", request.target, request.headers, request.body)


async def _hear(order: WriteMessage, request: Written, exchange: Exchange, before: Sequence[Delivered]) -> Delivered:
    twin = next((one for one in before if one.order.message_id == order.message_id), None)
    if twin is not None:
        is_same = (twin.exchange.status, twin.exchange.answer) == (exchange.status, exchange.answer)
        return Delivered(order, request, exchange, (), is_same)
    if exchange.status != OK:
        return Delivered(order, request, exchange, ())
    if order.way is not Way.META:
        texts = _BODY.findall(exchange.answer.decode("utf-8", "replace"))
        return Delivered(order, request, exchange, tuple(Said(unescape(text)) for text in texts))
    for _ in range(MOST_PAUSES):
        answer = await shell.attempt(rehearsing.get_answer, order.message_id)
        if isinstance(answer, Refusal):
            break
        if answer is not None:
            said = (Said(answer.text, answer.choices),) if answer.text else ()
            return Delivered(order, request, exchange, said)
        await asyncio.sleep(PAUSE_S)
    return Delivered(order, request, exchange, (), is_waiting=True)
