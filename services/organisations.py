"""Organisations: bodies with their own people, accounts and batches."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, func, select

from core.database import Session
from core.errors import FieldRefusal, NotFound
from core.ids import parse_id
from core.orders import Order
from core.permissions import Actor, Permission, Scope
from models.organisations import Organisation
from services import audit


class OrganisationNotFound(NotFound):
    """No such organisation, or none that this person may know of."""

    code = "organisation_introuvable"
    sentence = "Organisation introuvable."


class CodeTaken(FieldRefusal):
    """Another organisation has this code."""

    code = "code_pris"
    sentence = "Ce code est déjà celui d'une organisation."
    field = "code"


class CreateOrganisation(Order):
    """A new organisation; the code is short, and never changes afterwards."""

    code: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,31}$")
    name: str = Field(min_length=2, max_length=200)
    country: str = Field(default="", max_length=2)
    timezone: str = Field(default="Africa/Porto-Novo", max_length=64)


class UpdateOrganisation(Order):
    """Only the fields that are given change."""

    organisation_id: UUID
    name: str | None = Field(default=None, min_length=2, max_length=200)
    country: str | None = Field(default=None, max_length=2)
    timezone: str | None = Field(default=None, max_length=64)
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """An organisation."""

    id: UUID
    code: str
    name: str
    country: str
    timezone: str
    is_active: bool
    created_at: datetime


def create_organisation(session: Session, actor: Actor, order: CreateOrganisation) -> OrganisationRow:
    """Make an organisation; `CodeTaken` when the code is in use, whatever its case."""
    actor.require(Permission.ORGANISATIONS_WRITE)
    if find_organisation(session, order.code) is not None:
        raise CodeTaken
    organisation = Organisation(**order.model_dump())
    organisation.code = order.code.upper()
    session.add(organisation)
    session.flush()
    _audit(session, actor, "organisation.create", organisation, {"code": organisation.code, "name": order.name})
    return row_of(organisation)


def update_organisation(session: Session, actor: Actor, order: UpdateOrganisation) -> OrganisationRow:
    """Rename an organisation, or open or close it; a closed one reads and cannot send."""
    actor.require(Permission.ORGANISATIONS_WRITE)
    organisation = session.get(Organisation, order.organisation_id, with_for_update=True, populate_existing=True)
    if organisation is None:
        raise OrganisationNotFound
    wanted = order.model_dump(exclude={"organisation_id"}, exclude_none=True)
    changes = {name: [getattr(organisation, name), value] for name, value in wanted.items()}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    for name, (_, value) in changes.items():
        setattr(organisation, name, value)
    session.add(organisation)
    if changes:
        _audit(session, actor, "organisation.update", organisation, changes)
    return row_of(organisation)


def row_of(organisation: Organisation) -> OrganisationRow:
    """Return what may be shown of an organisation."""
    return OrganisationRow(
        organisation.id,
        organisation.code,
        organisation.name,
        organisation.country,
        organisation.timezone,
        organisation.is_active,
        organisation.created_at,
    )


# Reads


def get_organisation(session: Session, actor: Actor, organisation_id: UUID) -> OrganisationRow:
    """Return one organisation to its own people and to who may read them all."""
    organisation = session.get(Organisation, organisation_id)
    if organisation is None or not _is_visible(actor, organisation.id):
        raise OrganisationNotFound
    return row_of(organisation)


def list_organisations(session: Session, actor: Actor, *, with_closed: bool = False) -> list[OrganisationRow]:
    """Return all organisations to who may read them, one's own to the others, in French order of their names."""
    query = select(Organisation).order_by(func.french_key(Organisation.name), col(Organisation.id))
    if not actor.may(Permission.ORGANISATIONS_READ):
        query = query.where(col(Organisation.id).in_(_own(actor)))
    elif not with_closed:
        query = query.where(col(Organisation.is_active))
    return [row_of(organisation) for organisation in session.exec(query)]


def find_organisation(session: Session, wanted: str) -> Organisation | None:
    """Return the organisation with this id or this code, whatever the code's case."""
    organisation_id = parse_id(wanted)
    if organisation_id is not None:
        return session.get(Organisation, organisation_id)
    return session.exec(select(Organisation).where(func.upper(Organisation.code) == wanted.strip().upper())).first()


def _own(actor: Actor) -> list[UUID]:
    return [
        grant.organisation_id for grant in actor.grants if grant.scope is Scope.ORGANISATION and grant.organisation_id
    ]


def _is_visible(actor: Actor, organisation_id: UUID) -> bool:
    return actor.may(Permission.ORGANISATIONS_READ) or organisation_id in _own(actor)


def _audit(session: Session, actor: Actor, action: str, organisation: Organisation, changes: dict[str, Any]) -> None:
    audit.record(
        session,
        actor,
        action,
        "organisation",
        organisation.id,
        organisation.name,
        changes,
        organisation_id=organisation.id,
    )
