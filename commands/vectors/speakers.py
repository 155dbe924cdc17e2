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
from models.ussd import UssdGateway, UssdService

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


@dataclass
class _Call:
    """One dialogue as the phone remembers it."""

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

    def open(self, database: Database) -> None:
        """Write the account into the database of a dialogue."""
        self._calls.clear()
        with database.transaction() as session:
            wallet = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
            session.add(
                UssdGateway(
                    key=self.profile,
                    name=self.profile,
                    profile=self.profile,
                    country="CM",
                    secret_digests=[digest_token(SECRET)],
                    options={"limits": LIMITS},
                    default_service_id=wallet.id,
                )
            )
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
        code = dialogue.get("service_code", CODES[dialogue["contract"]])
        if call is None:
            tail = text
            if text.startswith("*"):
                code = next(known for known in (code, *CODES.values()) if text.startswith(known[:-1]))
                tail = text[len(code) :].rstrip("#")
            call = self._calls[key] = _Call(text, (), tail)
        elif dialogue["contract"] == "B" or text != call.transcript:
            before = f"{call.transcript}*" if call.transcript else ""
            said = text if dialogue["contract"] == "B" else text.removeprefix(before)
            call.transcript, call.typed, call.turn = text, (*call.typed, said), call.turn + 1
        kind = "continue" if call.turn else "begin"
        caller = step.get("from", dialogue["caller"])
        return Spoken(kind, key, caller, code, clock.now(), call.typed, call.turn, call.tail)

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


def can_say(profile: str, dialogue: dict[str, Any]) -> bool:
    """Say whether a profile carries a dialogue."""
    return bool(profile) and bool(dialogue)
