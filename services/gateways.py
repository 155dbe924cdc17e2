"""Accounts of aggregators and operators: opened, rotated, paused, resumed. An address is shown once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import Field, field_validator
from sqlmodel import select

from core import clock, live, states
from core.addresses import is_network
from core.database import Session, fetch_all
from core.errors import FieldRefusal, InvalidInput, NotFound, Refusal
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.security import digest_token, new_token
from core.settings import get_settings
from models.transfers import ProviderAccount
from models.ussd import EMERGENCY, SWITCH_STEPS, SwitchState, UssdGateway, UssdRoute, UssdService
from services import audit
from services.ussd_credentials import digest_credential

TOPIC = "ussd"
LIVE_SECRETS = 2
LATELY = timedelta(hours=24)
LEAST_SEPTETS, MOST_SEPTETS = 60, 182
LEAST_UNITS, MOST_UNITS = 30, 91
CREDENTIALS = frozenset({"basic", "userid", "password", "token", "application_token"})


class GatewayNotFound(NotFound):
    """No such account."""

    code = "passerelle_introuvable"
    sentence = "Cette passerelle est introuvable."


class KeyTaken(FieldRefusal):
    """Another gateway, or a message account, has this key: both may stand in one address."""

    code = "cle_prise"
    sentence = "Cette clé est déjà celle d'une passerelle ou d'un compte."
    field = "key"


class StoppedInEmergency(Refusal):
    """The red switch is opened again by two, never from here."""

    code = "arret_urgence"
    status = 409
    sentence = "Cette passerelle est arrêtée d'urgence : deux personnes la rouvrent, page « Arrêt d'urgence »."


class OpenGateway(Order):
    """A new account; it begins paused. `credentials` are what its requests carry beside the address."""

    key: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,31}$")
    name: str = Field(min_length=2, max_length=100)
    profile: str = Field(min_length=2, max_length=40)
    country: str = Field(pattern="^[A-Z]{2}$")
    codes: tuple[str, ...] = Field(default=(), max_length=20)
    service: str
    networks: tuple[str, ...] = Field(default=(), max_length=50)
    credentials: dict[str, str] = Field(default_factory=dict, repr=False)
    rate_per_s: int = Field(default=1_000, ge=1, le=10_000)


class ChangeGateway(Order):
    """How an account is called, and what holds for a call that says nothing of it: service, language, country."""

    gateway_id: UUID
    name: str = Field(min_length=2, max_length=100)
    service: str
    language: Literal["fr", "en", "ln"] = "fr"
    country: str = Field(pattern="^[A-Z]{2}$")


class SetNetworks(Order):
    """From where an account's requests may come; empty: from anywhere."""

    gateway_id: UUID
    networks: tuple[str, ...] = Field(default=(), max_length=50)


class SetNetworkLimits(Order):
    """What a page holds on networks that carry less, by the name the gateway gives them: septets, UCS-2 units."""

    gateway_id: UUID
    limits: dict[str, tuple[int, int]] = Field(default_factory=dict, max_length=20)

    @field_validator("limits")
    @classmethod
    def _in_reach(cls, limits: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        for septets, units in limits.values():
            if not (LEAST_SEPTETS <= septets <= MOST_SEPTETS and LEAST_UNITS <= units <= MOST_UNITS):
                raise ValueError(
                    t("de {least} à {most} septets, et de {least_units} à {most_units} caractères Unicode").format(
                        least=LEAST_SEPTETS, most=MOST_SEPTETS, least_units=LEAST_UNITS, most_units=MOST_UNITS
                    )
                )
        return limits


class SetCredential(Order):
    """What an account's requests must carry; an empty value asks for it no longer."""

    gateway_id: UUID
    name: str
    value: str = Field(default="", max_length=200, repr=False)


class PauseGateway(Order):
    """Every caller of the account hears that the service is stopped."""

    gateway_id: UUID
    reason: str = Field(min_length=3, max_length=300)


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """An account as pages show it; `errors` counts the last day's exchanges that were refused or failed."""

    id: UUID
    key: str
    name: str
    profile: str
    country: str
    language: str
    service: str
    service_name: str
    codes: tuple[str, ...]
    networks: tuple[str, ...]
    state: str
    secrets: int
    credentials: tuple[str, ...]
    network_limits: dict[str, dict[str, int]]
    last_at: datetime | None
    exchanges: int
    errors: int
    drift_ms: int | None

    @property
    def error_share(self) -> float:
        """The share of the last day's exchanges that ended badly, 0 to 1."""
        return self.errors / self.exchanges if self.exchanges else 0.0


@dataclass(frozen=True, slots=True, repr=False)
class AddressShown:
    """The address to give to the gateway, in the answer and nowhere else."""

    row: GatewayRow
    address: str


def open_gateway(session: Session, actor: Actor, order: OpenGateway) -> AddressShown:
    """Open an account, paused; its profile was judged by whoever hands the order on."""
    actor.require(Permission.USSD_GATEWAYS)
    _require_networks(order.networks)
    taken = session.exec(select(UssdGateway.id).where(UssdGateway.key == order.key)).first()
    if taken or session.exec(select(ProviderAccount.id).where(ProviderAccount.code == order.key)).first():
        raise KeyTaken
    service = _service(session, order.service)
    secret = new_token()
    kept = {name: _credential(order.key, name, value) for name, value in order.credentials.items() if value}
    row = UssdGateway(
        key=order.key,
        name=order.name,
        profile=order.profile,
        country=order.country,
        secret_digests=[digest_token(secret)],
        options={"credentials": kept, "rate_per_s": order.rate_per_s},
        networks=list(order.networks),
        default_service_id=service.id,
        state=SwitchState.STOPPED,
    )
    session.add(row)
    session.flush()
    session.add_all(
        UssdRoute(gateway_id=row.id, code=code, service_id=service.id) for code in dict.fromkeys(order.codes)
    )
    session.flush()
    changes = {"profile": order.profile, "codes": list(order.codes), "networks": list(order.networks)}
    audit.record(session, actor, "ussd_gateway.open", "ussd_gateway", row.id, row.name, changes)
    return AddressShown(get_gateway(session, actor, row.id), address_of(row, secret))


def rotate_secret(session: Session, actor: Actor, gateway_id: UUID) -> AddressShown:
    """Give an account a new address; the one before stays good until `drop_old_secret`."""
    row = locked(session, actor, gateway_id)
    secret = new_token()
    row.secret_digests = [digest_token(secret), *row.secret_digests][:LIVE_SECRETS]
    keep(session, actor, row, "rotate")
    return AddressShown(get_gateway(session, actor, row.id), address_of(row, secret))


def drop_old_secret(session: Session, actor: Actor, gateway_id: UUID) -> GatewayRow:
    """End a rotation: only the newest address stays good."""
    row = locked(session, actor, gateway_id)
    row.secret_digests = row.secret_digests[:1]
    return keep(session, actor, row, "drop_secret")


def pause_gateway(session: Session, actor: Actor, order: PauseGateway) -> GatewayRow:
    """Stop an account: effective on the next turn; money already committed goes on."""
    row = locked(session, actor, order.gateway_id)
    states.transition(row, SWITCH_STEPS, SwitchState.STOPPED)
    return keep(session, actor, row, "pause", {"reason": order.reason})


def resume_gateway(session: Session, actor: Actor, gateway_id: UUID) -> GatewayRow:
    """Let an account serve; its profile's fixtures were checked by whoever asks."""
    row = locked(session, actor, gateway_id)
    if row.options.get(EMERGENCY):
        raise StoppedInEmergency
    states.transition(row, SWITCH_STEPS, SwitchState.LIVE)
    return keep(session, actor, row, "resume")


def change_gateway(session: Session, actor: Actor, order: ChangeGateway) -> GatewayRow:
    """Change how an account is called and what holds by default; the next turn follows it."""
    row = locked(session, actor, order.gateway_id)
    service = _service(session, order.service)
    row.name, row.country, row.default_service_id = order.name, order.country, service.id
    row.options = {**row.options, "language": order.language}
    return keep(session, actor, row, "change", order.model_dump(exclude={"gateway_id"}))


def set_networks(session: Session, actor: Actor, order: SetNetworks) -> GatewayRow:
    """Say from where an account's requests may come."""
    _require_networks(order.networks)
    row = locked(session, actor, order.gateway_id)
    before, row.networks = list(row.networks), list(order.networks)
    return keep(session, actor, row, "networks", {"before": before, "after": row.networks})


def set_network_limits(session: Session, actor: Actor, order: SetNetworkLimits) -> GatewayRow:
    """Say what a page holds on some networks; the smallest of profile, account and network counts."""
    row = locked(session, actor, order.gateway_id)
    before = row.options.get("network_limits", {})
    after = {name: {"gsm7": septets, "ucs2": units} for name, (septets, units) in order.limits.items()}
    row.options = {**row.options, "network_limits": after}
    return keep(session, actor, row, "network_limits", {"before": before, "after": after})


def set_credential(session: Session, actor: Actor, order: SetCredential) -> GatewayRow:
    """Say what an account's requests must carry; only a keyed digest is kept."""
    row = locked(session, actor, order.gateway_id)
    kept = dict(row.options.get("credentials", {}))
    kept.pop(order.name, None)
    if order.value:
        kept[order.name] = _credential(row.key, order.name, order.value)
    row.options = {**row.options, "credentials": kept}
    return keep(session, actor, row, "credential", {"name": order.name, "is_set": bool(order.value)})


def _service(session: Session, key: str) -> UssdService:
    service = session.exec(select(UssdService).where(UssdService.key == key)).first()
    if service is None:
        raise InvalidInput({"service": t("service inconnu")})
    return service


def _credential(key: str, name: str, value: str) -> str:
    if name not in CREDENTIALS:
        raise InvalidInput({"credentials": t("donnée inconnue : {name}").format(name=name)})
    return digest_credential(key, name, value)


def _require_networks(networks: tuple[str, ...]) -> None:
    wrong = [network for network in networks if not is_network(network)]
    if wrong:
        raise InvalidInput({"networks": t("adresse ou plage illisible : {value}").format(value=wrong[0])})


def address_of(row: UssdGateway, secret: str) -> str:
    """Return the address a gateway calls with this secret."""
    base = str(row.options.get("public_base") or get_settings().public_base_url.split(",")[0])
    return f"{base.strip().rstrip('/')}/g/{row.key}/{secret}"


def locked(session: Session, actor: Actor, gateway_id: UUID) -> UssdGateway:
    """Return an account to change it, held until the end; only an administrator may."""
    actor.require(Permission.USSD_GATEWAYS)
    row = session.get(UssdGateway, gateway_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise GatewayNotFound
    return row


def keep(
    session: Session, actor: Actor, row: UssdGateway, act: str, changes: dict[str, Any] | None = None
) -> GatewayRow:
    """Write a changed account, its trail, and tell the pages."""
    session.add(row)
    session.flush()
    audit.record(session, actor, f"ussd_gateway.{act}", "ussd_gateway", row.id, row.name, changes)
    live.ring(TOPIC)
    return get_gateway(session, actor, row.id)


# Reads

_ROWS = """
select g.id, g.key, g.name, g.profile, g.country, coalesce(g.options ->> 'language', 'fr') as language,
       coalesce(v.key, '') as service, coalesce(v.name, '') as service_name, g.networks, g.state,
       cardinality(g.secret_digests) as secrets, coalesce(g.options -> 'credentials', '{}') as credentials,
       coalesce(g.options -> 'network_limits', '{}') as network_limits,
       array(select r.code from ussd_route r where r.gateway_id = g.id order by r.code) as codes,
       greatest(w.last_at, (select max(s.last_activity_at) from ussd_session s where s.gateway_id = g.id
                            and s.last_activity_at > %(since)s)) as last_at,
       coalesce(w.exchanges, 0) as exchanges, coalesce(w.errors, 0) as errors, w.drift_ms
from ussd_gateway g left join ussd_service v on v.id = g.default_service_id
left join lateral (
    select max(r.created_at) as last_at, count(*)::int as exchanges,
           count(*) filter (
               where r.outcome in ('error', 'busy', 'late', 'conflict', '413', '415', '422'))::int as errors,
           percentile_disc(0.5) within group (order by r.drift_ms)::int as drift_ms
    from wire_record r where r.gateway_id = g.id and r.created_at > %(since)s) w on true
"""


def list_gateways(session: Session, actor: Actor) -> list[GatewayRow]:
    """Return every account, those that serve first, by name; the simulated phone's own lines are none."""
    actor.require(Permission.USSD_READ)
    served = _ROWS + " where not g.options ? 'is_test' order by g.state = 'stopped', g.name, g.key"
    return [_row(row) for row in fetch_all(session, served, {"since": clock.now() - LATELY})]


def get_gateway(session: Session, actor: Actor, gateway_id: UUID) -> GatewayRow:
    """Return one account, or refuse with `GatewayNotFound`."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(session, _ROWS + " where g.id = %(id)s", {"since": clock.now() - LATELY, "id": gateway_id})
    if not rows:
        raise GatewayNotFound
    return _row(rows[0])


def _row(row: dict[str, Any]) -> GatewayRow:
    lists = {name: tuple(row[name]) for name in ("codes", "networks")}
    return GatewayRow(**{**row, **lists, "credentials": tuple(sorted(row["credentials"]))})
