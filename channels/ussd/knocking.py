"""A real first request to an account's own address, as its gateway would send it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

from channels.ussd import accounts
from channels.ussd.profiles.calling import Said, write
from channels.ussd.profiles.model import Profile
from core import clock, ids
from core.database import Session
from core.errors import FieldRefusal, InvalidInput
from core.permissions import Actor, Permission
from core.phone import PhoneRefusal, normalise
from core.security import digest_token, is_same
from models.ussd import UssdGateway
from providers import http
from providers.http import NoAnswer
from services import gateways as verbs
from services.gateways import GatewayNotFound

READ_TIMEOUT_S = 10.0
LARGEST_ANSWER_BYTES = 64_000
PARTS = 3  # g, the account, its secret


class NotThisAddress(FieldRefusal):
    """Another account's address, or one whose secret was rotated away."""

    code = "adresse_autre"
    status = 422
    sentence = "Ce n'est pas, ou plus, l'adresse de ce compte."
    field = "address"


@dataclass(frozen=True, slots=True)
class Knock:
    """One request as it leaves; its address holds the account's secret."""

    method: str
    address: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back; `status` 0 when nobody answered."""

    status: int
    answer: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def prepare(session: Session, actor: Actor, gateway_id: UUID, address: str, phone: str) -> Knock:
    """Write an account's first request from this phone to one of its own addresses."""
    actor.require(Permission.USSD_GATEWAYS)
    row = session.get(UssdGateway, gateway_id)
    if row is None:
        raise GatewayNotFound
    secret = _secret(row, address)
    profile = Profile.model_validate(accounts.get_profile(session, actor, row.profile).body)
    codes = verbs.get_gateway(session, actor, gateway_id).codes
    try:
        number = normalise(phone, row.country).e164
    except PhoneRefusal as refusal:
        raise InvalidInput({"phone": refusal.sentence}) from refusal
    said = Said("begin", ids.new_id().hex[-12:], number, codes[0] if codes else "*100#", clock.now())
    request = write(profile, said)
    base = verbs.address_of(row, secret)
    below = f"/{request.path}" if request.path else ""
    query = f"?{request.query}" if request.query else ""
    return Knock(request.method, f"{base}{below}{query}", dict(request.headers), request.body)


def knock(request: Knock) -> Returned:
    """Send it over real HTTP. Call it off the event loop and outside any transaction."""
    outcome = http.exchange(
        request.method,
        request.address,
        headers=request.headers,
        content=request.body or None,
        read_timeout_s=READ_TIMEOUT_S,
        largest_answer_bytes=LARGEST_ANSWER_BYTES,
    )
    if isinstance(outcome, NoAnswer):
        return Returned(0)
    own = urlsplit(request.address)
    secret_path = "/".join(own.path.split("/")[: PARTS + 1])
    said = outcome.body.decode("utf-8", "replace").replace(secret_path, "…")
    return Returned(outcome.status, said, {name.lower(): value for name, value in outcome.headers.items()})


def _secret(row: UssdGateway, address: str) -> str:
    """Return the secret of one of the account's own addresses."""
    parts = urlsplit(address.strip()).path.strip("/").split("/")
    if len(parts) < PARTS or parts[:2] != ["g", row.key]:
        raise NotThisAddress
    digest = digest_token(parts[2])
    if not any(is_same(digest, bytes(known)) for known in row.secret_digests):
        raise NotThisAddress
    return parts[2]
