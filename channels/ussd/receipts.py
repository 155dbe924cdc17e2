"""The two database calls of a turn, typed: open it, keep its lease through a slow step, close it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from channels.ussd.gateways import Gateway
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.wire import GatewayTurn
from core import clock, ids
from core.database import Session, driver
from core.security import input_mac


@dataclass(frozen=True, slots=True)
class Digests:
    """Keyed digests of one request; the request itself is never stored."""

    identity: bytes | None
    input: bytes
    length: int
    prefix_lengths: list[int]
    prefix_macs: list[bytes]
    again: bytes | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What `ussd_turn_open` found: the verdict, and the rows it rests on."""

    turn_id: UUID
    verdict: str
    session: dict[str, Any]
    service: dict[str, Any]
    caller: dict[str, Any] | None
    resume: dict[str, Any] | None
    tail: str | None
    input_offset: int
    wire: bytes | None
    is_begin: bool
    is_restart: bool
    replayed: dict[str, Any] | None
    switched: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Closing:
    """Everything the receipt and the session keep of a turn."""

    input_text: str
    response_text: str
    coding: str
    size: int
    has_more: bool
    wire: bytes
    refusal: str
    operation_id: UUID | None
    is_error: bool
    elapsed_us: int
    state: str
    user_id: UUID | None
    language: str
    screen: str
    page: int
    visit: int
    data: dict[str, Any]
    scratch: dict[str, Any]
    refusals: int
    goal: str
    has_committed: bool
    is_secret: bool
    version_id: UUID | None
    moved_id: UUID | None
    seen_id: UUID | None


def digest(gateway: Gateway, turn: GatewayTurn) -> Digests:
    """Digest a request under the input key: its identity, its input, and every prefix that ends before a star."""
    place = (gateway.key, turn.session_key)
    if turn.transcript is None:
        identity = input_mac(*place, "turn", *map(str, turn.identity)) if turn.identity is not None else None
        again = input_mac(*place, "again", *map(str, turn.again)) if turn.again is not None else None
        return Digests(identity, input_mac(*place, turn.message), 0, [], [], again)
    text = turn.transcript
    whole = input_mac(*place, text)
    stars = [position for position, character in enumerate(text) if character == "*"]
    return Digests(whole, whole, len(text), stars, [input_mac(*place, text[:position]) for position in stars])


def open_turn(
    session: Session, gateway: Gateway, contract: Contract, turn: GatewayTurn, digests: Digests, *, is_test: bool
) -> Opened:
    """Lock or begin the session and learn what this request is; one round trip."""
    turn_id = ids.new_id()
    with driver(session).cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select *, ussd_switched() as switched from ussd_turn_open("
            "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
            " %s::int[], %s::bytea[], %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                gateway.id,
                turn.session_key,
                turn.phone,
                turn.code,
                turn.dialled,
                gateway.default_service_id,
                turn.network,
                gateway.language_of(turn),
                is_test,
                contract.is_cumulative,
                turn.reuse,
                contract.idle_s,
                contract.total_s,
                digests.identity,
                digests.input,
                digests.length,
                digests.prefix_lengths,
                digests.prefix_macs,
                turn.received_at,
                clock.now(),
                ids.new_id(),
                turn.kind,
                digests.again,
                turn.is_code_typed,
                gateway.refuses_unknown_codes,
                contract.profile.begin_again == "refuse",
            ),
        ).fetchone()
    assert row is not None  # noqa: S101  # a function with OUT parameters always returns one row
    return Opened(turn_id=turn_id, **{**row, "session": row["session"] or {}, "service": row["service"] or {}})


def stand_on(session: Session, opened: Opened, version_id: UUID) -> Opened:
    """Let a session that has just begun stand on a version of its menu that nobody else walks; a test alone may."""
    row = driver(session).execute(
        "update ussd_session s set version_id = f.id from flow_version f, ussd_service v"
        " where s.id = %s and s.is_test and v.id = s.service_id and f.id = %s and f.flow_id = v.flow_id"
        " returning f.id::text",
        (opened.session["id"], version_id),
    ).fetchone()  # fmt: skip
    return replace(opened, session={**opened.session, "version_id": row[0]}) if row else opened


def lease(session: Session, opened: Opened, digests: Digests, lease_s: float) -> None:
    """Keep a running receipt while a slow step is worked out with no lock held; the caller commits."""
    now = clock.now()
    driver(session).execute(
        "select ussd_turn_lease(%s, %s, %s, %s, %s, %s)",
        (
            opened.turn_id,
            opened.session["id"],
            _identity(opened, digests),
            digests.input,
            now,
            now + timedelta(seconds=lease_s),
        ),
    )


_TAKE_UP = """
select ussd_turn_resume(%(turn)s, %(session)s), ussd_switched(), (
    select jsonb_build_object('', jsonb_build_object(
        'state', case when v.state <> 'live' then v.state else g.state end, 'text', v.state_text))
    from ussd_session s join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
    where s.id = %(session)s and (v.state <> 'live' or g.state <> 'live'))
"""


def take_up(session: Session, opened: Opened) -> dict[str, Any] | None:
    """Lock the session again after a slow step; None when somebody else took the turn over.

    What is returned is what was switched off meanwhile: `opened` knows only what was off before.
    """
    asked = {"turn": opened.turn_id, "session": opened.session["id"]}
    row = driver(session).execute(_TAKE_UP, asked).fetchone()
    return {**(row[2] or {}), **row[1]} if row and row[0] else None


def close_turn(session: Session, opened: Opened, digests: Digests, received_at: datetime, closing: Closing) -> None:
    """Write the receipt and the session; one round trip, then the caller commits."""
    driver(session).execute(
        "select ussd_turn_close(" + ", ".join(["%s"] * 34) + ")",
        (
            opened.turn_id,
            opened.session["id"],
            _identity(opened, digests),
            digests.input,
            closing.input_text,
            closing.response_text,
            closing.coding,
            closing.size,
            closing.has_more,
            closing.wire,
            closing.refusal,
            closing.operation_id,
            closing.is_error,
            received_at,
            clock.now(),
            closing.elapsed_us,
            closing.state,
            closing.user_id,
            closing.language,
            closing.screen,
            closing.page,
            closing.visit,
            Jsonb(closing.data),
            Jsonb(closing.scratch),
            closing.refusals,
            closing.goal,
            closing.has_committed,
            digests.length,
            digests.identity,
            closing.is_secret,
            closing.version_id,
            closing.moved_id,
            closing.seen_id,
            digests.again,
        ),
    )


def record_notice(session: Session, gateway: Gateway, turn: GatewayTurn) -> UUID | None:
    """Note what the gateway tells of a dialogue; return its id, None when it is nobody's."""
    row = driver(session).execute(
        "select ussd_turn_notice(%s, %s, %s, %s, %s, %s)",
        (gateway.id, turn.session_key, turn.phone, turn.kind, Jsonb(dict(turn.event)), clock.now()),
    ).fetchone()  # fmt: skip
    return row[0] if row else None


def phone_code(session: Session, service_id: str) -> str:
    """Return a code that leads to a service on the phone's own keypad, empty when there is none."""
    row = driver(session).execute(
        "select code from ussd_route where service_id = %s and code ~ '^[*#]' order by gateway_id nulls first, code"
        " limit 1",
        (service_id,),
    ).fetchone()  # fmt: skip
    return str(row[0]) if row else ""


def record_failure(session: Session, opened: Opened) -> None:
    """Count a turn that was rolled back as an error of its session, under an identity that nothing will ever repeat."""
    driver(session).execute("select ussd_turn_fail(%s, %s, %s)", (opened.turn_id, opened.session["id"], clock.now()))


def _identity(opened: Opened, digests: Digests) -> bytes:
    """Under the last-turn rule the identity is the turn's number; the input's digest stands beside it."""
    return digests.identity or int(opened.session["turn_number"]).to_bytes(4, "big")
