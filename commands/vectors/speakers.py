"""Who speaks a dialogue: the two documented contracts, or an account of any profile with a phone behind it."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from sqlmodel import select

from channels.ussd import contracts, gateways
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.calling import Said as Spoken
from channels.ussd.profiles.calling import write
from channels.ussd.profiles.hearing import Heard
from channels.ussd.profiles.wire import WireRequest
from commands.vectors.door import Door, Response
from commands.vectors.world import API_KEY
from core import clock
from core.database import Database
from core.security import digest_token
from models.ussd import UssdGateway, UssdRoute

JSON = {"content-type": "application/json"}
CODES = {"A": "*123#", "B": "*155#"}
SECRET = "s3cret-of-the-address"  # noqa: S105  # of a database that goes away
LIMITS = {"gsm7": 156, "ucs2": 70}  # the pages of the documented contracts, on every profile


class Said(NamedTuple):
    """What a gateway got: the bytes, whether the dialogue goes on, and the text the phone shows; or what is wrong."""

    body: bytes
    has_more: bool = False
    text: str = ""
    problem: str = ""


class Speaker(Protocol):
    """A gateway with a phone behind it."""

    def open(self, database: Database) -> None:
        """Begin a dialogue, on the database of its world."""

    def say(self, dialogue: dict[str, Any], step: dict[str, Any]) -> list[Said]:
        """Send one step of a dialogue as often as it says."""


class Documented:
    """The two documented contracts, each dialogue by its own; A shows its key, B its address alone."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def open(self, database: Database) -> None:
        """Begin a dialogue: both accounts are part of the world."""

    def say(self, dialogue: dict[str, Any], step: dict[str, Any]) -> list[Said]:
        """Send one step of a dialogue as often as it says."""
        session, caller = f"{dialogue['id']}-{step.get('session', 's1')}", step.get("from", dialogue["caller"])
        if dialogue["contract"] == "A":
            fields = {"sessionId": session, "phoneNumber": caller, "text": step["input"]}
            fields |= {"serviceCode": dialogue["service_code"]} if "service_code" in dialogue else {}
            request = WireRequest("POST", "/ussd", {**JSON, "x-api-key": API_KEY}, body=json.dumps(fields).encode())
            contract, media_type = contracts.A, "text/plain; charset=utf-8"
        else:
            fields = {"sessionid": session, "msisdn": caller, "message": step["input"]}
            request = WireRequest("POST", "/ussd/", JSON, body=json.dumps(fields).encode())
            contract, media_type = contracts.B, "application/json"
        answers = [self._door.send(request) for _ in range(step.get("repeat", 1))]
        return [_said(one, contract.hear(one.body, one.headers), media_type) for one in answers]


@dataclass(frozen=True, slots=True)
class _Call:
    """One dialogue as the phone remembers it."""

    code: str
    transcript: str = ""
    typed: tuple[str, ...] = ()
    tail: str = ""
    turn: int = 0


@dataclass
class Account:
    """An account of a profile, at its own secret address; what a dialogue types is written as this gateway writes it.

    `numbers` of sessions are small on the wire of some gateways: each dialogue of a walk has its own.
    """

    door: Door
    profile: str
    _calls: dict[str, _Call] = field(default_factory=dict)
    _codes: tuple[str, ...] = ()

    def open(self, database: Database) -> None:
        """Write the account, with the routes of its own, into the database of a dialogue."""
        self._calls.clear()
        with database.transaction() as session:
            routes = session.exec(select(UssdRoute)).all()
            account = UssdGateway(
                key=self.profile,
                name=self.profile,
                profile=self.profile,
                country=session.exec(select(UssdGateway.country)).first() or "",
                secret_digests=[digest_token(SECRET)],
                options={"limits": LIMITS},
                default_service_id=next(route.service_id for route in routes if route.code == CODES["B"]),
            )
            session.add(account)
            session.flush()
            session.add_all(
                UssdRoute(gateway_id=account.id, code=route.code, service_id=route.service_id) for route in routes
            )
            self._codes = tuple(route.code for route in routes)
        gateways.forget()

    def say(self, dialogue: dict[str, Any], step: dict[str, Any]) -> list[Said]:
        """Send one step of a dialogue as often as it says."""
        contract = BUILT_IN[self.profile]
        request = write(contract.profile, self._spoken(dialogue, step))
        below = f"/{request.path}" if request.path else ""
        request = replace(request, path=f"/g/{self.profile}/{SECRET}{below}")
        answers = [self.door.send(request) for _ in range(step.get("repeat", 1))]
        return [_said(one, self._hear(one), "") for one in answers]

    def _spoken(self, dialogue: dict[str, Any], step: dict[str, Any]) -> Spoken:
        key = f"{dialogue['id']}-{step.get('session', 's1')}"
        call, text = self._calls.get(key), step["input"]
        is_transcript = dialogue["contract"] == "A"
        if call is None:
            dialled, tail = self._dialled(text)
            code = dialled or dialogue.get("service_code", CODES[dialogue["contract"]])
            call = self._calls[key] = _Call(code, text, (), tail)
        elif not is_transcript or text != call.transcript:
            before = f"{call.transcript}*" if call.transcript else ""
            typed = (*call.typed, text.removeprefix(before) if is_transcript else text)
            call = replace(call, transcript=text, typed=typed, turn=call.turn + 1)
            if "from" not in step:  # what somebody else says is none of this phone's
                self._calls[key] = call
        kind, caller = "continue" if call.turn else "begin", step.get("from", dialogue["caller"])
        profile = BUILT_IN[self.profile].profile
        as_written = {profile.fields.input[0]: text} if is_transcript and profile.is_cumulative else {}
        now = clock.now()
        return Spoken(kind, key, caller, call.code, now, call.typed, call.turn, call.tail, as_written)

    def _dialled(self, text: str) -> tuple[str, str]:
        """Return the code of a dialled string, empty when it is none, and what is behind it."""
        for code in sorted(self._codes, key=len, reverse=True):
            if text.startswith(code[:-1]):
                return code, text[len(code) :].rstrip("#")
        return "", text

    def _hear(self, answer: Response) -> Heard | None:
        heard = BUILT_IN[self.profile].hear(answer.body, answer.headers)
        if heard is not None and self.profile == "kannel_ussd":
            told = answer.headers.get("x-kannel-meta-data", "")
            return replace(heard, has_more="ussd_service_op=2&" in told)
        return heard


def _said(answer: Response, heard: Heard | None, media_type: str) -> Said:
    shown = answer.body.decode("utf-8", "replace")
    if answer.status != 200 or heard is None:  # noqa: PLR2004  # HTTP's own word for right
        return Said(answer.body, problem=f"{answer.status} {shown!r}")
    told = answer.headers.get("content-type", "")
    if media_type and told != media_type:
        return Said(answer.body, problem=f"content-type: {told}")
    return Said(answer.body, heard.has_more, heard.text)
