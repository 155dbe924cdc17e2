"""Where connectors and webhooks may call: hosts an administrator listed, and no private address unless he said so."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, field_validator
from sqlmodel import select

from core.addresses import parse_address
from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound, Refusal
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from models.offers import ConnectorHost
from services import audit

_HOST = r"^[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?$|^\[[0-9a-f:]+\](:[0-9]{1,5})?$"

_NAT64 = ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], list[str]]


class HostTaken(Refusal):
    """The host is listed already."""

    code = "hote_deja_liste"
    status = 409
    sentence = "Cet hôte est déjà dans la liste."


class AddressRefusedError(Exception):
    """The host does not resolve, or to an address that may not be called."""


class AllowHost(Order):
    """A host connectors and webhooks may call: a name, with its port when it is not the usual one."""

    host: str = Field(pattern=_HOST)
    is_private: bool = False
    note: str = Field(default="", max_length=200)

    @field_validator("host", mode="before")
    @classmethod
    def _lower(cls, host: object) -> object:
        return host.strip().lower() if isinstance(host, str) else host


@dataclass(frozen=True, slots=True)
class HostRow:
    """One line of the list."""

    id: UUID
    host: str
    is_private: bool
    note: str
    created_at: datetime


def allow_host(session: Session, actor: Actor, order: AllowHost) -> UUID:
    """Add a host to the list; administrators only."""
    actor.require(Permission.USSD_GATEWAYS)
    if session.exec(select(ConnectorHost).where(ConnectorHost.host == order.host)).first() is not None:
        raise HostTaken
    row = ConnectorHost(host=order.host, is_private=order.is_private, note=order.note)
    session.add(row)
    session.flush()
    changes = {"is_private": order.is_private}
    audit.record(session, actor, "connector_host.allow", "connector_host", row.id, row.host, changes)
    return row.id


def forbid_host(session: Session, actor: Actor, host_id: UUID) -> UUID:
    """Take a host off the list: what points there is refused from the next call on."""
    actor.require(Permission.USSD_GATEWAYS)
    row = session.get(ConnectorHost, host_id)
    if row is None:
        raise NotFound(thing="connector_host")
    session.delete(row)
    audit.record(session, actor, "connector_host.forbid", "connector_host", row.id, row.host)
    return host_id


def find_fault(session: Session, url: str) -> str | None:
    """Return the French sentence that says why an address may not be called, None when it may."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return t("une adresse http ou https")
    if parts.username or parts.password or parts.query or parts.fragment:
        return t("ni mot de passe, ni paramètres, ni fragment dans l'adresse")
    listed = find_listed(session, url)
    if listed is None:
        return t("cet hôte n'est pas dans la liste permise")
    if parts.scheme == "http" and not listed:
        return t("https est obligatoire hors du réseau privé")
    return None


def find_listed(session: Session, url: str) -> bool | None:
    """Return whether a listed host may be private; None when it is not listed. A line without port allows the usual."""
    row = fetch_one(session, "select is_private from connector_host where host = %s", (_name_of(url),))
    return None if row is None else bool(row["is_private"])


def _name_of(url: str) -> str:
    """Return host and port as the list writes them: the usual port of the scheme is left out."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    name = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return name if parts.port in {None, usual} else f"{name}:{parts.port}"


def resolved(host: str, port: int) -> list[str]:
    """Return every address a name has."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def choose_address(url: str, *, is_private: bool, resolve: Resolve = resolved) -> str:
    """Return the address to call, looked up once: the call goes to that one, whatever the name says a moment later.

    One private address among several refuses all of them: a public name must not lead inside.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = resolve(parts.hostname or "", port)
    except (OSError, UnicodeError) as error:
        raise AddressRefusedError("unresolved") from error
    if not found:
        raise AddressRefusedError("unresolved")
    if not is_private and not all(map(_is_public, found)):
        raise AddressRefusedError("private")
    return found[0]


def _is_public(text: str) -> bool:
    """Say whether an address is on the open Internet; one that carries an IPv4 address inside it is not believed."""
    address = parse_address(str(ip_address(text.partition("%")[0])))
    if isinstance(address, IPv6Address) and (address.sixtofour or address.teredo or address in _NAT64):
        return False
    return address is not None and address.is_global and not address.is_multicast


# Reads


def list_hosts(session: Session, actor: Actor) -> list[HostRow]:
    """Return the list, by name; administrators only."""
    actor.require(Permission.USSD_GATEWAYS)
    rows = fetch_all(session, "select id, host, is_private, note, created_at from connector_host order by host")
    return [HostRow(**row) for row in rows]
