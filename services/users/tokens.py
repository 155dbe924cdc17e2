"""Tokens of the API: a short access JWT and a refresh token that is replaced at each use.

A refresh token is stored as a digest. The pair that replaced it is kept beside it, sealed under a key that only the old
token gives: an answer lost on the way can be asked for again during ten seconds, and nobody else can read it.
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlmodel import col, select, update

from core import clock, ids
from core.database import Session, keep
from core.errors import NotSignedIn
from core.ids import parse_id
from core.permissions import Actor
from core.security import digest_token, new_token
from core.settings import get_settings
from models.users import RefreshToken, User, UserState
from services import audit
from services.users.actors import actor_of_family, himself
from services.users.people import load_user, roles_of
from services.users.refusals import AccountClosed, RefreshReused, SessionExpired

GRACE = timedelta(seconds=10)
NONCE_BYTES = 12
TOKEN_TYPE = "access"  # noqa: S105  # a kind of token, not a token


@dataclass(frozen=True, slots=True, repr=False)
class TokenPair:
    """What a client keeps: the access token, what renews it, and the access token's life."""

    access: str
    refresh: str
    expires_in_s: int


def open_family(session: Session, user: User, access_minutes: int, address: str) -> TokenPair:
    """Begin a family of tokens for a user who has proved himself."""
    return _issue(session, user, ids.new_id(), access_minutes, address)


def refresh_tokens(session: Session, refresh: str, access_minutes: int, address: str) -> TokenPair:
    """Replace a refresh token by a new pair; the same pair again within ten seconds.

    A used token that comes back later was stolen or copied: the whole family is revoked, `RefreshReused`.
    """
    by_digest = RefreshToken.token_digest == digest_token(refresh)
    user_id = session.exec(select(RefreshToken.user_id).where(by_digest)).first()
    if user_id is None:
        raise SessionExpired
    # The user's row first, as in every verb that revokes: a token made meanwhile would survive the revocation.
    user = load_user(session, user_id)
    row, moment = session.exec(select(RefreshToken).where(by_digest)).one(), clock.now()
    if row.revoked_at is not None or row.expires_at <= moment:
        raise SessionExpired
    if user.state != UserState.ACTIVE:
        raise AccountClosed
    if row.used_at is None:
        pair = _issue(session, user, row.family_id, access_minutes, address)
        row.used_at, row.successor = moment, _seal(pair, refresh)
        session.add(row)
        return pair
    if row.successor is not None and moment - row.used_at <= GRACE:
        return _open(row.successor, refresh)
    revoke_family(session, row.family_id)
    audit.record(session, himself(user, address), "user.refresh_reused", "user", user.id, is_refusal=True)
    keep(session)
    raise RefreshReused


def sign_out(session: Session, actor: Actor, refresh: str | None) -> None:
    """Revoke the family of one's own refresh token, and that of the access token; dead ones change nothing."""
    load_user(session, actor.user_id)
    families = {actor.session_id} if actor.session_id else set()
    if refresh:
        query = select(RefreshToken.family_id).where(
            RefreshToken.token_digest == digest_token(refresh), RefreshToken.user_id == actor.user_id
        )
        families |= set(session.exec(query))
    for family_id in families:
        revoke_family(session, family_id)
    audit.record(session, actor, "user.sign_out", "user", actor.user_id or "")


def revoke_family(session: Session, family_id: UUID) -> None:
    """Kill every token of one sign-in, its access tokens included."""
    session.exec(
        update(RefreshToken)
        .where(col(RefreshToken.family_id) == family_id, col(RefreshToken.revoked_at).is_(None))
        .values(revoked_at=clock.now(), successor=None)
    )


def revoke_families(session: Session, user_id: UUID, but: UUID | None = None) -> None:
    """Kill every token of a user, except the family `but`."""
    query = update(RefreshToken).where(col(RefreshToken.user_id) == user_id, col(RefreshToken.revoked_at).is_(None))
    if but is not None:
        query = query.where(col(RefreshToken.family_id) != but)
    session.exec(query.values(revoked_at=clock.now(), successor=None))


# Reads


def actor_of_access_token(session: Session, token: str, address: str) -> Actor:
    """Return who holds this access token, or refuse with `NotSignedIn`; its rights come from the database."""
    settings = get_settings()
    try:
        decoded = jwt.decode(token, _key(), algorithms=[settings.algorithm])
        _claims_rules().validate(decoded.claims)
    except (JoseError, ValueError, TypeError) as error:  # TypeError: a header whose `crit` is no list
        raise NotSignedIn from error
    user_id, family_id = parse_id(str(decoded.claims["sub"])), parse_id(str(decoded.claims["sid"]))
    if user_id is None or family_id is None:
        raise NotSignedIn
    return actor_of_family(session, user_id, family_id, address)


def _claims_rules() -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=lambda: int(clock.now().timestamp()),
        type={"essential": True, "value": TOKEN_TYPE},
        sub={"essential": True},
        sid={"essential": True},
        exp={"essential": True},
    )


def _key() -> OctKey:
    return OctKey.import_key(get_settings().secret_key.get_secret_value())


def _issue(session: Session, user: User, family_id: UUID, access_minutes: int, address: str) -> TokenPair:
    refresh, moment = new_token(), clock.now()
    session.add(
        RefreshToken(
            id=ids.new_id(),
            family_id=family_id,
            user_id=user.id,
            token_digest=digest_token(refresh),
            access_minutes=access_minutes,
            expires_at=moment + timedelta(minutes=get_settings().jwt_refresh_token_lifetime),
            address=address,
        )
    )
    organisation = next(
        (role.organisation for role in roles_of(session, [user.id])[user.id] if role.organisation), None
    )
    issued_at = int(moment.timestamp())
    claims = {
        "sub": str(user.id),
        "email": user.email,
        "type": TOKEN_TYPE,
        "role": user.global_role,
        "org": organisation.code if organisation else None,
        "sid": str(family_id),
        "fam": str(family_id),
        "iat": issued_at,
        "exp": issued_at + access_minutes * 60,
        "jti": str(ids.new_id()),
    }
    return TokenPair(jwt.encode({"alg": get_settings().algorithm}, claims, _key()), refresh, access_minutes * 60)


def _successor_key(refresh: str) -> bytes:
    return hashlib.sha256(b"palabre successor" + refresh.encode()).digest()


def _seal(pair: TokenPair, refresh: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_successor_key(refresh)).encrypt(nonce, json.dumps(asdict(pair)).encode(), None)


def _open(sealed: bytes, refresh: str) -> TokenPair:
    plain = AESGCM(_successor_key(refresh)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    return TokenPair(**json.loads(plain))
