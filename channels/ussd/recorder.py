"""The wire recorder: the last exchanges of each gateway, redacted before they exist (`docs/ussd.md`, 8.5).

A turn notes what it may show and goes on; a thread of its own writes what was noted, a moment later.
"""

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog

from channels.ussd.gateways import Gateway
from channels.ussd.profiles.wire import GatewayTurn, address_mark
from channels.ussd.turn import Answer
from core import clock, ids, live
from core.database import get_database
from services import wire_records
from services.wire_records import Noted

EVERY_S = 0.5
LONGEST_VALUE = 200
HEADERS = frozenset(
    {"content-type", "user-agent", "user-msisdn", "user-sessionid", "hub-ussdcode", "user-session",
     "session-state", "user-language", "user-country", "user-operator-name", "x-request-id"}
)  # fmt: skip

_log = structlog.get_logger(__name__)
_waiting: dict[UUID, deque[Noted]] = {}
_bell = threading.Event()
_writer: list[threading.Thread] = []


def note(  # one exchange, all of it
    gateway: Gateway,
    method: str,
    headers: Mapping[str, str],
    names: dict[str, int],
    turn: GatewayTurn | None,
    answer: Answer,
    started: float,
) -> None:
    """Note an exchange; nothing waits for it to be written."""
    exchange = describe(gateway, method, headers, names, turn, answer)
    drift_ms = None
    if turn is not None and turn.event_time is not None:
        drift_ms = max(min(int((turn.received_at - turn.event_time).total_seconds() * 1000), 2**31 - 1), -(2**31))
    _keep(gateway.id, answer.outcome, exchange, started, drift_ms)


def describe(
    gateway: Gateway,
    method: str,
    headers: Mapping[str, str],
    names: dict[str, int],
    turn: GatewayTurn | None,
    answer: Answer,
) -> dict[str, Any]:
    """Return what is shown of an exchange. What may be a late secret, or was not understood: names and lengths only."""
    exchange: dict[str, Any] = {
        "method": method,
        "answer": answer.wire.body.decode("utf-8", "replace").replace(address_mark(), "…"),
        "media_type": answer.wire.media_type,
        "answer_headers": dict(answer.wire.headers),
        "text": answer.text,
        "continue": answer.has_more,
        "turn_number": answer.turn_number,
    }
    if turn is None or answer.typed is None:
        exchange["lengths"] = names
    else:
        exchange["headers"] = {name: value[:LONGEST_VALUE] for name, value in headers.items() if name in HEADERS}
        exchange["fields"] = _fields(gateway, turn, answer.typed)
        exchange["ignored"] = sorted(names.keys() - exchange["fields"].keys() - headers.keys())
        exchange["turn"] = _described(turn, answer.typed)
    return exchange


def note_refused(gateway: Gateway, method: str, names: dict[str, int], outcome: str, started: float) -> None:
    """Note a request that was not understood, as field names and lengths only."""
    _keep(gateway.id, outcome, {"method": method, "lengths": names}, started, None)


def flush() -> int:
    """Write what waits; return how many exchanges."""
    batch: list[Noted] = []
    for waiting in list(_waiting.values()):
        while waiting:
            batch.append(waiting.popleft())
    if batch:
        with get_database().transaction() as session:
            wire_records.write(session, batch)
        live.ring(wire_records.TOPIC)
    return len(batch)


def _keep(gateway_id: UUID, outcome: str, exchange: dict[str, Any], started: float, drift_ms: int | None) -> None:
    elapsed_us = int((time.perf_counter() - started) * 1_000_000)
    # What would be forgotten at once is never written: of each gateway only the last two hundred wait.
    waiting = _waiting.setdefault(gateway_id, deque(maxlen=wire_records.KEPT))
    waiting.append(Noted(ids.new_id(), clock.now(), gateway_id, outcome, exchange, elapsed_us, drift_ms))
    if not _writer:
        _writer.append(threading.Thread(target=_write, name="wire-recorder", daemon=True))
        _writer[0].start()
    if not _bell.is_set():
        _bell.set()


def _write() -> None:
    while True:
        _bell.wait()
        time.sleep(EVERY_S)
        _bell.clear()
        try:
            flush()
        except Exception:  # noqa: BLE001  # a record that is lost must never stop the recorder
            _log.warning("ussd.records_lost")


def _fields(gateway: Gateway, turn: GatewayTurn, typed: str) -> dict[str, Any]:
    """Return the fields the profile knows, what was typed in its redacted form."""
    profile = gateway.contract.profile
    shown = {name: turn.raw[name] for name in gateway.contract.known_names if name in turn.raw}
    for names, value in ((profile.fields.input, "" if turn.tail else typed), (profile.fields.tail, typed)):
        for name in names:
            if shown.get(name):
                shown[name] = value
    return {name: value[:LONGEST_VALUE] if isinstance(value, str) else value for name, value in shown.items()}


def _described(turn: GatewayTurn, typed: str) -> dict[str, Any]:
    told = {
        "session_key": turn.session_key,
        "msisdn": turn.phone,
        "service_code": turn.code,
        "kind": turn.kind,
        "typed": typed,
        "network": turn.network,
        "language": turn.language,
    }
    return {name: value for name, value in told.items() if value} | ({"event": dict(turn.event)} if turn.event else {})
