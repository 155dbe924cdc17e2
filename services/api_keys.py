"""Keys of machines: random, shown once, stored as digests, with scopes and an allow-list of addresses."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from uuid import UUID

from pydantic import Field, field_validator
from sqlmodel import col, select

from core import clock
from core.addresses import is_inside, is_network
from core.database import Session
from core.errors import InvalidInput, NotFound
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.security import digest_token, new_token
from models.users import ApiKey
from services import audit
from services.users.refusals import AccessDenied, InvalidApiKey

PREFIX = "pal_"
SHOWN_CHARACTERS = 8
SEEN_EVERY = timedelta(minutes=1)
GATEWAY_SCOPES = frozenset({"ussd", "ussd:read"})  # what a USSD gateway's own key holds: turns, and reading them
SCOPES = GATEWAY_SCOPES | {permission.value for permission in Permission}


class ApiKeyNotFound(NotFound):
    """No such key."""

    code = "cle_api_introuvable"
    sentence = "Clé d'API introuvable."


class CreateApiKey(Order):
    """A new key; without networks it is good from everywhere."""

    name: str = Field(min_length=1, max_length=100)
    scopes: tuple[str, ...]
    networks: tuple[str, ...] = ()
    gateway_id: UUID | None = None
    expires_at: datetime | None = None

    @field_validator("networks")
    @classmethod
    def _readable(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(is_network, networks)):
            raise ValueError(t("une adresse ou une plage CIDR par ligne"))
        return tuple(str(ip_network(network.strip(), strict=False)) for network in networks)


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A key, without the key."""

    id: UUID
    name: str
    prefix: str
    scopes: tuple[str, ...]
    networks: tuple[str, ...]
    gateway_id: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class ApiKeyCreated:
    """The key itself, shown this once."""

    row: ApiKeyRow
    key: str


def create_api_key(session: Session, actor: Actor, order: CreateApiKey) -> ApiKeyCreated:
    """Make a key that holds no right its maker lacks; the key is in the answer and nowhere else."""
    actor.require(Permission.API_KEYS)
    unknown = [scope for scope in order.scopes if scope not in SCOPES]
    if unknown or not order.scopes:
        raise InvalidInput({"scopes": t("au moins un droit, parmi ceux de la liste")})
    for scope in order.scopes:
        if scope not in GATEWAY_SCOPES:
            actor.require(Permission(scope))
    key = PREFIX + new_token()
    row = ApiKey(
        name=order.name,
        prefix=key[: len(PREFIX) + SHOWN_CHARACTERS],
        digest=digest_token(key),
        scopes=sorted(set(order.scopes)),
        networks=list(order.networks),
        gateway_id=order.gateway_id,
        created_by=actor.user_id,
        expires_at=order.expires_at,
    )
    session.add(row)
    changes = {"scopes": row.scopes, "networks": row.networks}
    audit.record(session, actor, "api_key.create", "api_key", row.id, row.name, changes)
    return ApiKeyCreated(_row(row), key)


def revoke_api_key(session: Session, actor: Actor, key_id: UUID) -> ApiKeyRow:
    """Revoke a key for good; a revoked one stays as it is."""
    actor.require(Permission.API_KEYS)
    row = session.get(ApiKey, key_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise ApiKeyNotFound
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        session.add(row)
        audit.record(session, actor, "api_key.revoke", "api_key", row.id, row.name)
    return _row(row)


def actor_of_key(session: Session, key: str, address: str) -> Actor:
    """Return who holds a key, or refuse: `InvalidApiKey` unless it lives, `AccessDenied` from outside its networks."""
    row = session.exec(select(ApiKey).where(ApiKey.digest == digest_token(key))).first()
    moment = clock.now()
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= moment):
        raise InvalidApiKey
    if row.networks and not is_inside(address, map(ip_network, row.networks)):
        raise AccessDenied
    if row.last_used_at is None or moment - row.last_used_at >= SEEN_EVERY:
        row.last_used_at = moment
        session.add(row)
    return Actor(user_id=None, name=row.name, address=address, api_key_id=row.id, key_scopes=frozenset(row.scopes))


# Reads


def list_api_keys(session: Session, actor: Actor) -> list[ApiKeyRow]:
    """Return every key, the newest first."""
    actor.require(Permission.API_KEYS)
    return [_row(row) for row in session.exec(select(ApiKey).order_by(col(ApiKey.id).desc()))]


def _row(row: ApiKey) -> ApiKeyRow:
    return ApiKeyRow(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        networks=tuple(row.networks),
        gateway_id=row.gateway_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
