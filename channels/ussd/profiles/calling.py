"""A request written as a gateway of this profile sends it: what a simulated phone and the tests speak through."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zlib import crc32

from channels.ussd.profiles.decoding import bare_code
from channels.ussd.profiles.model import KINDS, Profile, Rule
from channels.ussd.profiles.transports import CARRIERS
from channels.ussd.profiles.wire import WireRequest

OCTET = 256


@dataclass(frozen=True, slots=True)
class Said:
    """What happens on the phone: `kind` is begin, continue or a notice; `typed` is everything typed so far.

    `turn` counts from 0. `tail` is what was dialled behind the code.
    """

    kind: str
    session: str
    phone: str
    code: str
    at: datetime
    typed: tuple[str, ...] = ()
    turn: int = 0
    tail: str = ""
    carried: Mapping[str, Any] = field(default_factory=dict)


def write(profile: Profile, said: Said) -> WireRequest:
    """Return the request."""
    fields = profile.fields
    told: dict[str, Any] = {fields.msisdn[0]: _phone(profile, said.phone)}
    for names, value in (
        (fields.session, said.session),
        (fields.code, said.code),
        (fields.tail, said.tail if said.kind == "begin" else ""),
        (fields.time, str(int(said.at.timestamp()))),
    ):
        if names:
            told[names[0]] = value
    if fields.input:
        told[fields.input[0]] = _input(profile, said)
    if isinstance(profile.begin, Rule):
        profile.begin.say(told, is_so=said.kind == "begin")
    if said.kind in KINDS:
        profile.notices[said.kind][0].say(told, is_so=True)  # type: ignore[index]
    told |= _identity(profile, said)
    if any(name.startswith("sess.") for name in profile.session_key):
        told |= {"sess.number": crc32(said.session.encode()) % OCTET, "sess.order": said.turn}
    told |= said.carried
    path = _path(profile, told)
    plain = {name: value for name, value in told.items() if not name.startswith("path.")}
    return replace(CARRIERS[profile.transport].write(plain), path=path)


def can_dial_behind(profile: Profile) -> bool:
    """Say whether what is dialled behind the code reaches us."""
    is_dialled = profile.input_mode in {"cumulative", "dialled_then_last"} or profile.begin == "code_typed"
    return is_dialled or profile.profile == "doc_b"


def _phone(profile: Profile, phone: str) -> str:
    return phone if profile.phone_form == "e164" else phone.removeprefix("+")


def _input(profile: Profile, said: Said) -> str:
    if profile.is_cumulative:
        return "*".join([*([said.tail] if said.tail else []), *said.typed])
    if said.kind == "continue":
        return said.typed[-1]
    if said.kind != "begin" or profile.fields.tail or profile.transport in {"headers", "xhtml_get"}:
        return ""
    behind = f"*{said.tail}" if said.tail else ""
    if profile.begin == "code_typed":
        return bare_code(said.code) + behind
    return f"*{bare_code(said.code)}{behind}#" if said.code[:1] in {"*", "#"} else said.tail or "menu"


def _identity(profile: Profile, said: Said) -> dict[str, Any]:
    name = profile.identity.turn
    if name is None:
        return {}
    if name.startswith("path."):
        return {name: said.turn} if said.turn else {}
    return {name: f"{said.session}-{said.turn}" if profile.identity.is_global else said.turn + 1}


def _path(profile: Profile, told: Mapping[str, Any]) -> str:
    pieces = []
    for name in profile.path_names:
        piece = str(told.get(f"path.{name[1:-1]}", "")) if name.startswith("{") else name
        if not piece:
            return ""
        pieces.append(piece)
    return "/".join(pieces)
