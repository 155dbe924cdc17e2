"""Whose PIN is locked now, the longest first: what an operator is called about."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.permissions import Actor, Permission
from services.shown import full_name, phone_for

_LOCKED = """
from pin_credential p join users u on u.id = p.user_id
where p.needs_admin or p.locked_until > %s
"""

# Reads


@dataclass(frozen=True, slots=True)
class LockRow:
    """One locked PIN; `needs_operator` when time alone does not open it."""

    user_id: UUID
    name: str
    phone: str
    locks: int
    locked_until: datetime | None
    needs_operator: bool


def list_locks(session: Session, actor: Actor, *, limit: int = 50, offset: int = 0) -> list[LockRow]:
    """Return the locked PINs, those that wait for an operator first."""
    actor.require(Permission.SUBSCRIBERS_READ)
    rows = fetch_all(
        session,
        "select p.user_id, u.first_name, u.last_name, u.phone, p.locks, p.locked_until, p.needs_admin"
        f"{_LOCKED} order by p.needs_admin desc, p.locked_until desc nulls last, p.user_id limit %s offset %s",
        (clock.now(), limit, offset),
    )
    return [
        LockRow(
            user_id=row["user_id"],
            name=full_name(row["first_name"], row["last_name"]),
            phone=phone_for(actor, row["phone"]),
            locks=row["locks"],
            locked_until=row["locked_until"],
            needs_operator=row["needs_admin"],
        )
        for row in rows
    ]


def count_locks(session: Session, actor: Actor) -> int:
    """Return how many PINs are locked now."""
    actor.require(Permission.SUBSCRIBERS_READ)
    row = fetch_one(session, f"select count(*) as found {_LOCKED}", (clock.now(),))
    return int(row["found"]) if row else 0
