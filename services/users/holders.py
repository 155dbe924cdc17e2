"""Who holds each role: what the page of roles shows beside what they permit."""

from dataclasses import dataclass
from uuid import UUID

from core.database import Session, fetch_all
from core.permissions import Actor, Permission, Role, Scope
from services.users.people import name_of

MOST_HOLDERS = 500

HOLDERS = """
select u.id, u.first_name, u.last_name, u.email, u.phone, h.scope, h.role, coalesce(o.name, '') as organisation
from (
    select id as user_id, 'platform' as scope, global_role as role, null::uuid as organisation_id
    from users where global_role = 'admin'
    union all select user_id, scope, role, organisation_id from role_grant
) h
join users u on u.id = h.user_id
left join organisation o on o.id = h.organisation_id
where u.state = 'active'
order by french_key(u.first_name || ' ' || u.last_name), u.id
limit %s
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A person who holds a role; `organisation` is its name, in the organisation scope only."""

    user_id: UUID
    name: str
    scope: Scope
    role: Role
    organisation: str


def list_holders(session: Session, actor: Actor) -> list[Holder]:
    """Return who may act by each role but that of plain member, in French order of their names."""
    actor.require(Permission.ROLES_WRITE)
    return [
        Holder(
            user_id=row["id"],
            name=name_of(row["first_name"], row["last_name"], row["email"], row["phone"]),
            scope=Scope(row["scope"]),
            role=Role(row["role"]),
            organisation=row["organisation"],
        )
        for row in fetch_all(session, HOLDERS, (MOST_HOLDERS,))
    ]
