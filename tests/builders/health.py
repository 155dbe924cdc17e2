"""Figures of the identifiers without people: conversations as their events tell them, and codes."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import ids
from core.database import Session, driver, fetch_one
from core.permissions import Actor, Grant, Role, Scope
from core.settings import get_settings
from models.users import User
from services.ciu.store import programmes

QUESTIONS = ("birth_year", "mother_birthplace", "first_name", "birth_day", "family_name")
OPERATEUR = Actor(UUID(int=1), "Olga", (Grant(Scope.CIU, Role.OPERATEUR),))
LECTEUR = Actor(UUID(int=2), "Luc", (Grant(Scope.CIU, Role.LECTEUR),))
ADMIN = Actor(UUID(int=3), "Ada", (Grant(Scope.PLATFORM, Role.ADMIN),))
NOBODY = Actor(UUID(int=4), "Nina", (Grant(Scope.PLATFORM, Role.MEMBRE),))

_EVENT = """
insert into ciu_event (id, created_at, programme_id, conversation_id, recipe_id, name, question, error, language,
    is_test) values (%s, %s, %s, %s, null, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A conversation: how many questions were answered, what was refused on which, and how it ended ('' goes on)."""

    end: str = "issued_new"
    answered: int = 5
    refused: tuple[tuple[str, str], ...] = ()
    language: str = "fr"
    seconds: int = 90
    is_test: bool = False


def open_programme(session: Session) -> UUID:
    """Install the default programme and return its id."""
    programmes.install(session, get_settings())
    return programmes.get_default(session).id


def write_actors(session: Session) -> None:
    """Let the actors of these tests be people that rows can point to."""
    for actor in (OPERATEUR, LECTEUR, ADMIN):
        session.add(User(id=actor.user_id or UUID(int=0), first_name=actor.name))


def add_conversation(session: Session, programme_id: UUID, at: datetime, told: Told) -> UUID:
    """Write the events of a conversation begun at `at`."""
    conversation_id, rows = uuid.uuid4(), list[tuple[Any, ...]]()
    asked = min(told.answered + 1, len(QUESTIONS))
    lines = [("started", "", "")]
    for place in range(asked):
        lines.append(("asked", QUESTIONS[place], ""))
        lines += [("refused", question, error) for question, error in told.refused if question == QUESTIONS[place]]
        if place < told.answered:
            lines.append(("answered", QUESTIONS[place], ""))
    if told.end.startswith("issued"):
        lines.append(("confirmed", "", ""))
    if told.end:
        lines.append((told.end, "", ""))
    for number, (name, question, error) in enumerate(lines):
        moment = at + timedelta(seconds=told.seconds * number / (len(lines) - 1))
        rows.append(
            (ids.new_id(), moment, programme_id, conversation_id, name, question, error, told.language, told.is_test)
        )
    with driver(session).cursor() as cursor:
        cursor.executemany(_EVENT, rows)
    return conversation_id


def add_code(
    session: Session, programme_id: UUID, at: datetime, code: str | None, phone: str = "", **more: Any
) -> UUID:
    """Write a living code, held by a number if one is given."""
    record_id = ids.new_id()
    identity_id = _identity(session, at, phone) if phone else None
    row: dict[str, Any] = {
        "id": record_id,
        "created_at": at,
        "code": code,
        "programme_id": programme_id,
        "first_identity_id": identity_id,
        "ordinal": 1,
        "language": "fr",
        "source": "chat",
        "is_test": False,
        **more,
    }
    driver(session).execute(
        f"insert into ciu_record ({', '.join(row)}) values ({', '.join(f'%({name})s' for name in row)})", row
    )
    if identity_id is not None:
        driver(session).execute(
            "insert into ciu_record_identity (id, created_at, record_id, identity_id, is_origin, last_at, times)"
            " values (%s, %s, %s, %s, true, %s, 1)",
            (ids.new_id(), at, record_id, identity_id, at),
        )
    return record_id


def _identity(session: Session, at: datetime, phone: str) -> UUID:
    known = fetch_one(session, "select id from ciu_identity where value = %s", (phone,))
    if known is not None:
        return UUID(str(known["id"]))
    identity_id = ids.new_id()
    driver(session).execute(
        "insert into ciu_identity (id, created_at, kind, value, lookup, lookup_version, language, last_inbound_at,"
        " minute_at, minute_count, is_test) values (%s, %s, 'phone', %s, %s, 1, '', %s, %s, 0, false)",
        (identity_id, at, phone, phone.encode(), at, at),
    )
    return identity_id
