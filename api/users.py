"""People at `/api/v1/users` (tontine document) and their creation at `/api/admin/users/create` (pension document)."""

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BeforeValidator, Field

from api.deps import Door, SignedIn
from api.fields import Language, MaybeEmail, MaybePhone
from api.shapes import pension_profile, tontine_user
from core.database import Session, get_database, keep
from core.errors import InvalidInput, Refusal
from core.i18n import t
from core.ids import parse_id
from core.orders import Order, Text
from core.permissions import Permission, Role, Scope
from services import messages, organisations, users
from services.users import UserCreated, UserRow

tontine_router = APIRouter(prefix="/api/v1/users", tags=["users"])
pension_router = APIRouter(prefix="/api", tags=["pensions: users"])


def _as_text(value: Any) -> Any:
    """Accept an organisation's number too: it is its code."""
    return str(value) if isinstance(value, int) else value


class ChangedMeanwhile(Refusal):
    """`If-Match` names a state that is no longer the present one."""

    code = "modifie_entretemps"
    status = 409
    sentence = "Quelqu'un a modifié cela entre-temps : rechargez."


class ProfileBody(Order):
    """Only the fields that are given change."""

    first_name: str | None = Field(default=None, min_length=2, max_length=100)
    last_name: str | None = Field(default=None, min_length=2, max_length=100)
    country: str | None = Field(default=None, max_length=100)
    phone: MaybePhone = None
    email: MaybeEmail = None
    profile_picture: str | None = Field(default=None, max_length=500)
    address: str | None = Field(default=None, max_length=500)
    city: str | None = Field(default=None, max_length=100)
    language: Language | None = None


class RoleBody(Order):
    """The global role."""

    role: Role


class CreateBody(Order):
    """A person of an organisation, made by an administrator."""

    email: str = Field(max_length=254)
    first_name: str = Field(min_length=1, max_length=100)
    last_name: str = Field(min_length=1, max_length=100)
    role: str = Field(max_length=32)
    organization_id: Annotated[str, BeforeValidator(_as_text)]
    phone_number: str | None = Field(default=None, max_length=40)
    username: str | None = Field(default=None, max_length=150)


@tontine_router.get("")
def list_users(
    door: SignedIn,
    search: Annotated[Text, Query(max_length=200)] = "",
    role: Role | None = None,
    is_active: Annotated[bool | None, Query()] = None,
    skip: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Response:
    """Return a page of people as an array; `X-Total-Count` says how many match."""
    _require_admin(door, Permission.USERS_READ)
    asked = users.UserSearch(text=search, role=role, is_active=is_active, skip=skip, limit=limit)
    with get_database().transaction() as session:
        rows, total = users.list_users(session, door.actor, asked)
    return _json([tontine_user(row) for row in rows], {"X-Total-Count": str(total)})


@tontine_router.get("/me")
def get_me(door: SignedIn) -> Response:
    """Return oneself."""
    return _one(door, door.actor.user_id)


@tontine_router.get("/me/export")
def export_me(door: SignedIn) -> Response:
    """Return a ZIP of what is known of oneself."""
    with get_database().transaction() as session:
        archive = users.export_self(session, door.actor)
    disposition = 'attachment; filename="palabre-mes-donnees.zip"'
    return Response(archive, media_type="application/zip", headers={"Content-Disposition": disposition})


@tontine_router.put("/me")
def put_me(body: ProfileBody, door: SignedIn, if_match: Annotated[str | None, Header()] = None) -> Response:
    """Change one's own profile."""
    return _update(door, door.actor.user_id, body, if_match)


@tontine_router.get("/{user_id}")
def get_user(user_id: str, door: SignedIn) -> Response:
    """Return one person to himself or to an administrator."""
    return _one(door, parse_id(user_id))


@tontine_router.put("/{user_id}")
def put_user(
    user_id: str, body: ProfileBody, door: SignedIn, if_match: Annotated[str | None, Header()] = None
) -> Response:
    """Change a profile: one's own, or anybody's for an administrator."""
    return _update(door, parse_id(user_id), body, if_match)


@tontine_router.delete("/{user_id}", status_code=204)
def close_user(user_id: str, door: SignedIn) -> Response:
    """Close an account; every sign-in ends."""
    wanted = _managed(door, user_id)
    return door.answer(lambda session: users.close_user(session, door.actor, wanted), lambda _: None, 204)


@tontine_router.post("/{user_id}/activate")
def activate(user_id: str, door: SignedIn) -> Response:
    """Open a closed account again."""
    wanted = _managed(door, user_id)
    return door.answer(lambda session: users.reopen_user(session, door.actor, wanted), tontine_user)


@tontine_router.put("/{user_id}/role")
def put_role(
    user_id: str, door: SignedIn, body: RoleBody | None = None, role: Annotated[Role | None, Query()] = None
) -> Response:
    """Make another person an administrator, or a plain member again."""
    chosen = body.role if body else role
    if chosen is None:
        raise InvalidInput({"role": t("champ obligatoire")})
    order = users.SetGlobalRole(user_id=_managed(door, user_id), role=chosen)
    return door.answer(lambda session: users.set_global_role(session, door.actor, order), tontine_user)


@pension_router.post("/admin/users/create", status_code=201)
@pension_router.post("/auth/admin/users", status_code=201)
def create_user(body: CreateBody, door: SignedIn) -> Response:
    """Make a person of an organisation, with a temporary password that is in this answer and nowhere else."""
    door.actor.require(Permission.USERS_WRITE)
    return door.answer(_create(door, body), _created, 201)


def _create(door: Door, body: CreateBody) -> Callable[[Session], tuple[UserCreated, bool]]:
    def create(session: Session) -> tuple[UserCreated, bool]:
        organisation = organisations.find_organisation(session, body.organization_id)
        if organisation is None or not organisation.is_active:
            raise InvalidInput({"organization_id": t("organisation inconnue ou fermée")})
        if body.role not in {Role.GESTIONNAIRE, Role.SUPERVISEUR}:
            raise InvalidInput({"role": t("valeur inconnue")})
        order = users.CreateUser(
            **body.model_dump(include={"email", "first_name", "last_name", "username"}),
            phone=body.phone_number,
            country=organisation.country,
            scope=Scope.ORGANISATION,
            role=Role(body.role),
            organisation_id=organisation.id,
        )
        created = users.create_user(session, door.actor, order)
        # The invitation leaves once it is committed; the answer says what became of it, and never hopes.
        keep(session)
        return created, messages.wait_until_sent(get_database(), created.invitation.message_id)

    return create


def _created(done: tuple[UserCreated, bool]) -> dict[str, Any]:
    created, is_sent = done
    return {
        "user": pension_profile(created.user),
        "temporary_password": created.temporary_password,
        "email_sent": is_sent,
        "message": t("Utilisateur créé avec succès. Un email a été envoyé.")
        if is_sent
        else t("Utilisateur créé avec succès. L'e-mail n'est pas parti : remettez le mot de passe vous-même."),
    }


def _one(door: Door, user_id: UUID | None) -> Response:
    with get_database().transaction() as session:
        row = users.get_user(session, door.actor, user_id)
    return _json(tontine_user(row), {"ETag": _etag(row)})


def _update(door: Door, user_id: UUID | None, body: ProfileBody, if_match: str | None) -> Response:
    if user_id is None:
        raise users.UserNotFound if door.actor.may(Permission.USERS_WRITE) else users.SomeoneElsesProfile
    order = users.UpdateProfile(user_id=user_id, **body.model_dump())

    def update(session: Session) -> UserRow:
        if if_match is not None and if_match != _etag(users.get_user(session, door.actor, user_id)):
            raise ChangedMeanwhile
        return users.update_profile(session, door.actor, order)

    return door.answer(update, tontine_user)


def _managed(door: Door, user_id: str) -> UUID:
    """Return the id of a person whom the caller may manage; who may not learns nothing of whether he exists."""
    _require_admin(door, Permission.USERS_WRITE)
    wanted = parse_id(user_id)
    if wanted is None:
        raise users.UserNotFound
    return wanted


def _require_admin(door: Door, permission: Permission) -> None:
    if not door.actor.may(permission):
        raise users.AdminOnly


def _etag(row: UserRow) -> str:
    return f'"{hashlib.sha256(json.dumps(tontine_user(row)).encode()).hexdigest()[:32]}"'


def _json(content: Any, headers: dict[str, str]) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), media_type="application/json", headers=headers)


router = APIRouter()
router.include_router(tontine_router)
router.include_router(pension_router)
