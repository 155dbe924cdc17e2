"""The configured gateway accounts, as the hot path needs them: read once a second at most."""

import hmac
import time
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from channels import texts
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.decoding import Place
from channels.ussd.profiles.model import Profile
from channels.ussd.profiles.wire import GatewayTurn
from core.database import Database, Session, fetch_all
from core.gsm7 import Limits
from core.security import digest_token
from core.settings import Network, get_settings, parse_networks

REFRESH_S = 1.0
MOST_TURNS_A_SECOND = 1_000
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
    secrets: tuple[bytes, ...] = ()
    networks: tuple[Network, ...] = ()
    codes: tuple[str, ...] = ()
    state: str = "live"
    custom: Contract | None = None
    rate: "Rate" = field(default_factory=lambda: Rate(MOST_TURNS_A_SECOND), compare=False)

    @property
    def contract(self) -> Contract:
        """How this account speaks."""
        return self.custom or BUILT_IN[self.profile]

    @property
    def place(self) -> Place:
        """What of the account its requests are read by."""
        return Place(self.country, self.codes)

    @property
    def refuses_unknown_codes(self) -> bool:
        """Whether a code that leads nowhere is answered «Service inconnu.» rather than by the default service."""
        is_documented = self.profile in {"doc_a", "doc_b"}
        return str(self.options.get("unknown_code", "default" if is_documented else "refuse")) == "refuse"

    @property
    def address(self) -> str:
        """The base of links that must be absolute."""
        base = str(self.options.get("public_base") or get_settings().public_base_url.split(",")[0])
        return base.strip().rstrip("/")

    @property
    def credentials(self) -> dict[str, str]:
        """The digests of what this account's requests must carry."""
        return dict(self.options.get("credentials", {}))

    def language_of(self, turn: GatewayTurn) -> str:
        """Return the language a dialogue begins in: the network's, when we speak it, else the account's own.

        Empty where neither says one: the service has its own.
        """
        if turn.language in texts.LANGUAGES:
            return turn.language
        return str(self.options.get("language", ""))

    def limits_on(self, network: str) -> Limits:
        """Return what a page may hold: the smallest of what profile, account and network carry."""
        networks = self.options.get("network_limits", {})
        return self.contract.profile.page_limits(self.options.get("limits", {}), networks.get(network, {}))

    @property
    def narrowest(self) -> Limits:
        """What a page may hold on every network of this account."""
        networks = self.options.get("network_limits", {}).values()
        return self.contract.profile.page_limits(self.options.get("limits", {}), *networks)

    def holds_secret(self, presented: str) -> bool:
        """Say whether a secret is one of the account's, in a time that tells nothing."""
        digest = digest_token(presented)
        matches = [hmac.compare_digest(digest, known) for known in (*self.secrets, b"")]
        return any(matches)

    @property
    def is_test(self) -> bool:
        """Whether only a simulated phone speaks through it."""
        return bool(self.options.get("is_test"))

    @property
    def auth(self) -> str:
        """What proves a request: `key+ip` or `ip`."""
        return str(self.options.get("auth", "key+ip"))

    @property
    def command_words(self) -> tuple[str, str]:
        """The words that say go on and end."""
        go_on, over = self.options.get("command_words", ("CON", "END"))
        return str(go_on), str(over)


class Rate:
    """Turns a second that one process takes of an account; over it, the answer is «occupé»."""

    def __init__(self, per_second: float) -> None:
        self._per_second = self._left = per_second
        self._at = time.monotonic()

    def take(self) -> bool:
        """Take one; False when none is left in this second."""
        now = time.monotonic()
        self._left = min(self._per_second, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


NOBODY = Gateway(UUID(int=0), "", "doc_a", "", {}, None, has_anonymous_browse=False, secrets=(bytes(32), bytes(32)))


@dataclass(frozen=True, slots=True)
class Accounts:
    """All accounts and keys as they were read together."""

    by_key: dict[str, Gateway]
    keys: tuple[GatewayKey, ...]

    def find(self, key: str) -> Gateway | None:
        """Return the account `key`, None when there is none; a test line exists only where money is fictitious."""
        found = self.by_key.get(key)
        return None if found is not None and found.is_test and not get_settings().is_forgiving else found

    def find_key(self, presented: str) -> GatewayKey | None:
        """Return the valid key that was presented, compared in constant time, or None."""
        digest = digest_token(presented)
        found = None
        for key in self.keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found


@dataclass(slots=True)
class _Cache:
    read_at: float = 0.0
    engine: Engine | None = None
    accounts: Accounts = field(default_factory=lambda: Accounts({}, ()))

    def is_fresh(self, engine: Engine) -> bool:
        return engine is self.engine and time.monotonic() - self.read_at < REFRESH_S


_cache = _Cache()


def known(database: Database) -> Accounts:
    """Return the accounts; a change in the console is seen within a second, and only then is anything read."""
    if _cache.is_fresh(database.engine):
        return _cache.accounts
    with database.transaction() as session:
        return known_in(session)


def known_in(session: Session) -> Accounts:
    """Return the accounts to who is in a transaction already."""
    engine = session.get_bind().engine
    return _cache.accounts if _cache.is_fresh(engine) else _read(session, engine)


def narrowest_of(session: Session, service_key: str) -> Limits:
    """Return what a page holds wherever this service is dialled; the safe default where nothing leads to it."""
    rows = fetch_all(
        session,
        """
        select distinct g.key from ussd_gateway g
        join ussd_service v on v.key = %s and (v.id = g.default_service_id or exists (
            select from ussd_route r where r.service_id = v.id and (r.gateway_id = g.id or r.gateway_id is null)))
        """,
        (service_key,),
    )
    known = known_in(session)
    accounts = [account for row in rows if (account := known.find(row["key"])) is not None]
    limits = [account.narrowest for account in accounts] or [Limits()]
    return Limits(gsm7=min(each.gsm7 for each in limits), ucs2=min(each.ucs2 for each in limits))


def forget() -> None:
    """Read again at the next request: the accounts or keys changed in this process."""
    _cache.read_at = 0.0


def _read(session: Session, engine: Engine) -> Accounts:
    rows = fetch_all(
        session,
        """
        select g.*, p.body as own_profile,
               array(select r.code from ussd_route r where r.gateway_id = g.id order by r.created_at) as codes
        from ussd_gateway g left join ussd_profile p on p.name = g.profile
        """,
    )
    keys = fetch_all(
        session,
        "select digest, networks from api_key where revoked_at is null and %s = any (scopes)"
        " and (expires_at is null or expires_at > now())",
        (KEY_SCOPE,),
    )
    before = _cache.accounts.by_key if engine is _cache.engine else {}
    _cache.accounts = Accounts(
        by_key={row["key"]: _gateway(row, before.get(row["key"])) for row in rows},
        keys=tuple(
            GatewayKey(bytes(row["digest"]), tuple(ip_network(network) for network in row["networks"])) for row in keys
        ),
    )
    _cache.engine, _cache.read_at = engine, time.monotonic()
    return _cache.accounts


def _gateway(row: dict[str, Any], before: Gateway | None) -> Gateway:
    """Make an account of its row; what it has left of its rate goes on."""
    per_second = float(row["options"].get("rate_per_s", MOST_TURNS_A_SECOND))
    is_same_rate = before is not None and before.options.get("rate_per_s") == row["options"].get("rate_per_s")
    return Gateway(
        id=row["id"],
        key=row["key"],
        profile=row["profile"],
        country=row["country"],
        options=row["options"],
        default_service_id=row["default_service_id"],
        has_anonymous_browse=row["has_anonymous_browse"],
        secrets=tuple(bytes(digest) for digest in row["secret_digests"]),
        networks=tuple(parse_networks(",".join(row["networks"]))),
        codes=tuple(row["codes"]),
        state=row["state"],
        custom=_custom(row["own_profile"], before) if row["own_profile"] else None,
        rate=before.rate if before is not None and is_same_rate else Rate(per_second),
    )


def _custom(body: dict[str, Any], before: Gateway | None) -> Contract:
    """Return the contract of a copied profile, read anew only when it changed."""
    profile = Profile.model_validate(body)
    if before is not None and before.custom is not None and before.custom.profile == profile:
        return before.custom
    return Contract(profile)
