"""A menu that begins and a service that carries one to phones: what nobody needs a file for."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import Field, field_validator
from sqlalchemy.exc import IntegrityError

from core.database import Session, driver, fetch_all
from core.errors import FieldRefusal, InvalidInput
from core.i18n import t
from core.money import Currency
from core.orders import Order
from core.permissions import Actor, Permission
from models.flows import Flow, VersionState
from models.ussd import UssdService
from services import audit, ussd_services
from services.installation import PIN_LENGTH
from services.ussd_services import AddCode

_KEY = r"^[a-z][a-z0-9-]{1,31}$"


class MenuKeyTaken(FieldRefusal):
    """Documents and reports name a menu by its key."""

    code = "cle_de_menu_prise"
    status = 409
    sentence = "Cette clé est déjà celle d'un menu."
    field = "key"


class ServiceKeyTaken(FieldRefusal):
    """Addresses and reports name a service by its key."""

    code = "cle_de_service_prise"
    status = 409
    sentence = "Cette clé est déjà celle d'un service."
    field = "key"


class CreateMenu(Order):
    """A menu that begins: as a copy of a version, else with one screen in these languages, the first by default."""

    key: str = Field(pattern=_KEY)
    title: str = Field(min_length=2, max_length=60)
    languages: tuple[Literal["fr", "en", "ln"], ...] = Field(default=("fr",), min_length=1)
    version_id: UUID | None = None


class CreateService(Order):
    """A service that begins: what it is called, the code that leads to it, the menu it follows, its money."""

    key: str = Field(pattern=_KEY)
    name: str = Field(min_length=2, max_length=60)
    brand: str = Field(min_length=1, max_length=20)
    menu: str = Field(min_length=1, max_length=64)
    code: str = Field(max_length=40)
    gateway_id: UUID | None = None
    currency: Currency = Currency.XAF
    timezone: str = Field(default="Africa/Douala", max_length=64)
    default_language: Literal["fr", "en", "ln"] = "fr"
    needs_four_eyes: bool = False

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in TIMEZONES:
            raise ValueError(t("fuseau horaire inconnu"))
        return name


# Where a service is dialled from, and the hour it shows there.
TIMEZONES = {
    "Africa/Douala": "Cameroun, Gabon, Congo",
    "Africa/Abidjan": "Côte d'Ivoire, Mali, Burkina Faso",
    "Africa/Dakar": "Sénégal",
    "Africa/Porto-Novo": "Bénin, Niger",
    "Africa/Kinshasa": "Kinshasa",
    "Africa/Lubumbashi": "Lubumbashi",
}


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A version a new menu may begin from."""

    id: UUID
    title: str
    number: int
    state: VersionState
    languages: tuple[str, ...]


def open_menu(session: Session, actor: Actor, key: str, title: str) -> UUID:
    """Add a menu without any version; refuses with `MenuKeyTaken`."""
    actor.require(Permission.USSD_MENUS_WRITE)
    flow = Flow(key=key, title=title)
    try:
        with session.begin_nested():
            session.add(flow)
    except IntegrityError as error:
        raise MenuKeyTaken from error
    audit.record(session, actor, "flow.create", "flow", flow.id, title)
    return flow.id


def create_service(session: Session, actor: Actor, order: CreateService) -> str:
    """Add a service with its code, nothing live on it yet, and return its key.

    Refuses with `ServiceKeyTaken`, or as `add_code` does.
    """
    actor.require(Permission.USSD_SWITCH)
    menu = driver(session).execute("select id from flow where key = %s", (order.menu,)).fetchone()
    if menu is None:
        raise InvalidInput({"menu": "Ce parcours est introuvable."})
    service = UssdService(
        key=order.key,
        name=order.name,
        flow_id=menu[0],
        currency=order.currency,
        timezone=order.timezone,
        default_language=order.default_language,
        needs_four_eyes=order.needs_four_eyes,
        settings={"brand": order.brand, "pin_length": PIN_LENGTH},
    )
    try:
        with session.begin_nested():
            session.add(service)
    except IntegrityError as error:
        raise ServiceKeyTaken from error
    changes = {"menu": order.menu, "currency": order.currency, "code": order.code}
    audit.record(session, actor, "ussd_service.create", "ussd_service", service.id, order.name, changes)
    ussd_services.add_code(session, actor, AddCode(service_id=service.id, code=order.code, gateway_id=order.gateway_id))
    return order.key


# Reads


def list_models(session: Session, actor: Actor) -> list[ModelRow]:
    """Return every version a menu may begin from, by menu, newest first; questionnaires make their own."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        """
        select v.id, coalesce(nullif(f.title, ''), f.key) as title, v.number, v.state,
            array(select jsonb_array_elements_text(v.body -> 'languages')) as languages
        from flow f join flow_version v on v.flow_id = f.id
        where f.key not like '%%:%%' and jsonb_typeof(v.body -> 'languages') = 'array'
        order by title, f.key, v.number desc
        """,
    )
    return [
        ModelRow(**{**row, "state": VersionState(row["state"]), "languages": tuple(row["languages"])}) for row in rows
    ]
