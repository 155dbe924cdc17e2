"""A request pasted or recorded, read by a profile under anybody's eyes: what it says, and what would be answered."""

from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from channels.ussd.profiles.calling import Said as Dialled
from channels.ussd.profiles.calling import write
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.decoding import Place
from channels.ussd.profiles.fixtures import describe
from channels.ussd.profiles.model import Profile
from channels.ussd.profiles.transports import CARRIERS
from channels.ussd.profiles.wire import Outgoing, Unreadable, WireRequest, address_mark
from channels.yaml_form import UnreadableText, part_from_text
from core import clock, gsm7
from core.errors import InvalidInput
from core.i18n import t

LARGEST_REQUEST = 20_000
EXAMPLE_PHONE = "+237699000001"
PARTS_OF_AN_ADDRESS = 3  # g, the account, its secret
VERBS = ("GET ", "POST ", "PUT ")


@dataclass(frozen=True, slots=True)
class Said:
    """What a screen would say."""

    text: str
    has_more: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """What a profile makes of one request."""

    fields: dict[str, Any]
    turn: dict[str, Any]
    is_notice: bool
    status: int
    media_type: str
    headers: dict[str, str]
    answer: str


def read_profile(body: dict[str, Any]) -> Profile:
    """Return the profile of a document, or refuse with its first fault."""
    try:
        return Profile.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise InvalidInput({".".join(map(str, first["loc"])) or "body": first["msg"]}) from error


def attempt(profile: Profile, pasted: str, place: Place, said: Said) -> Trial:
    """Read a pasted request as the dispatcher would, and write what would leave; nothing is run and nothing kept."""
    contract = Contract(profile)
    fields = contract.read(parse_request(profile, pasted))
    shown = {name: value for name, value in fields.items() if name not in profile.credentials}
    turn = contract.decode(shown, place, clock.now())
    if turn.is_notice:
        answer = contract.notice(turn)
    else:
        coding = gsm7.measure(said.text).coding
        is_first = turn.kind == "begin"
        answer = contract.encode(Outgoing(said.text, said.has_more, turn=turn, coding=coding, is_first=is_first))
    return Trial(
        fields=shown,
        turn=describe(contract, turn, None, place),
        is_notice=turn.is_notice,
        status=answer.status,
        media_type=answer.media_type,
        headers=dict(answer.headers),
        answer=answer.body.decode("utf-8", "replace").replace(address_mark(), "…"),
    )


def parse_request(profile: Profile, pasted: str) -> WireRequest:
    """Read a request as tools print it: its line, its headers, an empty line, its body; or a body alone."""
    text = pasted.replace("\r\n", "\n").strip()
    if not text or len(text) > LARGEST_REQUEST:
        raise Unreadable
    media_types = CARRIERS[profile.transport].media_types
    if not text.startswith(VERBS):
        kind = {"content-type": media_types[0]} if media_types else {}
        method = (profile.methods or CARRIERS[profile.transport].methods)[0]
        is_query = method == "GET"
        return WireRequest(
            method,
            headers=kind,
            query=text.lstrip("?") if is_query else "",
            body=b"" if is_query else text.encode(),
        )
    head, _, body = text.partition("\n\n")
    first, *lines = head.split("\n")
    method, target = [*first.split(), ""][:2]
    pairs = (line.partition(":") for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if body and media_types:
        headers.setdefault("content-type", media_types[0])
    path, _, query = target.partition("?")
    return WireRequest(method, _below(path), headers, query, body.encode())


def _below(path: str) -> str:
    """Return what stands below the callback address."""
    pieces = path.partition("://")[2].partition("/")[2] if "://" in path else path
    parts = pieces.strip("/").split("/")
    return "/".join(parts[PARTS_OF_AN_ADDRESS:] if parts[0] == "g" else parts)


def written(profile: Profile, fields: dict[str, Any]) -> str:
    """Write recorded fields as the request that carried them, the account's address left out."""
    left = dict(fields)
    pieces = [str(left.pop(f"path.{name[1:-1]}", "")) if name[0] == "{" else name for name in profile.path_names]
    request = CARRIERS[profile.transport].write(left)
    return _as_text(request, "/".join(filter(None, pieces)))


def _as_text(request: WireRequest, below: str) -> str:
    path = "/".join(filter(None, ["/g/…/…", below]))
    first = f"{request.method} {path}{'?' if request.query else ''}{request.query}"
    headers = [f"{name}: {value}" for name, value in request.headers.items()]
    body = ["", request.body.decode("utf-8", "replace")] if request.body else []
    return "\n".join([first, *headers, *body])


def example(profile: Profile, code: str) -> str:
    """Write a first request as a gateway of this profile sends it, the account's address left out."""
    request = write(profile, Dialled("begin", "exemple-1", EXAMPLE_PHONE, code, clock.now()))
    return _as_text(request, request.path)


def to_text(body: dict[str, Any]) -> str:
    """Return a profile as YAML, what is as usual left out."""
    shown = read_profile(body).model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=100)


def from_text(text: str) -> dict[str, Any]:
    """Read a profile's YAML, or say where it cannot be read."""
    body = part_from_text(text)
    if not isinstance(body, dict):
        raise UnreadableText(line=1, column=1, problem=t("un profil est une suite de champs « nom: valeur »"))
    return body
