"""USSD as an operator sees it: open sessions, turns, their screens, and the end of a session."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from core import clock, states
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import InvalidInput, NotFound
from core.ids import parse_id
from core.permissions import Actor, Permission
from core.phone import mask_phone
from models.ussd import SESSION_STEPS, SessionState, UssdSession
from services import audit

MOST_COUNTED = 10_000  # who asks every second never has a table counted
_NEWEST = """(
    select * from ussd_turn
    where progress = 'done' and (%(before)s::timestamptz is null or created_at < %(before)s)
    order by created_at desc limit %(most)s
)"""


class EndSession(BaseModel):
    """An operator's order to end a dialogue: its next turn gets an END."""

    model_config = ConfigDict(frozen=True)

    session_id: UUID
    reason: str


def end_session(session: Session, actor: Actor, order: EndSession) -> None:
    """End an open session; what was committed in it stands."""
    actor.require(Permission.USSD_ACT)
    row = session.get(UssdSession, order.session_id, with_for_update=True)
    if row is None:
        raise NotFound(thing="session")
    states.transition(row, SESSION_STEPS, SessionState.ENDED)
    row.ended_at = clock.now()
    row.scratch = {}
    audit.record(session, actor, "ussd.end_session", "ussd_session", str(row.id), summary=order.reason)


def mark_undelivered(session: Session, turn_id: UUID) -> None:
    """Note that the gateway had gone before its answer was written: the next begin shows the result."""
    driver(session).execute("update ussd_turn set is_delivered = false where id = %s", (turn_id,))


# Reads


def list_open(session: Session, actor: Actor, *, limit: int = 100, offset: int = 0) -> dict[str, Any]:
    """Return the open sessions, last active first, phones masked; `total` counts all of them."""
    require_reader(actor)
    rows = fetch_all(
        session,
        """
        select s.id::text as id, s.session_key as session_id, s.user_id::text as user_id, s.created_at as started_at,
               s.last_activity_at as last_activity, s.screen as current_menu, v.key as service, g.key as gateway,
               s.phone, s.language, s.turn_number as turns, s.network, s.is_test, count(*) over () as total
        from ussd_session s join ussd_service v on v.id = s.service_id join ussd_gateway g on g.id = s.gateway_id
        where s.state = 'open' order by s.last_activity_at desc limit %s offset %s
        """,
        (limit, offset),
    )
    total = rows[0]["total"] if rows else count_open(session)
    for row in rows:
        del row["total"]
        row["phone"] = mask_phone(row["phone"]) if row["phone"] else None
        row["started_at"], row["last_activity"] = _utc(row["started_at"]), _utc(row["last_activity"])
    return {"total": total, "sessions": rows}


def count_open(session: Session) -> int:
    """Count the open sessions."""
    row = fetch_one(session, "select count(*) as total from ussd_session where state = 'open'")
    return int(row["total"]) if row else 0


@dataclass(frozen=True, slots=True)
class SessionFound:
    """A dialogue found by its key, ours or the gateway's; the number is masked."""

    id: UUID
    key: str
    service: str
    phone: str
    state: str
    started_at: datetime


def find_sessions(session: Session, actor: Actor, key: str, *, limit: int = 5) -> list[SessionFound]:
    """Return the dialogues that have exactly this key, newest first: gateways may use one again."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        """
        select s.id, s.session_key as key, v.name as service, coalesce(s.phone, '') as phone, s.state,
               s.created_at as started_at
        from ussd_session s join ussd_service v on v.id = s.service_id
        where s.id in (
            select k.id from ussd_gateway g join ussd_session k on k.gateway_id = g.id and k.session_key = %s
            union select id from ussd_session where id = %s
        ) order by s.created_at desc limit %s
        """,
        (key, parse_id(key), limit),
    )
    return [SessionFound(**{**row, "phone": mask_phone(row["phone"]) if row["phone"] else ""}) for row in rows]


def list_turns(
    session: Session,
    actor: Actor,
    *,
    limit: int = 100,
    session_id: str | None = None,
    is_error: bool | None = None,
    before: str | None = None,
    has_texts: bool = True,
) -> dict[str, Any]:
    """Return the newest turns: redacted input, answer, screen, time; `session_id` takes our id or the gateway's.

    `total` counts what the filters find among the newest `MOST_COUNTED` turns, or in the session asked for.
    """
    require_reader(actor)
    filters = {
        "limit": limit,
        "is_error": is_error,
        "before": _instant(before),
        "session": parse_id(session_id) if session_id else None,
        "key": session_id,
        "has_texts": has_texts,
    }
    where = """
        t.progress = 'done'
        and (%(is_error)s::boolean is null or t.is_error = %(is_error)s)
        and (%(before)s::timestamptz is null or t.created_at < %(before)s)
        and (%(key)s::text is null or s.session_key = %(key)s or s.id = %(session)s::uuid)
    """
    rows = fetch_all(
        session,
        f"""
        select t.id::text as id, s.user_id::text as user_id, s.session_key as session_id,
               case when %(has_texts)s then t.input_text end as input_text,
               case when %(has_texts)s then t.response_text end as response_text,
               t.screen_after as menu_level, t.created_at, t.response_time_us / 1000.0 as response_time_ms, t.is_error
        from ussd_turn t join ussd_session s on s.id = t.session_id
        where {where} order by t.created_at desc, t.id desc limit %(limit)s
        """,
        filters,
    )
    total = fetch_one(
        session,
        f"select count(*) as total from {_NEWEST if session_id is None else 'ussd_turn'} t"
        f" join ussd_session s on s.id = t.session_id where {where}",
        {**filters, "most": MOST_COUNTED},
    )
    for row in rows:
        row["created_at"] = _utc(row["created_at"])
        row["response_time_ms"] = round(float(row["response_time_ms"]), 2)
    return {"total": max(int(total["total"]) if total else 0, len(rows)), "logs": rows}


def require_reader(actor: Actor) -> None:
    """Refuse who may not read the figures of USSD: a key by its scope, a person by his role."""
    if "ussd:read" not in actor.key_scopes:
        actor.require(Permission.USSD_READ)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput({"before": "date attendue, par exemple 2026-11-21T09:00:00Z"}) from error


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
