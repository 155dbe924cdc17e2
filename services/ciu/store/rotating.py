"""Keys that come and go: what stands under an old one is written anew, and addresses are sealed or opened in bulk.

A person's digests move when he comes back, for only he knows his answers. An address we know: it moves here, before its
key is retired.
"""

from typing import Any

from core import clock
from core.database import Session, driver, fetch_all
from core.errors import Conflict
from core.permissions import Actor, Permission
from core.settings import get_settings
from services import audit
from services.ciu.identities import Identity
from services.ciu.store.keys import CiuKeys, get_ciu_keys
from services.ciu.store.people import ALIAS, columns_of, read_value
from services.whatsapp.sealing import unseal

BATCH = 500


class KeyStillNeeded(Conflict):
    """People who were not seen since would get a second code: the figure must be confirmed."""

    code = "cle_utilisee"
    sentence = "{number} empreintes ne se lisent que sous la clé {version} : confirmez ce nombre pour la retirer."


class AddressesLeft(Conflict):
    """Who is looked up under this key only could never be found again, and would be a stranger."""

    code = "cle_des_adresses"
    sentence = "{number} adresses se retrouvent encore sous la clé {version} : déplacez-les avant de la retirer."


class CodesReserved(Conflict):
    """A forgotten person's code is given to nobody, ever: only this key tells that it was his."""

    code = "cle_des_codes_reserves"
    sentence = "{number} codes de personnes oubliées ne sont réservés que sous la clé {version} : elle doit rester."


class LastKey(Conflict):
    """Without any other key nobody could be found again."""

    code = "derniere_cle"
    sentence = "La clé {version} est la seule, ou n'est pas connue de cette installation."


def seal_addresses(session: Session, *, most: int = BATCH) -> int:
    """Seal, or open, up to `most` addresses that are not yet as the settings want them; return how many."""
    keys = get_ciu_keys()
    condition = "value is not null" if get_settings().ciu_phone_encryption else "value_enc is not null"
    rows = _take(session, condition, {"most": most})
    for row in rows:
        _write(session, keys, row, row["lookup_version"])
    return len(rows)


def move_lookups(session: Session, version: int, *, most: int = BATCH) -> int:
    """Look up to `most` addresses up under the next key from now on; return how many."""
    keys = get_ciu_keys()
    other = min(one for one in keys.match if one != version)
    rows = _take(session, "lookup_version = %(version)s", {"version": version, "most": most})
    for row in rows:
        _write(session, keys, row, other)
    aliases = fetch_all(
        session,
        "select id, value_enc from ciu_alias where lookup_version = %s limit %s for update skip locked",
        (version, most),
    )
    for alias in aliases:
        lookup = keys.lookups(unseal(bytes(alias["value_enc"]), ALIAS))[other]
        driver(session).execute(
            "update ciu_alias set lookup = %s, lookup_version = %s where id = %s", (lookup, other, alias["id"])
        )
    return max(len(rows), len(aliases))


def count_lost(session: Session, version: int) -> int:
    """Return how many people not seen since only this key can recognise."""
    return _count(session, "select count(*) as number from ciu_match_key where key_version = %(version)s", version)


def count_reserved(session: Session, version: int) -> int:
    """Return how many codes of forgotten people are kept from others by this key only."""
    return _count(session, "select count(*) as number from ciu_reserved_code where key_version = %(version)s", version)


def require_idle(session: Session, version: int) -> None:
    """Refuse to do without a key that is the only one, or that keeps a forgotten person's code from others."""
    if version not in get_ciu_keys().match or len(get_ciu_keys().match) == 1:
        raise LastKey(version=version)
    reserved = count_reserved(session, version)
    if reserved:
        raise CodesReserved(number=reserved, version=version)


def retire_key(session: Session, actor: Actor, version: int, confirmed: int) -> int:
    """Let go of a key, with exactly the digests that were confirmed lost; then it may leave the settings.

    Its addresses must have been moved before (`move_lookups`).
    """
    actor.require(Permission.CIU_ADMINISTER)
    require_idle(session, version)
    left = _count(session, _LOOKED_UP, version)
    if left:
        raise AddressesLeft(number=left, version=version)
    number = count_lost(session, version)
    if number != confirmed:
        raise KeyStillNeeded(number=number, version=version)
    for table in ("ciu_match_key", "ciu_near_key"):
        driver(session).execute(f"delete from {table} where key_version = %s".encode(), (version,))
    driver(session).execute(
        "update ciu_key set retired_at = %s where kind = 'match' and version = %s", (clock.now(), version)
    )
    audit.record(session, actor, "ciu.retire_key", "ciu_key", str(version), f"{number}")
    return number


_LOOKED_UP = """
select (select count(*) from ciu_identity where lookup_version = %(version)s)
     + (select count(*) from ciu_alias where lookup_version = %(version)s) as number
"""


def _count(session: Session, query: str, version: int) -> int:
    return int(fetch_all(session, query, {"version": version})[0]["number"])


def _take(session: Session, condition: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return fetch_all(
        session,
        f"select id, kind, value, value_enc, lookup_version from ciu_identity where {condition}"
        " limit %(most)s for update skip locked",
        parameters,
    )


def _write(session: Session, keys: CiuKeys, row: dict[str, Any], version: int) -> None:
    identity = Identity(row["kind"], read_value(row), "")
    driver(session).execute(
        """
        update ciu_identity set value = %(value)s, value_enc = %(value_enc)s, lookup = %(lookup)s,
            lookup_version = %(version)s, tail = %(tail)s where id = %(id)s
        """,
        {"id": row["id"], **columns_of(keys, identity, version)},
    )
