"""Services: what a dialled code leads to, and how its dialogues behave: keys, folding, resuming, refusals."""

import re
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from core.database import Session, driver, fetch_all, fetch_one
from core.errors import FieldRefusal, NotFound
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from models.ussd import UssdGateway, UssdRoute, UssdService
from services import approvals, audit
from services.approvals import ApprovalRow, AskApproval, Kind

LANGUAGES = ("fr", "en", "ln")
_CODE = re.compile(r"[*#][0-9*#]{1,30}#")


class CodeUnreadable(FieldRefusal):
    """A code is dialled: stars, digits, and a hash at the end."""

    code = "code_illisible"
    status = 422
    sentence = "Un code s'écrit comme on le compose : *123# ou *237*100#."
    field = "code"


class CodeTaken(FieldRefusal):
    """One code leads to one service."""

    code = "code_pris"
    status = 409
    sentence = "Ce code mène déjà à un service sur cette passerelle."
    field = "code"


class ChangeService(Order):
    """How a service behaves from the next dialogue on."""

    service_id: UUID
    name: str = Field(min_length=1, max_length=60)
    brand: str = Field(min_length=1, max_length=20)
    default_language: Literal["fr", "en", "ln"] = "fr"
    next_key: str = Field(pattern=r"^[0-9]{1,2}$")
    back_key: str = Field(pattern=r"^[0-9]{1,2}$")
    home_key: str = Field(pattern=r"^[0-9]{1,2}$")
    is_folded: bool
    resume: Literal["start", "continue", "confirm"]
    resume_ttl_s: int = Field(ge=0, le=3_600)
    most_refusals: int = Field(ge=1, le=9)
    needs_four_eyes: bool
    reason: str = Field(min_length=3, max_length=500)

    @model_validator(mode="after")
    def _told_apart(self) -> "ChangeService":
        if len({self.next_key, self.back_key, self.home_key}) < 3:  # noqa: PLR2004  # the three keys
            raise ValueError(t("Suite, retour et accueil demandent trois touches différentes."))
        return self


class AddCode(Order):
    """Let a code lead to a service, on one gateway or on all (None)."""

    service_id: UUID
    code: str
    gateway_id: UUID | None = None


class RemoveCode(Order):
    """Let a code lead nowhere."""

    route_id: UUID
    reason: str = Field(min_length=3, max_length=500)


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code and where it is dialled; `gateway` is empty where it is all of them."""

    id: UUID
    code: str
    gateway: str


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """A service as its page shows it."""

    id: UUID
    key: str
    name: str
    brand: str
    currency: str
    timezone: str
    state: str
    default_language: str
    version: int | None
    flow: str
    next_key: str
    back_key: str
    home_key: str
    is_folded: bool
    resume: str
    resume_ttl_s: int
    most_refusals: int
    needs_four_eyes: bool
    open_sessions: int
    codes: tuple[CodeRow, ...]


def change_service(session: Session, actor: Actor, order: ChangeService) -> ApprovalRow | None:
    """Change how a service behaves; dialogues under way follow from their next turn.

    To need no second person any more is a question to a second person, who is asked here; all else stands at once.
    """
    actor.require(Permission.USSD_SWITCH)
    service = session.get(UssdService, order.service_id, with_for_update=True)
    if service is None:
        raise NotFound(thing="service")
    before = {"name": service.name, "language": service.default_language, **service.settings}
    service.name, service.default_language = order.name, order.default_language
    drops_second_person = service.needs_four_eyes and not order.needs_four_eyes
    service.needs_four_eyes = service.needs_four_eyes or order.needs_four_eyes
    service.settings = {
        **service.settings,
        "brand": order.brand,
        "nav": {"next": order.next_key, "back": order.back_key, "home": order.home_key},
        "fold": order.is_folded,
        "resume": order.resume,
        "resume_ttl_s": order.resume_ttl_s,
        "invalid_max": order.most_refusals,
    }
    session.add(service)
    audit.record(session, actor, "ussd_service.change", "ussd_service", service.id, order.reason, {"before": before})
    return _ask_to_publish_alone(session, actor, service, order.reason) if drops_second_person else None


def _ask_to_publish_alone(session: Session, actor: Actor, service: UssdService, reason: str) -> ApprovalRow:
    question = AskApproval(
        kind=ALONE.name, subject_type="ussd_service", subject_id=service.id, summary=service.name, reason=reason
    )
    return approvals.ask(session, actor, question)


def _let_publish_alone(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    service = session.get_one(UssdService, approval.subject_id, with_for_update=True, populate_existing=True)
    service.needs_four_eyes = False
    session.add(service)
    audit.record(session, actor, "ussd_service.publish_alone", "ussd_service", service.id, approval.reason)


ALONE = approvals.register(
    Kind(
        name="ussd_publish_alone",
        title="Publier sans seconde personne",
        asks=Permission.USSD_SWITCH,
        decides=Permission.USSD_SWITCH,
        on_approved=_let_publish_alone,
    )
)


def add_code(session: Session, actor: Actor, order: AddCode) -> UUID:
    """Let a code lead to a service; refuses with `CodeUnreadable` or `CodeTaken`."""
    actor.require(Permission.USSD_SWITCH)
    code = re.sub(r"\s", "", order.code)
    if not _CODE.fullmatch(code):
        raise CodeUnreadable
    if session.get(UssdService, order.service_id) is None:
        raise NotFound(thing="service")
    route = UssdRoute(code=code, service_id=order.service_id, gateway_id=order.gateway_id)
    try:
        with session.begin_nested():
            session.add(route)
    except IntegrityError as error:
        raise CodeTaken from error
    audit.record(session, actor, "ussd_route.add", "ussd_service", order.service_id, code)
    return route.id


def remove_code(session: Session, actor: Actor, order: RemoveCode) -> None:
    """Let a code lead nowhere; who dials it hears «Service inconnu.»."""
    actor.require(Permission.USSD_SWITCH)
    row = (
        driver(session)
        .execute("delete from ussd_route where id = %s returning code, service_id", (order.route_id,))
        .fetchone()
    )
    if row is None:
        raise NotFound(thing="code")
    audit.record(session, actor, "ussd_route.remove", "ussd_service", row[1], f"{row[0]} : {order.reason}")


# Reads

_SERVICES = """
select v.id, v.key, v.name, v.currency, v.timezone, v.state, v.default_language, v.needs_four_eyes,
       f.key as flow, fv.number as version, coalesce(fv.body -> 'settings', '{}') || v.settings as settings,
       (select count(*) from ussd_session s where s.state = 'open' and s.service_id = v.id) as open_sessions
from ussd_service v join flow f on f.id = v.flow_id left join flow_version fv on fv.id = v.live_version_id
"""


def list_services(session: Session, actor: Actor) -> list[ServiceCard]:
    """Return every service with its codes, by name."""
    actor.require(Permission.USSD_READ)
    codes = _codes(session)
    rows = fetch_all(session, f"{_SERVICES} order by v.name, v.key")
    return [_card(row, codes.get(row["id"], ())) for row in rows]


def get_service(session: Session, actor: Actor, key: str) -> ServiceCard:
    """Return one service; refuses with `NotFound`."""
    actor.require(Permission.USSD_READ)
    row = fetch_one(session, f"{_SERVICES} where v.key = %s", (key,))
    if row is None:
        raise NotFound(thing="service")
    return _card(row, _codes(session).get(row["id"], ()))


def list_gateway_names(session: Session, actor: Actor) -> dict[UUID, str]:
    """Return the gateways a code may be bound to, by name."""
    actor.require(Permission.USSD_READ)
    rows = session.exec(select(UssdGateway).order_by(col(UssdGateway.name))).all()
    return {row.id: row.name for row in rows}


def _codes(session: Session) -> dict[UUID, tuple[CodeRow, ...]]:
    found: dict[UUID, tuple[CodeRow, ...]] = {}
    rows = fetch_all(
        session,
        "select r.id, r.code, r.service_id, coalesce(g.name, '') as gateway from ussd_route r"
        " left join ussd_gateway g on g.id = r.gateway_id order by r.code, gateway",
    )
    for row in rows:
        found[row["service_id"]] = (
            *found.get(row["service_id"], ()),
            CodeRow(row["id"], row["code"], row["gateway"]),
        )
    return found


def _card(row: dict[str, Any], codes: tuple[CodeRow, ...]) -> ServiceCard:
    settings = row["settings"]
    keys = settings.get("nav", {})
    return ServiceCard(
        id=row["id"],
        key=row["key"],
        name=row["name"],
        brand=settings.get("brand", row["name"]),
        currency=row["currency"],
        timezone=row["timezone"],
        state=row["state"],
        default_language=row["default_language"],
        version=row["version"],
        flow=row["flow"],
        next_key=keys.get("next", "98"),
        back_key=keys.get("back", "0"),
        home_key=keys.get("home", "00"),
        is_folded=settings.get("fold", True),
        resume=settings.get("resume", "start"),
        resume_ttl_s=settings.get("resume_ttl_s", 300),
        most_refusals=settings.get("invalid_max", 3),
        needs_four_eyes=row["needs_four_eyes"],
        open_sessions=row["open_sessions"],
        codes=codes,
    )
