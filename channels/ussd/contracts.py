"""The two documented contracts of `/ussd`: who, what and which session a request says, and how it is answered.

Contract A is the service menu's (`sessionId, phoneNumber, text`), cumulative text, answered in plain text.
Contract B is the wallet's (`sessionid, msisdn, message`), last input only, answered in JSON.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import InvalidInput, Refusal
from core.orders import is_storable
from core.phone import PhoneRefusal, normalise

LONGEST_KEY = 100
LONGEST_TRANSCRIPT = 2_000
MOST_STARS = 100
_DIALLED = re.compile(r"[*#][0-9*#]+")


class UnreadableNumber(Refusal):
    """The caller's number is none: the gateway gets an END, not an error."""

    code = "numero_illisible"
    sentence = "Numéro non reconnu. Opération impossible."


class TooLong(Refusal):
    """The transcript is longer than any person types."""

    code = "saisie_trop_longue"
    sentence = "Saisie trop longue. Recomposez le code."


@dataclass(frozen=True, slots=True)
class GatewayTurn:
    """One request, in our own words. `transcript` is the cumulative text, None where only the last input is sent."""

    session_key: str
    phone: str | None
    code: str | None
    dialled: str | None
    transcript: str | None
    message: str
    network: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """What leaves: media type and octets."""

    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Contract:
    """What differs between the two, beside the field names."""

    account: str
    is_cumulative: bool
    reuse: str = "new"
    idle_s: int = 180
    total_s: int = 600

    def encode(self, text: str, *, has_more: bool, words: tuple[str, str]) -> WireAnswer:
        """Write an answer as this contract's gateways expect it."""
        word = words[0] if has_more else words[1]
        if self.is_cumulative:
            return WireAnswer("text/plain; charset=utf-8", f"{word} {text}".encode())
        body = json.dumps({"message": text, "command": word}, ensure_ascii=False, separators=(",", ":"))
        return WireAnswer("application/json", body.encode())

    def text_of(self, body: bytes) -> tuple[str, str]:
        """Return the command word and the text of a stored answer."""
        if self.is_cumulative:
            word, _, text = body.decode().partition(" ")
            return word, text
        answer = json.loads(body)
        return answer["command"], answer["message"]


A = Contract("doc-a", is_cumulative=True)
B = Contract("doc-b", is_cumulative=False)


def tell(fields: dict[str, Any]) -> Contract:
    """Tell the contract by the names of the fields, case and all; `InvalidInput` when both or neither fit."""
    is_a = bool(fields.keys() & {"sessionId", "phoneNumber"})
    is_b = bool(fields.keys() & {"sessionid", "msisdn"})
    if is_a == is_b:
        raise InvalidInput(
            {"body": "forme non reconnue : ni sessionId, phoneNumber, text ni sessionid, msisdn, message"}
        )
    return A if is_a else B


def decode(contract: Contract, fields: dict[str, Any], country: str, received_at: datetime) -> GatewayTurn:
    """Read a request; `InvalidInput` names every field at fault, and never repeats a value."""
    return _decode_a(fields, country, received_at) if contract is A else _decode_b(fields, country, received_at)


def dialled_code(text: str) -> str | None:
    """Return `text` when it is a dialled code, such as `*155#` or `#237*100#`."""
    return text if _DIALLED.fullmatch(text) else None


def _decode_a(fields: dict[str, Any], country: str, received_at: datetime) -> GatewayTurn:
    _require(fields, "sessionId", "phoneNumber", optional=("text", "serviceCode", "networkCode"))
    transcript = fields.get("text") or ""
    if len(transcript) > LONGEST_TRANSCRIPT or transcript.count("*") > MOST_STARS:
        raise TooLong
    caller = fields["phoneNumber"].strip()
    return GatewayTurn(
        session_key=fields["sessionId"],
        phone=None if dialled_code(caller) else _phone(caller, country),
        code=fields.get("serviceCode") or None,
        dialled=dialled_code(caller),
        transcript=transcript,
        message=transcript,
        network=fields.get("networkCode") or "",
        received_at=received_at,
    )


def _decode_b(fields: dict[str, Any], country: str, received_at: datetime) -> GatewayTurn:
    _require(fields, "sessionid", "msisdn", optional=("message",))
    message = (fields.get("message") or "").strip()
    if len(message) > LONGEST_TRANSCRIPT:
        raise TooLong
    caller = fields["msisdn"].strip()
    return GatewayTurn(
        session_key=fields["sessionid"],
        phone=None if dialled_code(caller) else _phone(caller, country),
        code=None,
        dialled=dialled_code(message) or dialled_code(caller),
        transcript=None,
        message=message,
        network="",
        received_at=received_at,
    )


def _phone(raw: str, country: str) -> str:
    try:
        return normalise(raw, country).e164
    except PhoneRefusal as refusal:
        raise UnreadableNumber from refusal


def _require(fields: dict[str, Any], session: str, phone: str, *, optional: tuple[str, ...]) -> None:
    problems: dict[str, str] = {}
    for name in (session, phone):
        value = fields.get(name)
        if not isinstance(value, str) or not value.strip():
            problems[name] = "champ obligatoire"
        elif len(value) > LONGEST_KEY:
            problems[name] = f"{LONGEST_KEY} caractères au plus"
        elif not is_storable(value):
            problems[name] = "caractère interdit"
    for name in optional:
        value = fields.get(name)
        if value is not None and not (isinstance(value, str) and is_storable(value)):
            problems[name] = "texte attendu"
    if problems:
        raise InvalidInput(problems)
