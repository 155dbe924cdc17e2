"""USSD dialogues as the console shows them: the open ones, one with its screens, those of a person.

A reader (`lecteur`) sees masked numbers and no texts; secrets are dotted since they were written.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.permissions import Actor, Permission
from core.phone import mask_phone
from services.shown import full_name, phone_for

# Reads


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One dialogue under way; the number is masked for everybody."""

    id: UUID
    phone: str
    service: str
    gateway: str
    network: str
    screen: str
    language: str
    turns: int
    begun_at: datetime
    last_activity_at: datetime


@dataclass(frozen=True, slots=True)
class SessionCard:
    """One dialogue: who, through what, how far, how it ended; `replays` counts answers given again."""

    id: UUID
    key: str
    phone: str
    user_id: UUID | None
    user_name: str
    gateway: str
    service: str
    version: int
    code: str
    network: str
    language: str
    screen: str
    state: str
    goal: str
    generation: int
    turns: int
    conflicts: int
    replays: int
    is_test: bool
    begun_at: datetime
    last_activity_at: datetime
    ended_at: datetime | None
    operation_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class SessionStep:
    """One turn: what was typed, what the phone showed (both None for who may not read texts), how it went."""

    number: int
    at: datetime
    typed: str | None
    shown: str | None
    screen: str
    coding: str
    size: int
    has_more: bool
    refusal: str
    is_error: bool
    elapsed_us: int
    replays: int


@dataclass(frozen=True, slots=True)
class PersonSession:
    """One line of a person's timeline."""

    id: UUID
    service: str
    screen: str
    state: str
    goal: str
    turns: int
    begun_at: datetime


def list_open_sessions(session: Session, actor: Actor, *, limit: int = 200) -> list[OpenSession]:
    """Return the open dialogues, last active first; those of a simulator are none."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        """
        select s.id, coalesce(s.phone, '') as phone, v.name as service, g.name as gateway, s.network, s.screen,
               s.language, s.turn_number as turns, s.created_at as begun_at, s.last_activity_at
        from ussd_session s join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
        where s.state = 'open' and not s.is_test order by s.last_activity_at desc, s.id desc limit %s
        """,
        (limit,),
    )
    return [OpenSession(**{**row, "phone": mask_phone(row["phone"]) if row["phone"] else ""}) for row in rows]


_CARD = """
select s.id, s.session_key as key, s.phone, s.user_id, coalesce(u.first_name, '') as first_name,
       coalesce(u.last_name, '') as last_name, g.name as gateway, v.name as service, f.number as version, s.code,
       s.network, s.language, s.screen, s.state, s.goal, s.generation, s.turn_number as turns, s.conflicts,
       s.is_test, s.created_at as begun_at, s.last_activity_at, s.ended_at,
       (select coalesce(sum(t.replays), 0)::int from ussd_turn t where t.session_id = s.id) as replays,
       array(select o.id from ussd_operation o where o.session_id = s.id order by o.created_at) as operation_ids
from ussd_session s join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
join flow_version f on f.id = s.version_id left join users u on u.id = s.user_id
where s.id = %s
"""


def get_session(session: Session, actor: Actor, session_id: UUID) -> SessionCard:
    """Return one dialogue, or refuse with `NotFound`."""
    actor.require(Permission.USSD_READ)
    row = fetch_one(session, _CARD, (session_id,))
    if row is None:
        raise NotFound(thing="session")
    name = full_name(row.pop("first_name"), row.pop("last_name"))
    row["phone"] = phone_for(actor, row["phone"])
    return SessionCard(**{**row, "user_name": name, "operation_ids": tuple(row["operation_ids"])})


def list_steps(session: Session, actor: Actor, session_id: UUID) -> list[SessionStep]:
    """Return a dialogue's turns in order, as they stood on the phone."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        "select number, created_at as at, input_text as typed, response_text as shown, screen_after as screen, coding,"
        " size, has_more, refusal, is_error, response_time_us as elapsed_us, replays"
        " from ussd_turn where session_id = %s and progress = 'done' order by number",
        (session_id,),
    )
    steps = [SessionStep(**row) for row in rows]
    if actor.may(Permission.USSD_TEXTS_READ):
        return steps
    return [replace(step, typed=None, shown=None) for step in steps]


def list_sessions_of(session: Session, actor: Actor, user_id: UUID, *, limit: int = 12) -> list[PersonSession]:
    """Return a person's dialogues, newest first."""
    actor.require(Permission.USSD_READ)
    rows: list[dict[str, Any]] = fetch_all(
        session,
        """
        select s.id, v.name as service, s.screen, s.state, s.goal, s.turn_number as turns, s.created_at as begun_at
        from ussd_session s join ussd_service v on v.id = s.service_id
        where s.phone = (select phone from users where id = %s) and s.created_at <= %s
        order by s.created_at desc, s.id desc limit %s
        """,
        (user_id, clock.now(), limit),
    )
    return [PersonSession(**row) for row in rows]
