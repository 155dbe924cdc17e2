"""The catalogue: the services people may subscribe to, as rows an operator writes, switches and deletes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field, field_validator
from sqlmodel import select

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.errors import InvalidInput, NotFound, Refusal
from core.gsm7 import fold, measure
from core.i18n import t
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.security import new_token, seal_secret
from models.offers import CatalogService, Period
from services import audit, hosts

CODE_PATTERN = r"^[A-Z0-9][A-Z0-9-]{1,15}$"
LONGEST_NAME = 20  # septets: what a menu line and an SMS have room for
LONGEST_INFO = 400
LANGUAGES = ("fr", "en", "ln")


class ServiceNotFound(NotFound):
    """No such service, or one that was deleted."""

    code = "offre_introuvable"
    sentence = "Cette offre est introuvable."


class CodeTaken(Refusal):
    """A code is used once, for ever: a deleted service keeps its own."""

    code = "code_pris"
    status = 409
    sentence = "Ce code est déjà pris, peut-être par une offre supprimée."


class _Described(Order):
    """What both orders say of a service."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    info: dict[str, str]
    category: str = Field(default="", max_length=40)
    price_minor: int = Field(default=0, ge=0)
    period: Period = Period.ONCE
    is_active: bool = True
    webhook_url: str = Field(default="", max_length=500)

    @field_validator("name")
    @classmethod
    def _fits_a_line(cls, name: str) -> str:
        if measure(fold(name)).size > LONGEST_NAME:
            raise ValueError(t("20 caractères de téléphone au plus"))
        return name.strip()

    @field_validator("info")
    @classmethod
    def _fits_pages(cls, info: dict[str, str]) -> dict[str, str]:
        kept = {language: text.strip() for language, text in info.items() if language in LANGUAGES and text.strip()}
        if "fr" not in kept:
            raise ValueError(t("le texte français est obligatoire"))
        if any(len(text) > LONGEST_INFO for text in kept.values()):
            raise ValueError(t("400 caractères au plus"))
        return kept


class AddService(_Described):
    """A new service. The code is fixed from then on."""

    code: str = Field(pattern=CODE_PATTERN)
    currency: Currency


class ChangeService(_Described):
    """What a service is from now on; those who subscribed pay the new price at their next renewal."""

    service_id: UUID


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service as an operator reads it."""

    id: UUID
    code: str
    name: str
    info: Mapping[str, str]
    category: str
    price: Money
    period: Period
    is_active: bool
    webhook_url: str
    has_webhook_secret: bool
    subscribers: int
    in_grace: int
    created_at: datetime


def add_service(session: Session, actor: Actor, order: AddService) -> UUID:
    """Add a service to the catalogue."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    if session.exec(select(CatalogService).where(CatalogService.code == order.code)).first() is not None:
        raise CodeTaken
    _guard_webhook(session, order.webhook_url)
    row = CatalogService(code=order.code, currency=order.currency, **_values(order))
    session.add(row)
    session.flush()
    audit.record(session, actor, "catalog.add", "catalog_service", row.id, row.code)
    return row.id


def change_service(session: Session, actor: Actor, order: ChangeService) -> UUID:
    """Change a service; its code and currency stay."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    row = lock(session, order.service_id)
    if order.webhook_url != row.webhook_url:
        _guard_webhook(session, order.webhook_url)
    changes = {}
    for name, value in _values(order).items():
        before = getattr(row, name)
        if before != value:
            changes[name] = [before, value]
            setattr(row, name, value)
    session.add(row)
    if changes:
        audit.record(session, actor, "catalog.change", "catalog_service", row.id, row.code, changes)
    return row.id


def make_webhook_secret(session: Session, actor: Actor, service_id: UUID) -> str:
    """Make the key under which a service's provider knows our notes, and return it this once."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    row = lock(session, service_id)
    secret = new_token()
    row.webhook_secret = seal_secret(secret, secret_context(row.id))
    session.add(row)
    audit.record(session, actor, "catalog.webhook_secret", "catalog_service", row.id, row.code)
    return secret


def lock(session: Session, service_id: UUID) -> CatalogService:
    """Return a service that was not deleted, locked until the transaction ends."""
    row = session.get(CatalogService, service_id, with_for_update=True, populate_existing=True)
    if row is None or row.deleted_at is not None:
        raise ServiceNotFound
    return row


def mark_deleted(session: Session, actor: Actor, row: CatalogService) -> None:
    """Take a service out of the catalogue for good; `subscriptions.delete_service` ends its subscriptions first."""
    row.deleted_at = clock.now()
    row.is_active = False
    session.add(row)
    audit.record(session, actor, "catalog.delete", "catalog_service", row.id, row.code)


def secret_context(service_id: UUID) -> str:
    """Return the context under which a service's webhook secret is sealed."""
    return f"catalog_service:{service_id}:webhook"


def _values(order: _Described) -> dict[str, Any]:
    return {name: getattr(order, name) for name in _Described.model_fields}


def _guard_webhook(session: Session, url: str) -> None:
    if url and (fault := hosts.find_fault(session, url)):
        raise InvalidInput({"webhook_url": fault})


# Reads

_ROWS = """
select c.*, (select count(*) from subscription s where s.service_id = c.id and s.state <> 'inactive') as subscribers,
       (select count(*) from subscription s where s.service_id = c.id and s.state = 'grace') as in_grace
from catalog_service c where c.deleted_at is null
"""


def list_services(session: Session, actor: Actor) -> list[ServiceRow]:
    """Return every service of the catalogue, by code."""
    actor.require(Permission.USSD_READ)
    return [_row(row) for row in fetch_all(session, f"{_ROWS} order by c.code")]


def get_service(session: Session, actor: Actor, service_id: UUID) -> ServiceRow:
    """Return one service."""
    actor.require(Permission.USSD_READ)
    row = fetch_one(session, f"{_ROWS} and c.id = %s", (service_id,))
    if row is None:
        raise ServiceNotFound
    return _row(row)


def list_offered(session: Session, currency: Currency) -> list[dict[str, str]]:
    """Return code and name of what a phone is offered in a currency: switched on, free or priced in it."""
    return fetch_all(
        session,
        "select code, name from catalog_service where is_active and deleted_at is null"
        " and (price_minor = 0 or currency = %s) order by code",
        (currency,),
    )


def _row(row: Mapping[str, Any]) -> ServiceRow:
    return ServiceRow(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        info=row["info"],
        category=row["category"],
        price=Money(row["price_minor"], Currency(row["currency"])),
        period=Period(row["period"]),
        is_active=row["is_active"],
        webhook_url=row["webhook_url"],
        has_webhook_secret=row["webhook_secret"] is not None,
        subscribers=row["subscribers"],
        in_grace=row["in_grace"],
        created_at=row["created_at"],
    )
