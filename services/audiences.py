"""Whom a survey or a notice is for: everybody, the subscribers of a service, or those a few traits choose."""

from typing import Any, Literal

from pydantic import Field

from core import clock
from core.database import Session, fetch_one
from core.orders import Order
from core.phone import issued_prefixes

LEVELS = {"client": ("0", "1"), "agent": ("agent",), "merchant": ("merchant",)}
Role = Literal["client", "agent", "merchant"]


class Audience(Order):
    """Who is meant; of a `filter`, what is empty does not narrow. `numbers` is a list kept beside the notice."""

    kind: Literal["all", "service", "filter", "numbers"] = "all"
    service: str = Field(default="", max_length=20)
    roles: tuple[Role, ...] = ()
    languages: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    seen_within_days: int | None = Field(default=None, ge=1, le=3650)


_SUBSCRIBED = """
exists (select from subscription s join catalog_service c on c.id = s.service_id
        where s.phone = u.phone and c.code = %(service)s and s.state <> 'inactive')
"""
_HOLDS = "exists (select from wallet w where w.user_id = u.id and w.level = any(%(levels)s))"
_SEEN = """
exists (select from ussd_session d where d.phone = u.phone
        and d.created_at >= %(present)s - make_interval(days => %(days)s))
"""


def condition_of(audience: Audience) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition on `users u` that chooses these people, and its parameters."""
    parts, values = ["u.phone is not null", "u.state = 'active'"], dict[str, Any]()
    if audience.kind == "service":
        parts.append(_SUBSCRIBED)
        values["service"] = audience.service
    if audience.kind == "filter":
        _narrow(audience, parts, values)
    return " and ".join(parts), values


def _narrow(audience: Audience, parts: list[str], values: dict[str, Any]) -> None:
    if audience.roles:
        parts.append(_HOLDS)
        values["levels"] = [level for role in audience.roles for level in LEVELS[role]]
    if audience.languages:
        parts.append("u.language = any(%(languages)s)")
        values["languages"] = list(audience.languages)
    if audience.networks:
        parts.append("u.phone like any(%(prefixes)s)")
        wanted = set(audience.networks)
        values["prefixes"] = [f"{prefix}%" for prefix, network in issued_prefixes().items() if network in wanted]
    if audience.seen_within_days is not None:
        parts.append(_SEEN)
        values |= {"present": clock.now(), "days": audience.seen_within_days}


def holds(session: Session, audience: Audience, phone: str) -> bool:
    """Say whether the person of a number is meant; who has no row yet is one of everybody only."""
    if audience.kind == "all":
        return True
    condition, values = condition_of(audience)
    query = f"select 1 as found from users u where u.phone = %(phone)s and {condition}"
    return fetch_one(session, query, values | {"phone": phone}) is not None


# Reads


def list_networks() -> list[str]:
    """Return the networks a filter may name."""
    return sorted(set(issued_prefixes().values()))
