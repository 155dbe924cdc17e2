"""People as the doors show them: rows of `users` with their roles and their organisation, and how to find them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from core import clock
from core.database import Session
from core.orders import Order
from core.permissions import Actor, Permission, Role, Scope
from models.organisations import Organisation, RoleGrant
from models.users import User, UserState
from services import audit, organisations
from services.organisations import OrganisationRow
from services.searching import containing
from services.users.refusals import SomeoneElsesProfile, UserNotFound

LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role held in a scope."""

    scope: Scope
    role: Role
    organisation: OrganisationRow | None = None


@dataclass(frozen=True, slots=True)
class UserRow:
    """A person, without any secret."""

    id: UUID
    email: str | None
    phone: str | None
    username: str
    first_name: str
    last_name: str
    global_role: Role
    roles: tuple[RoleRow, ...]
    state: UserState
    is_email_proved: bool
    is_phone_proved: bool
    has_password: bool
    has_totp: bool
    must_change_password: bool
    profile_picture: str
    address: str
    city: str
    country: str
    language: str
    created_at: datetime
    last_login_at: datetime | None
    last_login_address: str

    @property
    def name(self) -> str:
        """Return the full name, else what one can be reached by."""
        return name_of(self.first_name, self.last_name, self.email, self.phone)

    @property
    def organisation_role(self) -> RoleRow | None:
        """Return the first role held in an organisation: the one that the pension API speaks of."""
        return next((role for role in self.roles if role.organisation is not None), None)

    @property
    def is_active(self) -> bool:
        """Whether the person may sign in."""
        return self.state is UserState.ACTIVE

    @property
    def is_admin(self) -> bool:
        """Whether the person administers the platform."""
        return self.global_role is Role.ADMIN


class UserSearch(Order):
    """Which people to list; what is empty does not filter. `text` is found in names, e-mail and phone.

    `has_role` keeps who holds any role but that of a plain member; `scope` narrows `role` to one place.
    """

    text: str = ""
    role: Role | None = None
    scope: Scope | None = None
    state: UserState | None = None
    is_active: bool | None = None
    has_role: bool | None = None
    organisation_id: UUID | None = None
    skip: int = 0
    limit: int = 50


def name_of(first_name: str, last_name: str, email: str | None, phone: str | None) -> str:
    """Return how a person is called."""
    return f"{first_name} {last_name}".strip() or email or phone or ""


def load_user(session: Session, user_id: UUID | None) -> User:
    """Return a user locked for change, or refuse with `UserNotFound`."""
    user = session.get(User, user_id, with_for_update=True, populate_existing=True) if user_id else None
    if user is None:
        raise UserNotFound
    return user


def roles_of(session: Session, user_ids: list[UUID]) -> dict[UUID, tuple[RoleRow, ...]]:
    """Return the roles held by each of these people outside the platform scope, oldest first."""
    pairs = session.exec(
        select(RoleGrant, Organisation)
        .outerjoin(Organisation, col(Organisation.id) == col(RoleGrant.organisation_id))
        .where(col(RoleGrant.user_id).in_(user_ids))
        .order_by(col(RoleGrant.id))
    )
    roles: dict[UUID, tuple[RoleRow, ...]] = dict.fromkeys(user_ids, ())
    for grant, organisation in pairs:
        shown = organisations.row_of(organisation) if organisation is not None else None
        roles[grant.user_id] += (RoleRow(Scope(grant.scope), Role(grant.role), shown),)
    return roles


def row_of(user: User, roles: tuple[RoleRow, ...]) -> UserRow:
    """Return what may be shown of a user."""
    return UserRow(
        id=user.id,
        email=user.email,
        phone=user.phone,
        username=user.username or user.email or user.phone or "",
        first_name=user.first_name,
        last_name=user.last_name,
        global_role=Role(user.global_role),
        roles=roles,
        state=UserState(user.state),
        is_email_proved=user.email_proved_at is not None,
        is_phone_proved=user.phone_proved_at is not None,
        has_password=user.password_hash is not None,
        has_totp=user.totp_confirmed_at is not None,
        must_change_password=user.must_change_password,
        profile_picture=user.profile_picture,
        address=user.address,
        city=user.city,
        country=user.country,
        language=user.language,
        created_at=user.created_at,
        last_login_at=user.last_login_at,
        last_login_address=user.last_login_address,
    )


def described(session: Session, user: User) -> UserRow:
    """Return one user with his roles."""
    return row_of(user, roles_of(session, [user.id])[user.id])


# Reads


def get_user(session: Session, actor: Actor, user_id: UUID | None) -> UserRow:
    """Return one person to himself or to who may read users."""
    is_oneself = actor.user_id is not None and actor.user_id == user_id
    if not is_oneself and not actor.may(Permission.USERS_READ):
        raise SomeoneElsesProfile
    user = session.get(User, user_id) if user_id else None
    if user is None:
        raise UserNotFound
    return described(session, user)


def list_users(session: Session, actor: Actor, search: UserSearch) -> tuple[list[UserRow], int]:
    """Return one page of people in French order of their names, and how many match."""
    actor.require(Permission.USERS_READ)
    conditions = _conditions(search)
    total = session.exec(select(func.count()).select_from(User).where(*conditions)).one()
    page: SelectOfScalar[User] = (
        select(User)
        .where(*conditions)
        .order_by(_french_name(), col(User.id))
        .offset(max(search.skip, 0))
        .limit(min(max(search.limit, 1), LARGEST_PAGE))
    )
    users = list(session.exec(page))
    roles = roles_of(session, [user.id for user in users])
    return [row_of(user, roles[user.id]) for user in users], total


def list_user_history(session: Session, actor: Actor, user_id: UUID, limit: int = 50) -> list[audit.AuditRow]:
    """Return what happened to one person's account, newest first, to himself or to who may read the trail."""
    if actor.user_id != user_id:
        actor.require(Permission.AUDIT_READ)
    return audit.list_history(session, "user", user_id, limit)


def find_user(session: Session, email: str | None, phone: str | None) -> User | None:
    """Return who has this e-mail (it wins when both are given) or this phone in E.164."""
    if email:
        return session.exec(select(User).where(func.lower(User.email) == email.lower())).first()
    return session.exec(select(User).where(User.phone == phone)).first() if phone else None


def has_role(session: Session, user: User) -> bool:
    """Say whether a person holds a role that asks for a longer password: organisation, service or platform."""
    query = select(RoleGrant.id).where(RoleGrant.user_id == user.id).limit(1)
    return user.global_role == Role.ADMIN or session.exec(query).first() is not None


def may_sign_in(user: User) -> bool:
    """Say whether the stored password still opens anything: a temporary one dies after its time."""
    return user.temporary_until is None or user.temporary_until > clock.now()


def _french_name() -> Any:
    return func.french_key(col(User.first_name) + " " + col(User.last_name))


def _conditions(search: UserSearch) -> list[Any]:
    conditions: list[Any] = []
    if search.text.strip():
        # The name's key is the expression of ix_users_search; e-mail and phone have no accents to fold.
        wanted = func.french_key(containing(search.text.strip()))
        email = func.lower(col(User.email)).like(func.lower(containing(search.text.strip())))
        conditions.append(or_(_french_name().like(wanted), email, *_phone_condition(search.text)))
    if search.is_active is not None:
        conditions.append((col(User.state) == UserState.ACTIVE) == search.is_active)
    if search.role in {Role.ADMIN, Role.MEMBRE}:
        conditions.append(User.global_role == search.role)
    elif search.role is not None:
        place = [RoleGrant.scope == search.scope] if search.scope is not None else []
        conditions.append(_holds(RoleGrant.role == search.role, *place))
    if search.state is not None:
        conditions.append(User.state == search.state)
    if search.has_role is not None:
        conditions.append(or_(User.global_role == Role.ADMIN, _holds()) == search.has_role)
    if search.organisation_id is not None:
        conditions.append(_holds(RoleGrant.organisation_id == search.organisation_id))
    return conditions


def _phone_condition(text: str) -> list[Any]:
    digits = "".join(mark for mark in text if mark.isdecimal())
    return [col(User.phone).like(f"%{digits}%")] if digits else []


def _holds(*conditions: Any) -> Any:
    return exists().where(col(RoleGrant.user_id) == col(User.id), *conditions)
