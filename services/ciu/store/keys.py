"""The secrets of the identifiers: the salt of the codes, the keys of the digests. Both live outside the database.

At each start their fingerprints are compared with those of what is stored: with another key nobody would be found
again, and everybody would quietly get a second code.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import structlog

from core import clock, ids
from core.database import Session, driver, fetch_all
from core.errors import ConfigurationError
from core.security import Keys
from core.settings import Environment, Settings, get_settings
from services.ciu.matching import code_digest, identity_digest, match_digest, read_match_keys
from services.ciu.salts import find_salt_fault
from services.whatsapp.sealing import data_keys

FINGERPRINT_SIZE_BYTES = 8
TEST_PREFIX = "test:"  # rehearsals have codes and digests of their own

_MATCH, _SALT = "match", "salt"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class CiuKeys:
    """The keys by version, the oldest first; the newest writes. `salt` ends every digest a code is made of."""

    match: Mapping[int, bytes]
    salt: str

    def __repr__(self) -> str:
        return f"CiuKeys(match={list(self.match)})"

    @property
    def newest(self) -> int:
        """The version that writes."""
        return max(self.match)

    @property
    def oldest(self) -> int:
        """The version under which addresses are looked up, and under which twins in time wait for each other."""
        return min(self.match)

    @property
    def salt_fingerprint(self) -> bytes:
        """What the salt looks like from outside."""
        return _fingerprint(self.salt.encode(), _SALT)

    def salt_for(self, *, is_test: bool) -> str:
        """Return the salt of a code; a rehearsal's can never make a real person's."""
        return f"{TEST_PREFIX}{self.salt}" if is_test else self.salt

    def match_digests(self, space: str, canonical: list[str]) -> dict[int, bytes]:
        """Return the digest of a person's answers under every key."""
        return {version: match_digest(key, space, canonical) for version, key in self.match.items()}

    def lookups(self, identity: str) -> dict[int, bytes]:
        """Return the digest of an address under every key."""
        return {version: identity_digest(key, identity) for version, key in self.match.items()}

    def code_digests(self, code: str, *, is_test: bool = False) -> dict[int, bytes]:
        """Return the digest of a code under every key; a rehearsal's is never a real person's."""
        told = f"{TEST_PREFIX}{code}" if is_test else code
        return {version: code_digest(key, told) for version, key in self.match.items()}


def get_ciu_keys() -> CiuKeys:
    """Return the keys of this process."""
    settings = get_settings()
    return _read(settings.ciu_match_keys.get_secret_value(), settings.uic_salt.get_secret_value())


@lru_cache(maxsize=8)
def _read(match: str, salt: str) -> CiuKeys:
    return CiuKeys(read_match_keys(match), salt)


# At the start


def check_settings(settings: Settings) -> None:
    """Refuse to start with a salt or keys that would do harm; `ConfigurationError` says it in one line."""
    if settings.whatsapp_allow_unsigned and settings.environment in {Environment.STAGING, Environment.PRODUCTION}:
        raise ConfigurationError("Configuration error: WHATSAPP_ALLOW_UNSIGNED is only for development")
    if not settings.has_ciu and "uic_salt" not in settings.model_fields_set:
        return
    fault = find_salt_fault(settings.uic_salt.get_secret_value(), settings.environment)
    if fault is not None and not fault.is_warning:
        raise ConfigurationError(fault.sentence)
    for name in ("ciu_match_keys", "ciu_data_key"):
        _check_keys(name.upper(), getattr(settings, name).get_secret_value())
    if fault is not None:
        _log.warning("ciu.salt", problem=fault.sentence)
    if settings.whatsapp_allow_unsigned:
        _log.warning("ciu.unsigned", problem="WHATSAPP_ALLOW_UNSIGNED: anybody may write as anybody")


def check_stored(session: Session, settings: Settings) -> None:
    """Refuse to start when a key in use is missing or another; a changed salt is only said aloud."""
    if not settings.has_ciu:
        return
    keys, used = get_ciu_keys(), count_uses(session)
    known = {(row["kind"], row["version"]): bytes(row["fingerprint"]) for row in fetch_all(session, _KNOWN)}
    for version, number in used.items():
        seen = known.get((_MATCH, version))
        is_same = version in keys.match and seen in {None, _fingerprint(keys.match[version], _MATCH)}
        if number and not is_same:
            what = "missing" if version not in keys.match else "not the one that made what is stored"
            raise ConfigurationError(
                f"Configuration error: CIU_MATCH_KEYS version {version} is {what}, and {number} rows need it"
            )
    _check_sealed(session, data_keys())
    salt = known.get((_SALT, 0))
    if salt not in {None, keys.salt_fingerprint}:
        _log.warning("ciu.salt_changed", problem="the salt is not the one of the codes issued so far")
    _note(session, keys)


def count_uses(session: Session) -> dict[int, int]:
    """Return how many rows need each version of the match keys."""
    rows = fetch_all(
        session,
        """
        select version, sum(number)::bigint as number from (
            select key_version as version, count(*) as number from ciu_match_key group by 1
            union all select lookup_version, count(*) from ciu_identity group by 1
            union all select lookup_version, count(*) from ciu_alias group by 1
            union all select key_version, count(*) from ciu_reserved_code group by 1) used
        group by version order by version
        """,
    )
    return {row["version"]: row["number"] for row in rows}


_KNOWN = "select kind, version, fingerprint from ciu_key where retired_at is null order by created_at"


def _note(session: Session, keys: CiuKeys) -> None:
    """Keep what the keys of this start look like; an unused version that was replaced is noted anew."""
    seen = {(_MATCH, version): _fingerprint(key, _MATCH) for version, key in keys.match.items()}
    seen[_SALT, 0] = keys.salt_fingerprint
    for (kind, version), fingerprint in seen.items():
        driver(session).execute(
            "update ciu_key set retired_at = %s where kind = %s and version = %s and fingerprint <> %s"
            " and retired_at is null",
            (clock.now(), kind, version, fingerprint),
        )
        driver(session).execute(
            "insert into ciu_key (id, created_at, kind, version, fingerprint) values (%s, %s, %s, %s, %s)"
            " on conflict (kind, version, fingerprint) do update set retired_at = null",
            (ids.new_id(), clock.now(), kind, version, fingerprint),
        )


_SEALED = (
    ("ciu_conversation", "answers_enc"),
    ("ciu_identity", "value_enc"),
    ("ciu_alias", "value_enc"),
    ("ciu_record", "spare_enc"),
    ("ciu_export", "content_enc"),
    ("whatsapp_inbound", "payload_enc"),
    ("whatsapp_reply", "body_enc"),
)


def _check_sealed(session: Session, keys: Keys) -> None:
    """Refuse to start without the key that opens what is sealed; its name stands before each sealed text."""
    parts = " union ".join(
        f"select distinct substr({column}, 1, 4) as name from {table} where {column} is not null"
        for table, column in _SEALED
    )
    rows = fetch_all(session, parts)
    if {bytes(row["name"]) for row in rows if row["name"]} - set(keys.sealing):
        raise ConfigurationError("Configuration error: CIU_DATA_KEY lacks the key of what is sealed")


def _check_keys(name: str, text: str) -> None:
    if not text:
        raise ConfigurationError(f"Configuration error: {name} is required beside UIC_SALT")
    try:
        read_match_keys(text)
    except ValueError as error:
        raise ConfigurationError(
            f"Configuration error: {name} must be version:key pairs, 32 bytes each in base64url"
        ) from error


def _fingerprint(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, f"palabre-ciu-fingerprint {purpose}".encode(), "sha256")[:FINGERPRINT_SIZE_BYTES]
