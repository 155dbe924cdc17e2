"""Organisations, and the roles people hold in them and on services."""

from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from core.permissions import Role, Scope
from core.states import one_of
from models.base import Table, check


class Organisation(Table, table=True):
    """A body with its own people, accounts and batches."""

    __tablename__ = "organisation"

    code: str = Field(unique=True)
    name: str
    country: str = ""
    timezone: str = "Africa/Porto-Novo"
    is_active: bool = True


class RoleGrant(Table, table=True):
    """A role a person holds in a scope; `organisation_id` is set in the organisation scope only."""

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            "uq_role_grant_user_id_scope_role_organisation_id",
            "user_id",
            "scope",
            "role",
            "organisation_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        check("scope", one_of("scope", Scope)),
        check("role", one_of("role", Role)),
        check("organisation", "(scope = 'organisation') = (organisation_id is not null)"),
    )

    user_id: UUID = Field(foreign_key="users.id", ondelete="CASCADE")
    scope: str
    role: str
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id", index=True)
    granted_by: UUID | None = Field(default=None, foreign_key="users.id")
