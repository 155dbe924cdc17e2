"""One call of a connector, outside any transaction: written from its templates, bounded, read by its pointers.

Nothing raises for what the other side does: an answer that cannot be read is `down`, and its octets are kept nowhere.
"""

import json
import re
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import quote

from core.phone import PhoneRefusal, normalise
from models.offers import FakeMode
from providers import http
from providers.http import NoAnswer
from services import hosts
from services.connectors.shapes import PLACE, Canned, Input, OutcomeRule, Output

LARGEST_ANSWER_BYTES = 64 * 1024
MARGIN_S = 0.1  # the engine cuts a slow step at 2.5 s: we are back before it
LONGEST_CALL_S = 2.5
SHORTEST_CALL_S = 0.05
SUCCESS, REFUSAL = range(200, 300), range(400, 500)
TOO_BUSY = frozenset({408, 425, 429})

_WHOLE = re.compile(r"-?[0-9]{1,15}")
LARGEST = 10**15
_MISSING = object()
_names = ThreadPoolExecutor(8, thread_name_prefix="names")  # a name server that hangs cannot be told to stop


@dataclass(frozen=True, slots=True)
class Call:
    """A connector's row, read in a transaction, with everything its call takes and nothing that needs the database."""

    name: str
    url: str
    method: str
    path: str
    body: dict[str, Any]
    timeout_ms: int
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    outcomes: tuple[OutcomeRule, ...]
    fake: FakeMode
    canned: Mapping[FakeMode, Canned]
    is_private: bool | None
    is_down: bool
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a call. `is_failure` counts for the breaker; `why` is a word for the operator, never an answer.

    `status` is the HTTP one, where there was an answer.
    """

    outcome: str
    values: Mapping[str, Any] = field(default_factory=dict)
    is_failure: bool = False
    was_called: bool = True
    why: str = ""
    status: int | None = field(default=None, compare=False)


def ask(call: Call, values: Mapping[str, Any]) -> Asked:
    """Make one call and say what it means to the flow."""
    if call.is_down or (call.is_private is None and call.fake is FakeMode.OFF):
        return Asked("down", was_called=False, why="breaker" if call.is_down else "host_not_allowed")
    if call.fake is not FakeMode.OFF:
        return _pretend(call)
    ends_at = time.monotonic() + min(call.timeout_ms / 1000, LONGEST_CALL_S - MARGIN_S)
    try:
        address = _look_up_name(call, ends_at)
    except hosts.AddressRefusedError as error:
        return Asked("down", is_failure=True, why=str(error))
    content = None if call.method == "GET" else json.dumps(fill(call.body, values), ensure_ascii=False).encode()
    headers = {"Accept": "application/json", **call.headers}
    if content is not None:
        headers["Content-Type"] = "application/json"
    answer = http.call_at(
        call.method,
        call.url.rstrip("/") + fill_path(call.path, values),
        address,
        headers=headers,
        content=content,
        total_timeout_s=max(ends_at - time.monotonic(), SHORTEST_CALL_S),
        largest_answer_bytes=LARGEST_ANSWER_BYTES,
    )
    if isinstance(answer, NoAnswer):
        return Asked("down", is_failure=True, why=answer.kind)
    return replace(read(call, answer.status, answer.body), status=answer.status)


def _look_up_name(call: Call, ends_at: float) -> str:
    looking = _names.submit(hosts.choose_address, call.url, is_private=bool(call.is_private))
    try:
        return looking.result(timeout=ends_at - time.monotonic())
    except TimeoutError as error:
        raise hosts.AddressRefusedError("unresolved") from error


def fill_path(path: str, values: Mapping[str, Any]) -> str:
    """Fill the variables of a path: each is one piece of it, whatever signs it holds; dots alone climb nowhere."""
    return PLACE.sub(lambda match: _piece(_text(values.get(match[1]))), path)


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Fill the variables of a JSON template; one that stands alone keeps its type, and no text becomes structure."""
    if isinstance(template, dict):
        return {name: fill(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    alone = PLACE.fullmatch(template)
    if alone:
        return values.get(alone[1])
    return PLACE.sub(lambda match: _text(values.get(match[1])), template)


def read(call: Call, status: int, body: bytes) -> Asked:
    """Say what an answer means: the first rule that holds, else its status; variables are read only when it is `ok`."""
    try:
        document: Any = json.loads(body) if body else None
        is_readable = True
    except (ValueError, RecursionError):
        document, is_readable = None, False
    for rule in call.outcomes:
        if _holds(rule, status, document):
            return _mapped(call, rule.outcome, document) if rule.outcome == "ok" else Asked(rule.outcome)
    if status in SUCCESS:
        return _mapped(call, "ok", document) if is_readable else Asked("down", is_failure=True, why="not_json")
    if status in REFUSAL and status not in TOO_BUSY:
        return Asked("refused")
    return Asked("down", is_failure=True, why=f"HTTP {status}")


def look_up(document: Any, pointer: str) -> Any:
    """Return what a JSON pointer points at (RFC 6901), or a mark that there is nothing."""
    found = document
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isascii() and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        else:
            return _MISSING
    return found


def _pretend(call: Call) -> Asked:
    """Answer what was canned, or what is usual; slow and garbage are what they do to a flow: `down`."""
    if call.fake is FakeMode.SLOW:
        return Asked("down", is_failure=True, was_called=False, why="slow")
    if call.fake is FakeMode.GARBAGE:
        return Asked("down", is_failure=True, was_called=False, why="not_json")
    usual = Canned(status=422) if call.fake is FakeMode.REFUSED else Canned(body=_sample(call))
    canned = call.canned.get(call.fake, usual)
    return read(call, canned.status, json.dumps(canned.body).encode())


def _sample(call: Call) -> Any:
    """Make an answer that holds every variable, where none was written."""
    samples = {"int": 1, "money": 1_000, "phone": "+237699000001", "date": "2026-01-31"}
    document: dict[str, Any] = {}
    for output in call.outputs:
        place, tokens = document, output.pointer.split("/")[1:] or [output.name]
        for token in tokens[:-1]:
            place = place.setdefault(token, {})
        place[tokens[-1]] = samples.get(output.type, output.name)
    return document


def _holds(rule: OutcomeRule, status: int, document: Any) -> bool:
    if rule.status is not None and rule.status != status:
        return False
    if rule.pointer is None:
        return True
    found = look_up(document, rule.pointer)
    if found is _MISSING or type(found) is not type(rule.equals):
        return False
    return bool(found == rule.equals)


def _mapped(call: Call, outcome: str, document: Any) -> Asked:
    """Read the variables; one that is missing or of another type makes the whole answer useless."""
    values: dict[str, Any] = {}
    for output in call.outputs:
        found = look_up(document, output.pointer)
        if (found is _MISSING or found is None) and output.is_optional:
            values[output.name] = "" if output.type == "text" else None
            continue
        value = _typed(output, found)
        if value is None:
            return Asked("down", is_failure=True, why=f"{output.name}: {output.type}")
        values[output.name] = value
    return Asked(outcome, values)


def _typed(output: Output, found: Any) -> Any:
    """Return a value as the flow may hold it, None when it is of another type."""
    if isinstance(found, bool):
        return None
    match output.type:
        case "text" if isinstance(found, str | int | float):
            return str(found)[: output.max]
        case "int" | "money" if isinstance(found, int) or (isinstance(found, str) and _WHOLE.fullmatch(found)):
            return int(found) if abs(int(found)) < LARGEST else None
        case "phone" | "date" if isinstance(found, str):
            return _phone(found) if output.type == "phone" else _day(found)
    return None


def _phone(found: str) -> str | None:
    try:
        return normalise(found, None).e164
    except PhoneRefusal:
        return None


def _day(found: str) -> str | None:
    try:
        return date.fromisoformat(found[:10]).isoformat()
    except ValueError:
        return None


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _piece(text: str) -> str:
    escaped = quote(text, safe="")
    return escaped.replace(".", "%2E") if text.strip(".") == "" else escaped
