"""The lines of the simulated phone: a test account for each profile and service, at a real address of its own.

A line takes play money only: it opens where subscribers are fictitious, listens on loopback, and every session that
comes through it is marked as a test. A header says which version a dialogue walks, a draft among them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlmodel import select

from channels.flow import parse_flow
from channels.ussd import accounts, gateways
from channels.ussd.accounts import ProfileRow
from channels.ussd.gateways import Gateway
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.model import Profile
from channels.ussd.simulation import require_play_money
from core import ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound, Refusal
from core.orders import Order
from core.permissions import Actor
from core.security import digest_token, input_mac
from core.settings import get_settings
from models.ussd import UssdGateway, UssdRoute

HEADER = "x-palabre-version"
LOOPBACK = ["127.0.0.0/8", "::1/128"]
NO_CODE = "*000#"


class VersionUnreadable(Refusal):
    """A draft that is no menu yet cannot be walked."""

    code = "version_illisible"
    status = 409
    sentence = "Cette version n'est pas encore un menu complet : corrigez-la avant de l'essayer."


class OpenLine(Order):
    """Which gateway's way of speaking, to which service, on which version; None is the live one."""

    profile: str
    service: str
    version_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is open; `path` holds its secret."""

    gateway: str
    contract: Contract
    service: str
    path: str
    code: str
    version_id: UUID | None


@dataclass(frozen=True, slots=True)
class Walkable:
    """A version that may be walked."""

    id: UUID
    service: str
    number: int
    state: str
    note: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class Served:
    """A service with the code people dial."""

    key: str
    name: str
    code: str


def open_line(session: Session, actor: Actor, order: OpenLine) -> Line:
    """Return the line of a profile to a service; the first call makes its account."""
    require_play_money(session, actor)
    service = fetch_one(session, _SERVICE + " where v.key = %s", (NO_CODE, order.service))
    if service is None:
        raise NotFound(thing="service")
    contract = _contract(accounts.get_profile(session, actor, order.profile))
    if order.version_id is not None:
        _require_readable(session, order.version_id, service["flow_id"])
    key = f"essai-{order.profile.replace('_', '-')}-{input_mac(order.service).hex()[:4]}"
    driver(session).execute("select pg_advisory_xact_lock(hashtext(%s))", (key,))
    account = session.exec(select(UssdGateway).where(UssdGateway.key == key)).first()
    if account is None:
        account = _open_account(session, key, contract, service["id"], service["name"])
    known = session.exec(select(UssdRoute).where(UssdRoute.gateway_id == account.id)).first()
    if known is None or known.code != service["code"]:
        route = known or UssdRoute(gateway_id=account.id, code="", service_id=service["id"])
        route.code = service["code"]
        session.add(route)
        session.flush()
        gateways.forget()
    return Line(key, contract, order.service, f"/g/{key}/{_secret(key)}", service["code"], order.version_id)


def age(session: Session, actor: Actor, session_id: UUID, seconds: int) -> bool:
    """Let a test session have waited longer than it did; False when it is none."""
    require_play_money(session, actor)
    row = driver(session).execute(
        "update ussd_session set last_activity_at = last_activity_at - %s where id = %s and is_test returning 1",
        (timedelta(seconds=seconds), session_id),
    ).fetchone()  # fmt: skip
    return row is not None


def version_of(gateway: Gateway, headers: Mapping[str, str]) -> UUID | None:
    """Return the version a request of a test account asks for; nobody else's header is looked at."""
    return ids.parse_id(headers.get(HEADER, "")) if gateway.is_test else None


def _open_account(session: Session, key: str, contract: Contract, service_id: UUID, name: str) -> UssdGateway:
    account = UssdGateway(
        key=key,
        name=f"Essai · {contract.profile.title or contract.key} · {name}",
        profile=contract.key,
        country=get_settings().ussd_country,
        secret_digests=[digest_token(_secret(key))],
        options={"is_test": True},
        networks=LOOPBACK,
        default_service_id=service_id,
        has_anonymous_browse=contract.key == "doc_b",
    )
    session.add(account)
    session.flush()
    return account


def _contract(row: ProfileRow) -> Contract:
    return BUILT_IN.get(row.name) or Contract(Profile.model_validate(row.body))


def _secret(key: str) -> str:
    """Return a line's secret: of the installation's own key, so that it stands nowhere."""
    return input_mac("trial", key).hex()


def _require_readable(session: Session, version_id: UUID, flow_id: UUID) -> None:
    row = fetch_one(session, "select body from flow_version where id = %s and flow_id = %s", (version_id, flow_id))
    if row is None:
        raise NotFound(thing="version")
    try:
        parse_flow(row["body"])
    except ValueError as error:
        raise VersionUnreadable from error


# Reads

_SERVICE = """
select v.id, v.key, v.name, v.flow_id, v.live_version_id, coalesce((
    select r.code from ussd_route r where r.service_id = v.id and r.code ~ '^[*#]' and (r.gateway_id is null
        or not exists (select from ussd_gateway g where g.id = r.gateway_id and g.options ? 'is_test'))
    order by r.gateway_id nulls first, r.created_at limit 1), %s) as code
from ussd_service v
"""


def list_services(session: Session, actor: Actor) -> list[Served]:
    """Return the services, those of the documents first."""
    require_play_money(session, actor)
    rows = fetch_all(session, _SERVICE + " order by v.key not in ('wallet', 'service'), v.key desc", (NO_CODE,))
    return [Served(row["key"], row["name"], row["code"]) for row in rows]


def list_contracts(session: Session, actor: Actor) -> list[Contract]:
    """Return every way a line may speak: the shipped profiles, then the installation's own copies."""
    require_play_money(session, actor)
    return [_contract(row) for row in accounts.list_profiles(session, actor)]


def list_versions(session: Session, actor: Actor, service: str) -> list[Walkable]:
    """Return the live version of a service, then what is being written, newest first."""
    require_play_money(session, actor)
    rows = fetch_all(
        session,
        """
        select f.id, v.key as service, f.number, f.state, f.note, f.id = v.live_version_id as is_live
        from ussd_service v join flow_version f on f.flow_id = v.flow_id
        where v.key = %s and (f.id = v.live_version_id or f.state in ('draft', 'review'))
        order by is_live desc, f.number desc limit 30
        """,
        (service,),
    )
    return [Walkable(**row) for row in rows]
