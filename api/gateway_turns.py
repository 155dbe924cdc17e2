"""What the doors of USSD share: a request as it came, its turn, and the answer in the gateway's own form."""

import json
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from starlette.types import Receive

from api.bare import Threads
from channels.ussd import recorder, trial_lines
from channels.ussd.gateways import Gateway
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.wire import Outgoing, Unreadable, WireRequest, WrongPath, WrongType
from channels.ussd.turn import Answer, take_turn
from core import addresses, clock, gsm7
from core.database import get_database
from core.errors import InvalidInput, Refusal
from core.settings import get_settings
from services import ussd as sessions

JSON_TYPE = "application/json"

in_thread = Threads("turn").run


class RefusedError(Exception):
    """A request that never reached a dialogue; without a detail the answer has no body."""

    def __init__(self, status: int, detail: object = None) -> None:
        super().__init__(status)
        self.status, self.detail = status, detail


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came; `body` is None when it is larger than a gateway ever sends."""

    method: str
    key: str | None = field(repr=False)
    peer: str
    forwarded_for: str
    is_forwarded: bool
    headers: dict[str, str] = field(repr=False)
    query: str = field(repr=False)
    body: bytes | None = field(repr=False)
    started: float

    @property
    def client(self) -> str:
        """The address of whoever calls, behind declared proxies only."""
        return addresses.client_address(self.peer, self.forwarded_for, get_settings().trusted_proxies)

    def at(self, path: str) -> WireRequest:
        """Return the request as a profile reads it, `path` being what stands below the address."""
        return WireRequest(self.method, path, self.headers, self.query, self.body or b"")


async def receive(request: Request, most: int) -> Received:
    """Take a request in; its clock starts here."""
    started = time.perf_counter()
    octets: bytearray | None = bytearray()
    async for chunk in request.stream():
        if octets is not None:
            octets += chunk
            if len(octets) > most:
                octets = None
                break
    headers = request.headers
    return Received(
        method=request.method,
        key=headers.get("x-api-key"),
        peer=request.client.host if request.client else "",
        forwarded_for=",".join(headers.getlist("x-forwarded-for")),
        is_forwarded="x-forwarded-for" in headers or "forwarded" in headers,
        headers=dict(headers),
        query=request.scope.get("query_string", b"").decode("latin-1"),
        body=bytes(octets) if octets is not None else None,
        started=started,
    )


def read_fields(contract: Contract, received: Received, path: str = "") -> dict[str, Any]:
    """Read the fields a request carries, or refuse it in the words of HTTP."""
    if received.body is None:
        raise RefusedError(413, "Body too large")
    try:
        return contract.read(received.at(path))
    except WrongType as error:
        raise RefusedError(415, "Unsupported media type") from error
    except WrongPath as error:
        raise RefusedError(404) from error
    except Unreadable as error:
        raise RefusedError(422, [_problem("body", "corps illisible", "value_error")]) from error


def take(gateway: Gateway, contract: Contract, fields: dict[str, Any], received: Received) -> Answer:
    """Take the turn that the fields carry, and note the exchange."""
    names = {name: len(str(value)) for name, value in fields.items()}
    turn = None
    try:
        turn = contract.decode(fields, gateway.place, clock.now())
        trial = trial_lines.version_of(gateway, received.headers)
        answer = take_turn(
            get_database(), gateway, contract, turn, is_test=gateway.is_test, trial=trial, started=received.started
        )
    except InvalidInput as error:
        recorder.note_refused(gateway, received.method, names, "422", received.started)
        raise RefusedError(422, problems_of(error)) from error
    except Refusal as refused:
        text = gsm7.fold(str(refused))
        wire = contract.encode(
            Outgoing(text, has_more=False, turn=contract.outline(fields), words=gateway.command_words)
        )
        answer = Answer(wire, "invalid", text, has_more=False)
    recorder.note(gateway, received.method, received.headers, names, turn, answer, received.started)
    return answer


async def send(request: Request, answer: Answer, address: str) -> Response:
    """Write an answer; a gateway that is gone meanwhile has not received it."""
    if answer.turn_id is not None and _is_gone(request.receive):
        await in_thread(_mark_undelivered, answer.turn_id)
    wire = answer.wire
    headers = dict(wire.headers)
    if wire.media_type:
        headers["Content-Type"] = wire.media_type
    return Response(wire.at(address) if address else wire.body, wire.status, headers)


def refusal(refused: RefusedError) -> Response:
    """Write a refusal; one without detail has no body."""
    if refused.detail is None:
        return Response(status_code=refused.status)
    body = json.dumps({"detail": refused.detail}, ensure_ascii=False)
    return Response(body, status_code=refused.status, media_type=JSON_TYPE)


def problems_of(error: InvalidInput) -> list[dict[str, Any]]:
    """Return the fields at fault, their values never repeated."""
    return [_problem(name, message, "value_error") for name, message in error.fields.items()]


def _problem(name: str, message: str, kind: str) -> dict[str, Any]:
    return {"loc": ["body"] if name == "body" else ["body", name], "msg": message, "type": kind}


def _is_gone(receive: Receive) -> bool:
    """Say whether the gateway has hung up: its next message is there already, or there is none and nobody waits."""
    message = receive().__await__()
    try:
        next(message)
    except StopIteration as told:
        return bool(told.value["type"] == "http.disconnect")
    message.close()
    return False


def _mark_undelivered(turn_id: UUID) -> None:
    with get_database().transaction() as session:
        sessions.mark_undelivered(session, turn_id)
