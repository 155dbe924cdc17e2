"""A golden exchange: what a request must decode to, and the octets that must leave (`docs/ussd.md`, 8.1).

The form is that of the vectors: `request`, `prior` (what is known of the session), `turn`, `reply`, `response`.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from channels import texts
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.decoding import Place, dialled_code, route_of
from channels.ussd.profiles.model import KINDS
from channels.ussd.profiles.wire import Asked, GatewayTurn, Outgoing, WireAnswer, WireRequest
from core import gsm7
from core.errors import Refusal

Fixture = Mapping[str, Any]


def check(contract: Contract, fixture: Fixture, now: datetime) -> list[str]:
    """Return every difference between a fixture and what the profile makes of it; none when it passes."""
    account = fixture["account"]
    place = Place(account["country"], tuple(account["service_codes"]))
    try:
        turn = contract.decode(contract.read(request_of(fixture)), place, now)
    except Refusal as refusal:
        return [f"request: {refusal.code}"]
    described = describe(contract, turn, fixture.get("prior"), place)
    differences = [
        f"turn.{name}: {described.get(name)!r}, attendu {wanted!r}"
        for name, wanted in fixture["turn"].items()
        if described.get(name) != wanted and not _is_remembered(name, wanted, turn, fixture, place)
    ]
    if "event" in fixture and dict(turn.event) != fixture["event"]:
        differences.append(f"event: {dict(turn.event)!r}, attendu {fixture['event']!r}")
    left = _left(contract, turn, fixture, described)
    return differences + [f"response.{one}" for one in compare(fixture["response"], left, _address(contract, fixture))]


def request_of(fixture: Fixture) -> WireRequest:
    """Return a fixture's request as the dispatcher hands it on."""
    request = fixture["request"]
    start = f"/g/{fixture['account']['key']}/{fixture['account']['secret']}"
    return WireRequest(
        method=request["method"],
        path=request["path"].removeprefix(start).strip("/") if request["path"].startswith(start) else "",
        headers={name.lower(): value for name, value in request["headers"].items()},
        query=request["query"],
        body=request["body"].encode(),
    )


def describe(contract: Contract, turn: GatewayTurn, prior: Mapping[str, Any] | None, place: Place) -> dict[str, Any]:
    """Return a turn in the words of the fixtures; the session's state is what `prior` says of it."""
    kind = turn.kind or ("continue" if prior is not None else "begin")
    is_last = not contract.is_cumulative and turn.identity is None
    described: dict[str, Any] = {
        "session_key": turn.session_key,
        "msisdn": turn.phone,
        "service_code": _service_code(contract, turn, place),
        "kind": kind,
        "inputs": [],
        "dedup_rule": "last_turn" if is_last else "turn_id",
        "dedup": _dedup(contract, turn),
        "network": turn.network,
        "language": turn.language,
        "stale": turn.is_stale,
    }
    if turn.again is not None:
        described["also_dedup"] = list(turn.again)
    if turn.is_notice or turn.is_stale:
        return described
    if turn.transcript is not None:
        relation, described["inputs"] = _advance(turn.transcript, prior)
        return described | {"transcript": turn.transcript, "relation": relation}
    if kind == "continue":
        described["inputs"] = [turn.message]
    elif turn.message and turn.message != turn.dialled:
        described["first_message"] = turn.message
    else:
        described["inputs"] = _dialled_pieces(turn, place)
        if turn.kind is None and not turn.message:
            described["first_message"] = ""
    if kind == "begin" and prior is not None and contract.profile.begin_again == "refuse":
        described["relation"] = "conflict"
    return described


def compare(response: Mapping[str, Any], left: WireAnswer, address: str) -> list[str]:
    """Return how an answer differs from the response a fixture demands."""
    body = left.at(address)
    differences = [] if left.status == response["status"] else [f"status: {left.status}"]
    kind = response["compare"]
    headers = {name.lower(): value for name, value in left.headers.items()} | {"content-type": left.media_type}
    for name, wanted in response["headers"].items() if kind != "status" else ():
        if headers.get(name.lower()) != wanted:
            differences.append(f"{name}: {headers.get(name.lower())!r}, attendu {wanted!r}")
    said = body.decode("utf-8", "replace")
    match kind:
        case "exact":
            is_same = said == response["body"]
        case "json":
            is_same = json.loads(body) == response["json"]
        case "json_subset":
            is_same = _holds(json.loads(body), response["json"])
        case "xml":
            is_same = _tree(ET.fromstring(body)) == _tree(ET.fromstring(response["xml"]))  # noqa: S314  # our own
        case _:
            is_same = True
    return differences if is_same else [*differences, f"body: {said!r}"]


def _left(contract: Contract, turn: GatewayTurn, fixture: Fixture, described: Mapping[str, Any]) -> WireAnswer:
    """Write the answer the engine's reply leads to; without one, what the profile says to a notice."""
    reply = fixture.get("reply")
    go_on, over = fixture["account"]["options"].get("command_words", ("CON", "END"))
    if reply is None and described.get("relation") == "conflict":
        text = texts.sentence(texts.VERDICTS["conflict"], texts.DEFAULT_LANGUAGE)
        return contract.encode(Outgoing(text, has_more=False, turn=turn, is_restart=True))
    if reply is None:
        return WireAnswer("", b"") if turn.is_stale else contract.notice(turn)
    screen = reply.get("screen", {})
    asked = screen.get("input")
    return contract.encode(
        Outgoing(
            text=reply["text"],
            has_more=reply["continue"],
            turn=turn,
            words=(go_on, over),
            coding=gsm7.measure(reply["text"]).coding,
            title=screen.get("title"),
            options=tuple((key, label) for key, label in screen.get("options", ())),
            asks=_asked(asked) if asked is not None else None,
            is_first=described["kind"] == "begin",
        )
    )


def _asked(asked: Mapping[str, Any]) -> Asked:
    digits = asked.get("digits")
    return Asked(bool(asked.get("secret")), (digits[0], digits[1]) if digits else None)


def _address(contract: Contract, fixture: Fixture) -> str:
    account = fixture["account"]
    own = f"/g/{account['key']}/{account['secret']}"
    return f"{account['options'].get('public_base', '')}{own}" if contract.profile.absolute_links else own


def _is_remembered(name: str, wanted: Any, turn: GatewayTurn, fixture: Fixture, place: Place) -> bool:
    """Say whether only the session knows it: the code of a dialogue under way whose requests carry none."""
    return name == "service_code" and "prior" in fixture and turn.code is None and wanted in place.codes


def _service_code(contract: Contract, turn: GatewayTurn, place: Place) -> str | None:
    for dialled in (turn.dialled, turn.code):
        if dialled is not None:
            code, tail = route_of(dialled, place.codes)
            return dialled if code is not None and not tail and dialled_code(dialled) else code
    if contract.profile.fields.code or len(place.codes) != 1:
        return None
    return place.codes[0]


def _dedup(contract: Contract, turn: GatewayTurn) -> list[Any]:
    if turn.identity is not None:
        is_numbered = turn.identity[0] not in {"begin", *KINDS}
        is_alone = contract.profile.identity.is_global and is_numbered
        return [*turn.identity] if is_alone else [turn.session_key, *turn.identity]
    return [turn.session_key, turn.transcript if turn.transcript is not None else turn.message]


def _advance(transcript: str, prior: Mapping[str, Any] | None) -> tuple[str, list[str]]:
    if prior is None:
        return "new", transcript.split("*") if transcript else []
    known = prior["transcript"]
    if transcript == known:
        return "replay", []
    if not known:
        return "advance", [transcript]
    if transcript.startswith(f"{known}*"):
        return "advance", [transcript[len(known) + 1 :]]
    return "conflict", []


def _dialled_pieces(turn: GatewayTurn, place: Place) -> list[str]:
    tail = turn.tail
    if not tail and turn.dialled is not None and turn.message == turn.dialled:
        _, tail = route_of(turn.dialled, place.codes)
    return tail.split("*") if tail else []


def _holds(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            name in value and _holds(value[name], part) for name, part in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and len(value) == len(wanted) and all(map(_holds, value, wanted))
    return bool(value == wanted) and type(value) is type(wanted)


def _tree(element: ET.Element) -> tuple[Any, ...]:
    children = tuple(_tree(child) for child in element)
    text, tail = element.text or "", element.tail or ""
    return element.tag, dict(element.attrib), text if text.strip() else "", children, tail if tail.strip() else ""
