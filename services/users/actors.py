"""Who asks: a proof of identity becomes an `Actor`, whose rights are read from the database at that very moment."""

from typing import Any
from uuid import UUID

from core import clock
from core.database import Session, fetch_one
from core.errors import NotSignedIn
from core.permissions import Actor, Grant, Role, Scope
from models.users import User, UserState
from services.users.people import name_of

PERSON = """
    u.id, u.email, u.phone, u.first_name, u.last_name, u.language, u.global_role, u.state, u.must_change_password,
    coalesce((select jsonb_agg(jsonb_build_array(g.scope, g.role, g.organisation_id) order by g.id)
              from role_grant g where g.user_id = u.id), '[]') as grants
"""

BY_FAMILY = f"""
select {PERSON}, f.family_id as session_id
from users u
cross join lateral (
    select r.family_id from refresh_token r
    where r.family_id = %(family)s and r.user_id = u.id and r.revoked_at is null and r.expires_at > %(now)s
    limit 1
) f
where u.id = %(user)s
"""


def person_actor(row: dict[str, Any], address: str) -> Actor:
    """Return the actor for a row of `PERSON` with its `session_id`."""
    return Actor(
        user_id=row["id"],
        name=name_of(row["first_name"], row["last_name"], row["email"], row["phone"]),
        grants=(Grant(Scope.PLATFORM, Role(row["global_role"])), *map(_grant, row["grants"])),
        language=row["language"],
        address=address,
        session_id=row["session_id"],
        must_change_password=row["must_change_password"],
    )


def actor_of_family(session: Session, user_id: UUID, family_id: UUID, address: str) -> Actor:
    """Return who holds a living family of refresh tokens, or refuse with `NotSignedIn`."""
    row = fetch_one(session, BY_FAMILY, {"user": user_id, "family": family_id, "now": clock.now()})
    if row is None or row["state"] != UserState.ACTIVE:
        raise NotSignedIn
    return person_actor(row, address)


def himself(user: User, address: str) -> Actor:
    """Return a person as the author of his own sign-in, without rights: for the trail only."""
    name = name_of(user.first_name, user.last_name, user.email, user.phone)
    return Actor(user_id=user.id, name=name, language=user.language, address=address)


def _grant(triple: list[str]) -> Grant:
    scope, role, organisation_id = triple
    return Grant(Scope(scope), Role(role), UUID(organisation_id) if organisation_id else None)
