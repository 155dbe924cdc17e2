"""Which transfer a callback names: the token of its address, else its references, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from core import ids
from core.database import Session, fetch_one
from core.orders import is_storable
from services.inbound.doors import DOORS, Arrival

LONGEST_REFERENCE = 200

# Where a reference of each name may stand, besides the handle of the same name.
_OUR_REFERENCE, _OUR_ID = "reference = %(value)s", "external_id = %(id)s"
_THEIRS = (
    "provider_ref = %(value)s and account_id in (select id from provider_account where adapter = any(%(adapters)s))"
)
_PLACES = {
    "reference": (_OUR_REFERENCE, _OUR_ID),
    "order_id": (_OUR_REFERENCE,),
    "external_id": (_OUR_ID, _OUR_REFERENCE),
    "provider_ref": (_THEIRS,),
}
_HANDLE = "handles @> %(handle)s"


@dataclass(frozen=True, slots=True)
class Target:
    """The transfer that a callback names."""

    id: UUID
    account_id: UUID
    adapter: str
    handles: dict[str, Any]


def by_token(session: Session, arrival: Arrival) -> Target | None:
    """Return the transfer whose token stands in the address; a token is random and ours."""
    token = arrival.call.token
    if not token or not _is_sound(token):
        return None
    return _target(session, "callback_token = %(token)s", {"token": token}, DOORS[arrival.door])


def by_references(session: Session, adapter: str, references: Mapping[str, str]) -> Target | None:
    """Return the transfer of this adapter that one of the references names."""
    for name, value in sound(references).items():
        identifier = ids.parse_id(value)
        values = {"value": value, "id": identifier, "handle": Jsonb({name: value})}
        for place in (*_PLACES.get(name, ()), _HANDLE):
            if place == _OUR_ID and identifier is None:
                continue
            found = _target(session, place, values, (adapter,))
            if found is not None:
                return found
    return None


def sound(references: Mapping[str, str]) -> dict[str, str]:
    """Return the references that can be looked for and kept; our own token is never among them."""
    return {name: value for name, value in references.items() if _is_sound(value) and name != "callback_token"}


def _is_sound(value: str) -> bool:
    return 0 < len(value) <= LONGEST_REFERENCE and is_storable(value)


def _target(session: Session, place: str, values: dict[str, Any], adapters: Sequence[str]) -> Target | None:
    # No limit: it would tempt the planner to walk all transfers by date.
    row = fetch_one(
        session,
        "select id, account_id, adapter, handles from transfer"
        f" where {place} and adapter = any(%(adapters)s) order by created_at desc",
        {**values, "adapters": list(adapters)},
    )
    return None if row is None else Target(**row)
