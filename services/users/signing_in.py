"""Signing in with a password: read, check slowly with nothing locked, then decide under the account's lock."""

from dataclasses import dataclass

from pydantic import Field

from core import clock
from core.database import Session, keep
from core.errors import Refusal
from core.orders import Order
from core.permissions import Actor
from core.phone import mask_email, mask_phone
from models.users import User, UserState
from services import audit
from services.users import hashing, tries
from services.users.actors import himself
from services.users.consoles import open_console
from services.users.contacts import read_phone
from services.users.people import UserRow, described, find_user, load_user, may_sign_in
from services.users.refusals import AccountClosed, BadCredentials, TotpRequired
from services.users.tokens import TokenPair, open_family
from services.users.totp import take_step


class SignIn(Order):
    """A name, a password, and a code where a second factor is on; the e-mail wins when both names are given."""

    email: str | None = None
    phone: str | None = None
    password: str = Field(default="", repr=False)
    totp: str = Field(default="", repr=False)
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A console session: its token is for one browser's cookie, and is stored nowhere."""

    token: str
    user: UserRow


@dataclass(frozen=True, slots=True, repr=False)
class SignedInApi:
    """A family of tokens."""

    tokens: TokenPair
    user: UserRow


def sign_in_console(session: Session, order: SignIn) -> SignedIn:
    """Open a console session, or refuse: `BadCredentials`, `TotpRequired`, `AccountClosed`, `TooManyTries`."""
    user = _prove(session, order)
    token = open_console(session, user, order.address, order.agent)
    return SignedIn(token, _welcome(session, user, order.address, "console"))


def sign_in_api(session: Session, order: SignIn, access_minutes: int) -> SignedInApi:
    """Open a family of tokens whose access tokens live `access_minutes`, or refuse as `sign_in_console` does."""
    user = _prove(session, order)
    tokens = open_family(session, user, access_minutes, order.address)
    return SignedInApi(tokens, _welcome(session, user, order.address, "api"))


def prove_password(
    session: Session, user: User | None, password: str, limits: tuple[tries.Limit, ...], address: str
) -> User | None:
    """Return the user, locked, when the password is his; None after counting the failure, which stays counted.

    The transaction is closed while the hash is computed. Without a user the same work is done for nothing.
    """
    tries.guard(session, limits)
    stored = user.password_hash if user is not None and may_sign_in(user) else None
    keep(session)
    check = hashing.check_password(password, stored)
    fresh = hashing.hash_password(password) if check.is_outdated else None
    tries.guard_alone(session, limits)
    locked = load_user(session, user.id) if user is not None and check.is_right else None
    if locked is None or locked.password_hash != stored:  # changed meanwhile: what was proved is no longer true
        tries.count(session, limits, address)
        return None
    locked.password_hash = fresh or stored
    return locked


def _prove(session: Session, order: SignIn) -> User:
    phone = read_phone(order.phone)
    known = find_user(session, order.email, phone)
    name = (order.email or phone or order.phone or "").strip().lower()
    limits = tries.sign_in_limits(str(known.id) if known else name, order.address)
    user = prove_password(session, known, order.password, limits, order.address)
    if user is None:
        raise _refused(session, known, name, order.address, BadCredentials())
    if user.state != UserState.ACTIVE:
        raise _refused(session, user, name, order.address, AccountClosed())
    if user.totp_confirmed_at is not None and not order.totp.strip():
        raise TotpRequired
    if user.totp_confirmed_at is not None and not take_step(session, user, order.totp):
        tries.count(session, limits, order.address)
        raise _refused(session, user, name, order.address, TotpRequired())
    tries.forgive(session, limits[0])
    return user


def _refused(session: Session, user: User | None, name: str, address: str, refusal: Refusal) -> Refusal:
    """Write the refusal in the trail and keep it, with the failure that was counted."""
    masked = mask_email(name) if "@" in name else mask_phone(name)
    actor = himself(user, address) if user else Actor(user_id=None, name=masked, address=address)
    subject = user.id if user else ""
    audit.record(session, actor, "user.sign_in", "user", subject, f"{refusal.code} {masked}", is_refusal=True)
    keep(session)
    return refusal


def _welcome(session: Session, user: User, address: str, door: str) -> UserRow:
    user.last_login_at, user.last_login_address = clock.now(), address
    session.add(user)
    audit.record(session, himself(user, address), "user.sign_in", "user", user.id, door)
    return described(session, user)
