"""What administrators do with people: create, close, open, give and take roles. One administrator always remains."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import Field
from sqlmodel import col, func, select

from core.database import Session, driver, keep
from core.errors import InvalidInput
from core.i18n import DEFAULT_LANGUAGE, t
from core.orders import Order
from core.permissions import GRANTS, SYSTEM, Actor, Permission, Role, Scope
from core.security import make_temporary_password
from core.states import transition
from models.organisations import Organisation, RoleGrant
from models.users import USER_STEPS, CodePurpose, User, UserState
from services import audit
from services.users import codes, hashing
from services.users.accounts import insert_user, require_free
from services.users.codes import Link
from services.users.consoles import close_consoles
from services.users.contacts import require_email, require_phone
from services.users.passwords import set_password
from services.users.people import UserRow, described, load_user
from services.users.refusals import LastAdmin, Oneself
from services.users.tokens import revoke_families

ADMINS_LOCK = 0x50414C_41444D  # «PAL ADM»: two administrators who close each other do it one after the other


class CreateUser(Order):
    """A person made by an administrator, with at most one role from the start."""

    email: str = Field(max_length=254)
    first_name: str = Field(min_length=1, max_length=100)
    last_name: str = Field(min_length=1, max_length=100)
    phone: str | None = None
    username: str | None = Field(default=None, max_length=150)
    country: str = ""
    language: str = DEFAULT_LANGUAGE
    global_role: Role = Role.MEMBRE
    scope: Scope | None = None
    role: Role | None = None
    organisation_id: UUID | None = None


class ChangeRole(Order):
    """A role to give or to take; in the organisation scope it names the organisation."""

    user_id: UUID
    scope: Scope
    role: Role
    organisation_id: UUID | None = None


class SetGlobalRole(Order):
    """`admin` or `membre`."""

    user_id: UUID
    role: Role


@dataclass(frozen=True, slots=True, repr=False)
class UserCreated:
    """The person, and the two ways in: a password to hand over or a link. Shown once; using either kills the other."""

    user: UserRow
    temporary_password: str
    invitation: Link


def create_user(session: Session, actor: Actor, order: CreateUser) -> UserCreated:
    """Make a person with a temporary password and an invitation by e-mail, both dead after 72 hours."""
    actor.require(Permission.USERS_WRITE)
    if order.global_role is not Role.MEMBRE or order.role is not None:
        actor.require(Permission.ROLES_WRITE)
    email = require_email(order.email)
    phone = require_phone(order.phone, order.country) if order.phone else None
    if order.scope is not None and order.role is not None:
        _require_assignable(session, order.scope, order.role, order.organisation_id)
    require_free(session, email, phone)
    keep(session)
    password = make_temporary_password()
    password_hash = hashing.hash_password(password)
    user = User(
        email=email,
        phone=phone,
        username=order.username or email,
        global_role=_global(order.global_role),
        **order.model_dump(include={"first_name", "last_name", "country", "language"}),
    )
    insert_user(session, user)
    set_password(session, user, password_hash, is_temporary=True)
    changes = {"global_role": user.global_role, "role": order.role, "scope": order.scope}
    audit.record(session, actor, "user.create", "user", user.id, changes=changes)
    if order.scope is not None and order.role is not None:
        _grant(session, actor, user, order.scope, order.role, order.organisation_id)
    session.flush()
    return UserCreated(described(session, user), password, codes.send_link(session, user, CodePurpose.INVITE))


def create_first_admin(session: Session, email: str, first_name: str, last_name: str) -> UserCreated:
    """Make an administrator from the machine itself: the only way to the first one, and never with a known password."""
    order = CreateUser(email=email, first_name=first_name, last_name=last_name, global_role=Role.ADMIN)
    return create_user(session, SYSTEM, order)


def close_user(session: Session, actor: Actor, user_id: UUID) -> UserRow:
    """Close an account: it signs in no more, and every session ends; `Oneself`, `LastAdmin`."""
    user = _load_other(session, actor, user_id)
    if user.global_role == Role.ADMIN:
        _require_another_admin(session, user)
    transition(user, USER_STEPS, UserState.CLOSED)
    session.add(user)
    revoke_families(session, user.id)
    close_consoles(session, user.id)
    codes.kill_codes(session, user.id, *CodePurpose)
    audit.record(session, actor, "user.close", "user", user.id)
    return described(session, user)


def reopen_user(session: Session, actor: Actor, user_id: UUID) -> UserRow:
    """Open a closed or suspended account again; one that is open stays so."""
    actor.require(Permission.USERS_WRITE)
    user = load_user(session, user_id)
    if user.state != UserState.ACTIVE:
        transition(user, USER_STEPS, UserState.ACTIVE)
        session.add(user)
        audit.record(session, actor, "user.reopen", "user", user.id)
    return described(session, user)


def set_global_role(session: Session, actor: Actor, order: SetGlobalRole) -> UserRow:
    """Make another person an administrator of the platform, or a plain member again; `Oneself`, `LastAdmin`."""
    actor.require(Permission.ROLES_WRITE)
    role = _global(order.role)
    user = _load_other(session, actor, order.user_id)
    if user.global_role == role:
        return described(session, user)
    if user.global_role == Role.ADMIN:
        _require_another_admin(session, user)
    changes = {"global_role": [user.global_role, role]}
    user.global_role = role
    session.add(user)
    audit.record(session, actor, "user.global_role", "user", user.id, changes=changes)
    return described(session, user)


def grant_role(session: Session, actor: Actor, order: ChangeRole) -> UserRow:
    """Give a role in an organisation or on a service; one that is held already changes nothing."""
    actor.require(Permission.ROLES_WRITE)
    if order.scope is Scope.PLATFORM:
        return set_global_role(session, actor, SetGlobalRole(user_id=order.user_id, role=order.role))
    _require_assignable(session, order.scope, order.role, order.organisation_id)
    user = load_user(session, order.user_id)
    if _find(session, order) is None:
        _grant(session, actor, user, order.scope, order.role, order.organisation_id)
    session.flush()
    return described(session, user)


def revoke_role(session: Session, actor: Actor, order: ChangeRole) -> UserRow:
    """Take a role away; one that is not held changes nothing. It counts at the person's very next request."""
    actor.require(Permission.ROLES_WRITE)
    if order.scope is Scope.PLATFORM:
        return set_global_role(session, actor, SetGlobalRole(user_id=order.user_id, role=Role.MEMBRE))
    user = load_user(session, order.user_id)
    grant = _find(session, order)
    if grant is not None:
        session.delete(grant)
        _audit_role(session, actor, "user.role_revoke", user, order.scope, order.role, order.organisation_id)
    session.flush()
    return described(session, user)


def _load_other(session: Session, actor: Actor, user_id: UUID) -> User:
    actor.require(Permission.USERS_WRITE)
    driver(session).execute("select pg_advisory_xact_lock(%s)", (ADMINS_LOCK,))
    user = load_user(session, user_id)
    if user.id == actor.user_id:
        raise Oneself
    return user


def _require_another_admin(session: Session, user: User) -> None:
    others = session.exec(
        select(func.count())
        .select_from(User)
        .where(User.global_role == Role.ADMIN, User.state == UserState.ACTIVE, col(User.id) != user.id)
    ).one()
    if others == 0:
        raise LastAdmin


def _require_assignable(session: Session, scope: Scope, role: Role, organisation_id: UUID | None) -> None:
    if scope is Scope.PLATFORM or (scope, role) not in GRANTS:
        raise InvalidInput({"role": t("ce rôle n'existe pas à cet endroit")})
    if (scope is Scope.ORGANISATION) != (organisation_id is not None):
        raise InvalidInput({"organization_id": t("ce rôle demande une organisation, et elle seule")})
    organisation = session.get(Organisation, organisation_id) if organisation_id else None
    if organisation_id is not None and (organisation is None or not organisation.is_active):
        raise InvalidInput({"organization_id": t("organisation inconnue ou fermée")})


def _global(role: Role) -> Role:
    if (Scope.PLATFORM, role) not in GRANTS:
        raise InvalidInput({"role": t("ce rôle n'existe pas à cet endroit")})
    return role


def _find(session: Session, order: ChangeRole) -> RoleGrant | None:
    query = select(RoleGrant).where(
        RoleGrant.user_id == order.user_id,
        RoleGrant.scope == order.scope,
        RoleGrant.role == order.role,
        RoleGrant.organisation_id == order.organisation_id,
    )
    return session.exec(query).first()


def _grant(session: Session, actor: Actor, user: User, scope: Scope, role: Role, organisation_id: UUID | None) -> None:
    session.add(
        RoleGrant(user_id=user.id, scope=scope, role=role, organisation_id=organisation_id, granted_by=actor.user_id)
    )
    _audit_role(session, actor, "user.role_grant", user, scope, role, organisation_id)


def _audit_role(
    session: Session,
    actor: Actor,
    action: str,
    user: User,
    scope: Scope,
    role: Role,
    organisation_id: UUID | None,
) -> None:
    changes = {"scope": scope, "role": role}
    audit.record(session, actor, action, "user", user.id, changes=changes, organisation_id=organisation_id)
