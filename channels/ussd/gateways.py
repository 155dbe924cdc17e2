"""The configured gateway accounts, as the hot path needs them: read once a second at most."""

import hmac
import time
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from core.database import Session, fetch_all
from core.security import digest_token
from core.settings import Network

REFRESH_S = 1.0
KEY_SCOPE = "ussd"


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """An API key of an account; two may be valid while rotating."""

    digest: bytes
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Gateway:
    """One account: its profile and its settings."""

    id: UUID
    key: str
    profile: str
    country: str
    options: dict[str, Any]
    default_service_id: UUID | None
    has_anonymous_browse: bool

    @property
    def auth(self) -> str:
        """What proves a request: `key+ip` or `ip`."""
        return str(self.options.get("auth", "key+ip"))

    @property
    def command_words(self) -> tuple[str, str]:
        """The words that say go on and end."""
        go_on, over = self.options.get("command_words", ("CON", "END"))
        return str(go_on), str(over)


@dataclass(slots=True)
class _Cache:
    read_at: float = 0.0
    engine: Engine | None = None
    gateways: dict[str, Gateway] | None = None
    keys: tuple[GatewayKey, ...] = ()


_cache = _Cache()


def find(session: Session, key: str) -> Gateway:
    """Return the account `key`; a change in the console is seen within a second."""
    _refresh(session)
    assert _cache.gateways is not None  # noqa: S101  # just read
    return _cache.gateways[key]


def find_key(session: Session, presented: str) -> GatewayKey | None:
    """Return the valid key that was presented, compared in constant time, or None."""
    _refresh(session)
    digest = digest_token(presented)
    found = None
    for key in _cache.keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def forget() -> None:
    """Read again at the next request: the accounts or keys changed in this process."""
    _cache.read_at = 0.0


def _refresh(session: Session) -> None:
    engine = session.get_bind().engine
    if engine is _cache.engine and time.monotonic() - _cache.read_at < REFRESH_S:
        return
    rows = fetch_all(session, "select * from ussd_gateway")
    keys = fetch_all(
        session,
        "select digest, networks from api_key where revoked_at is null and %s = any (scopes)"
        " and (expires_at is null or expires_at > now())",
        (KEY_SCOPE,),
    )
    _cache.gateways = {
        row["key"]: Gateway(
            row["id"],
            row["key"],
            row["profile"],
            row["country"],
            row["options"],
            row["default_service_id"],
            row["has_anonymous_browse"],
        )
        for row in rows
    }
    _cache.keys = tuple(
        GatewayKey(bytes(row["digest"]), tuple(ip_network(network) for network in row["networks"])) for row in keys
    )
    _cache.engine, _cache.read_at = engine, time.monotonic()
