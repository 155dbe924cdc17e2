"""Who writes: found again by a keyed digest of the address, locked while one message of theirs is worked on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.settings import get_settings
from services.ciu.identities import OLD_DIGITS, Identity
from services.ciu.store.keys import CiuKeys
from services.whatsapp.sealing import seal, unseal

MOST_A_MINUTE = 20
MINUTE = timedelta(minutes=1)

IDENTITY, ALIAS = "ciu_identity", "ciu_alias"  # where what is sealed belongs

_TEST_NUMBER = re.compile(r"\+2430000000\d\d")
_IVORY_COAST = "+225"


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes. `has_room`: not more messages within a minute than a person sends."""

    id: UUID
    address: str = field(repr=False)
    language: str
    is_test: bool
    has_room: bool


_TAKE = """
update ciu_identity set
    last_inbound_at = %(now)s,
    minute_count = case when minute_at > %(minute)s then minute_count + 1 else 1 end,
    minute_at = case when minute_at > %(minute)s then minute_at else %(now)s end
where {condition}
returning id, kind, language, is_test, minute_count
"""
_BY_LOOKUP = "select * from ciu_take(%(lookups)s, %(now)s, %(minute)s)"
_BY_ALIAS = _TAKE.format(
    condition="""id = (
        select i.id from ciu_identity i left join ciu_alias a on a.identity_id = i.id
        where a.lookup = any(%(aliases)s) or i.lookup = any(%(aliases)s) limit 1)"""
)
_INSERT = """
insert into ciu_identity (id, created_at, kind, value, value_enc, lookup, lookup_version, tail, language,
    last_inbound_at, minute_at, minute_count, is_test)
values (%(id)s, %(now)s, %(kind)s, %(value)s, %(value_enc)s, %(lookup)s, %(version)s, %(tail)s, '',
    %(now)s, %(now)s, 0, %(is_test)s)
on conflict (lookup) do nothing
"""


def take_person(session: Session, keys: CiuKeys, identity: Identity, user_id: str = "") -> Person:
    """Return who writes, known from now on, and locked until the transaction ends.

    `user_id` is told beside a number: a later message that carries it alone is the same person's.
    """
    now = clock.now()
    lookups = keys.lookups(str(identity))
    aliases = keys.lookups(f"user_id:{user_id}") if user_id else {}
    asked: dict[str, Any] = {"now": now, "minute": now - MINUTE, "lookups": [*lookups.values()]}
    # A number is found as the one somebody has now, never as one he had: it may be a stranger's by now.
    asked["aliases"] = [*(lookups if identity.kind == "user_id" else aliases).values()]
    row = fetch_one(session, _BY_LOOKUP, asked)
    if row is None and asked["aliases"]:
        row = fetch_one(session, _BY_ALIAS, asked)
    if row is not None and identity.kind == "phone" and row["kind"] == "user_id":
        _learn_number(session, keys, row["id"], identity)
    if row is None:
        row = _old_ivorian(session, keys, identity, asked)
    if row is None:
        driver(session).execute(_INSERT, {"id": ids.new_id(), "now": now, **columns_of(keys, identity, keys.oldest)})
        row = fetch_one(session, _BY_LOOKUP, asked)
    if row is None:
        raise LookupError("an address was forgotten between two statements")
    if aliases:
        _keep_alias(session, keys, row["id"], f"user_id:{user_id}")
    has_room = row["minute_count"] <= MOST_A_MINUTE
    return Person(row["id"], identity.value, row["language"], row["is_test"], has_room)


def lane_of(keys: CiuKeys, identity: Identity) -> bytes:
    """Return the lane in which messages of one address wait for each other."""
    return keys.lookups(str(identity))[keys.oldest]


def move_number(session: Session, keys: CiuKeys, person: Person, identity: Identity) -> None:
    """Let a person who changed numbers be found under the new one, unless somebody writes from there already."""
    taken = fetch_one(
        session, "select 1 from ciu_identity where lookup = any(%s)", ([*keys.lookups(str(identity)).values()],)
    )
    if taken is None:
        _learn_number(session, keys, person.id, identity)


def read_value(row: Mapping[str, Any]) -> str:
    """Return an address from its row, sealed or not."""
    return str(row["value"]) if row["value_enc"] is None else unseal(bytes(row["value_enc"]), IDENTITY)


def columns_of(keys: CiuKeys, identity: Identity, version: int) -> dict[str, Any]:
    """Return what a row holds of an address, looked up under one version of the keys."""
    is_sealed = get_settings().ciu_phone_encryption
    is_ivorian = identity.kind == "phone" and identity.value.startswith(_IVORY_COAST)
    return {
        "kind": identity.kind,
        "value": None if is_sealed else identity.value,
        "value_enc": seal(identity.value, IDENTITY) if is_sealed else None,
        "lookup": keys.lookups(str(identity))[version],
        "version": version,
        "tail": keys.lookups(f"tail:{identity.value[-OLD_DIGITS:]}")[version] if is_ivorian else None,
        "is_test": is_test_number(identity),
    }


def is_test_number(identity: Identity) -> bool:
    """Say whether an address is a rehearsal's; nobody's telephone has it."""
    return _TEST_NUMBER.fullmatch(identity.value) is not None


def set_language(session: Session, person: Person, language: str) -> None:
    """Remember the language that somebody chose."""
    driver(session).execute("update ciu_identity set language = %s where id = %s", (language, person.id))


def _learn_number(session: Session, keys: CiuKeys, identity_id: UUID, identity: Identity) -> None:
    """Put a number in the place of the address known so far; a number that somebody gave up is nobody's."""
    driver(session).execute(
        """
        update ciu_identity set kind = %(kind)s, value = %(value)s, value_enc = %(value_enc)s, lookup = %(lookup)s,
            lookup_version = %(version)s, tail = %(tail)s where id = %(id)s
        """,
        {"id": identity_id, **columns_of(keys, identity, keys.oldest)},
    )


def _keep_alias(session: Session, keys: CiuKeys, identity_id: UUID, address: str) -> None:
    """Keep another address of somebody, unless it is known as somebody's already."""
    driver(session).execute(
        """
        insert into ciu_alias (id, created_at, identity_id, lookup, lookup_version, value_enc)
        select %(id)s, %(now)s, %(identity)s, %(lookup)s, %(version)s, %(value_enc)s
        where not exists (select from ciu_identity where lookup = any(%(lookups)s) and id <> %(identity)s)
          and not exists (select from ciu_alias where lookup = any(%(lookups)s))
        on conflict (lookup) do nothing
        """,
        {
            "id": ids.new_id(),
            "now": clock.now(),
            "identity": identity_id,
            "lookup": keys.lookups(address)[keys.oldest],
            "lookups": [*keys.lookups(address).values()],
            "version": keys.oldest,
            "value_enc": seal(address, ALIAS),
        },
    )


def _old_ivorian(session: Session, keys: CiuKeys, identity: Identity, asked: dict[str, Any]) -> dict[str, Any] | None:
    """Return the one known person whose number ends as an Ivorian number of the old plan does."""
    if not identity.old_ivorian_digits:
        return None
    tails = [*keys.lookups(f"tail:{identity.old_ivorian_digits}").values()]
    found = fetch_all(session, "select id from ciu_identity where tail = any(%s) limit 2", (tails,))
    if len(found) != 1:
        return None
    return fetch_one(session, _TAKE.format(condition="id = %(id)s"), {**asked, "id": found[0]["id"]})
