"""The second factor (RFC 6238): a secret in an application, sealed here, and steps that never serve twice."""

from dataclasses import dataclass
from uuid import UUID

import pyotp
from pydantic import Field

from core import clock
from core.database import Session, keep
from core.orders import Order
from core.permissions import Actor, Permission
from core.security import is_same, open_secret, seal_secret
from core.settings import get_settings
from models.users import User
from services import audit
from services.users import tries
from services.users.people import UserRow, described, load_user
from services.users.refusals import CodeInvalid, Oneself, TotpAlreadyOn

STEP_S = 30
DRIFT_STEPS = 1


@dataclass(frozen=True, slots=True, repr=False)
class TotpEnrolment:
    """What an authenticator application needs; shown once."""

    secret: str
    uri: str


class TotpCode(Order):
    """A code of the authenticator application."""

    code: str = Field(repr=False)


class RemoveTotp(Order):
    """Recovery: an administrator takes the second factor away from someone who lost it."""

    user_id: UUID
    reason: str = Field(min_length=1, max_length=500)


def enrol_totp(session: Session, actor: Actor) -> TotpEnrolment:
    """Make a new secret, which counts once a first code confirms it; refused while one is confirmed."""
    user = load_user(session, actor.user_id)
    if user.totp_confirmed_at is not None:
        raise TotpAlreadyOn
    secret = pyotp.random_base32()
    user.totp_secret, user.totp_last_step = seal_secret(secret, _context(user)), None
    session.add(user)
    audit.record(session, actor, "user.totp_enrol", "user", user.id)
    label = user.email or user.phone or str(user.id)
    return TotpEnrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=get_settings().app_name))


def confirm_totp(session: Session, actor: Actor, order: TotpCode) -> UserRow:
    """Turn the second factor on with a first code."""
    user = _load_guarded(session, actor)
    if user.totp_confirmed_at is not None:
        raise TotpAlreadyOn
    _require_step(session, actor, user, order.code)
    user.totp_confirmed_at = clock.now()
    session.add(user)
    audit.record(session, actor, "user.totp_on", "user", user.id)
    return described(session, user)


def drop_totp(session: Session, actor: Actor, order: TotpCode) -> UserRow:
    """Turn one's own second factor off with a code."""
    user = _load_guarded(session, actor)
    if user.totp_confirmed_at is not None:
        _require_step(session, actor, user, order.code)
    return _clear(session, actor, user, "user.totp_off")


def remove_totp(session: Session, actor: Actor, order: RemoveTotp) -> UserRow:
    """Take the second factor away from another person, with a reason that stays in the trail."""
    actor.require(Permission.USERS_WRITE)
    user = load_user(session, order.user_id)
    if user.id == actor.user_id:
        raise Oneself
    return _clear(session, actor, user, "user.totp_removed", order.reason)


def take_step(session: Session, user: User, code: str) -> bool:
    """Accept a code whose time step is near and was never used; the caller holds the user's lock."""
    if user.totp_secret is None:
        return False
    generator = pyotp.TOTP(open_secret(user.totp_secret, _context(user)))
    present = int(clock.now().timestamp()) // STEP_S
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        is_fresh = user.totp_last_step is None or step > user.totp_last_step
        if is_fresh and is_same(generator.generate_otp(step), code.strip()):
            user.totp_last_step = step
            session.add(user)
            return True
    return False


def _load_guarded(session: Session, actor: Actor) -> User:
    tries.guard_alone(session, tries.sign_in_limits(str(actor.user_id), actor.address))
    return load_user(session, actor.user_id)


def _require_step(session: Session, actor: Actor, user: User, code: str) -> None:
    if not take_step(session, user, code):
        tries.count(session, tries.sign_in_limits(str(user.id), actor.address), actor.address)
        audit.record(session, actor, "user.totp_wrong", "user", user.id, is_refusal=True)
        keep(session)
        raise CodeInvalid


def _clear(session: Session, actor: Actor, user: User, action: str, summary: str = "") -> UserRow:
    user.totp_secret = user.totp_confirmed_at = user.totp_last_step = None
    session.add(user)
    audit.record(session, actor, action, "user", user.id, summary)
    return described(session, user)


def _context(user: User) -> str:
    return f"users:{user.id}:totp"
