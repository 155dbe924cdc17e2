"""Passwords: chosen, changed, forgotten and set again; whoever had a session loses it."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import Field

from core import clock
from core.database import Session, keep
from core.errors import InvalidInput
from core.i18n import t
from core.orders import Order
from core.permissions import Actor
from core.security import find_password_fault, is_same
from models.messages import Channel
from models.users import CodePurpose, User, UserState
from services import audit
from services.users import codes, hashing, tries
from services.users.actors import himself
from services.users.consoles import close_consoles
from services.users.contacts import read_phone
from services.users.people import UserRow, described, find_user, has_role, load_user
from services.users.refusals import CodeInvalid, LinkInvalid, WrongCurrentPassword
from services.users.signing_in import prove_password
from services.users.tokens import TokenPair, open_family, revoke_families

TEMPORARY_LIFE = timedelta(hours=72)


class ChangePassword(Order):
    """The present password and the next."""

    current_password: str = Field(repr=False)
    new_password: str = Field(repr=False)


class ForgotPassword(Order):
    """Whose password was forgotten, and where to send the proof; the e-mail wins when both are given."""

    email: str | None = None
    phone: str | None = None
    by_link: bool = False
    address: str = ""


class ResetByCode(Order):
    """The six digits and the next password."""

    email: str | None = None
    phone: str | None = None
    code: str = Field(repr=False)
    new_password: str = Field(repr=False)
    address: str = ""


class ResetByLink(Order):
    """The token of a link and the next password."""

    token: str = Field(repr=False)
    new_password: str = Field(repr=False)
    address: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class PasswordChanged:
    """The person, and a new family of tokens when the change was made with one."""

    user: UserRow
    tokens: TokenPair | None


def change_password(
    session: Session, actor: Actor, order: ChangePassword, access_minutes: int | None = None
) -> PasswordChanged:
    """Change one's own password; every other session ends.

    With `access_minutes` the present family ends too and another one is opened. A wrong present password counts as a
    failed sign-in.
    """
    known = load_user(session, actor.user_id)
    if is_same(order.current_password, order.new_password):
        raise InvalidInput({"new_password": t("Choisissez un autre mot de passe que l'actuel.")})
    require_good_password(session, known, order.new_password)
    limits = tries.sign_in_limits(str(known.id), actor.address)
    tries.guard(session, limits)
    fresh = _hash_apart(session, order.new_password)
    user = prove_password(session, known, order.current_password, limits, actor.address)
    if user is None:
        audit.record(session, actor, "user.change_password", "user", known.id, is_refusal=True)
        keep(session)
        raise WrongCurrentPassword
    set_password(session, user, fresh)
    kept = actor.session_id if access_minutes is None else None
    revoke_families(session, user.id, but=kept)
    close_consoles(session, user.id, but=kept)
    tokens = open_family(session, user, access_minutes, actor.address) if access_minutes else None
    tries.forgive(session, limits[0])
    audit.record(session, actor, "user.change_password", "user", user.id)
    return PasswordChanged(described(session, user), tokens)


def forgot_password(session: Session, order: ForgotPassword) -> None:
    """Send a code or a link to whoever has this e-mail or phone; nobody learns whether anybody does.

    Three an hour for one destination, then `TooManyTries`.
    """
    phone = read_phone(order.phone)
    destination = (order.email or phone or order.phone or "").strip().lower()
    codes.guard_sending(session, destination, order.address)
    user = find_user(session, order.email, phone)
    if user is None or user.state != UserState.ACTIVE:
        return
    if order.by_link:
        codes.send_link(session, user, CodePurpose.RESET)
    else:
        codes.send_code(session, user, CodePurpose.RESET, Channel.EMAIL if order.email else Channel.SMS)
    audit.record(session, himself(user, order.address), "user.forgot_password", "user", user.id)


def reset_by_code(session: Session, order: ResetByCode) -> UserRow:
    """Set a new password with the six digits; every session ends. Anything wrong is `CodeInvalid`."""
    found = find_user(session, order.email, read_phone(order.phone))
    if found is None or found.state != UserState.ACTIVE:
        raise CodeInvalid
    # The code before the password's strength: a stranger must not learn from the answer that the account exists.
    codes.check_code(session, found.id, CodePurpose.RESET, order.code)
    require_good_password(session, found, order.new_password)
    fresh = _hash_apart(session, order.new_password)
    user = load_user(session, found.id)
    code = codes.use_code(session, user.id, CodePurpose.RESET, order.code)
    return _reset(session, user, fresh, Channel(code.channel), order.address)


def reset_by_link(session: Session, order: ResetByLink) -> UserRow:
    """Set a new password with the link of an e-mail; every session ends. Anything wrong is `LinkInvalid`."""
    user_id = codes.owner_of_link(session, order.token)
    if user_id is None:
        raise LinkInvalid
    found = session.get_one(User, user_id)
    require_good_password(session, found, order.new_password)
    fresh = _hash_apart(session, order.new_password)
    user = load_user(session, user_id)
    codes.use_link(session, order.token)
    if user.state != UserState.ACTIVE:
        raise LinkInvalid
    return _reset(session, user, fresh, Channel.EMAIL, order.address)


def require_good_password(session: Session, user: User, password: str, field: str = "new_password") -> None:
    """Refuse a password that is too easy for what this person may do."""
    fault = find_password_fault(password, has_role=has_role(session, user), email=user.email)
    if fault is not None:
        raise InvalidInput({field: fault})


def set_password(session: Session, user: User, password_hash: str, *, is_temporary: bool = False) -> None:
    """Store a password; what was sent to choose one, and an earlier temporary password, are worthless from now on."""
    user.password_hash = password_hash
    user.must_change_password = is_temporary
    user.temporary_until = clock.now() + TEMPORARY_LIFE if is_temporary else None
    session.add(user)
    codes.kill_codes(session, user.id, CodePurpose.RESET, CodePurpose.INVITE)


def _hash_apart(session: Session, password: str) -> str:
    keep(session)
    return hashing.hash_password(password)


def _reset(session: Session, user: User, password_hash: str, channel: Channel, address: str) -> UserRow:
    set_password(session, user, password_hash)
    if channel is Channel.EMAIL:
        user.email_proved_at = user.email_proved_at or clock.now()
    else:
        user.phone_proved_at = user.phone_proved_at or clock.now()
    revoke_families(session, user.id)
    close_consoles(session, user.id)
    tries.forgive(session, tries.sign_in_limits(str(user.id), address)[0])
    audit.record(session, himself(user, address), "user.reset_password", "user", user.id)
    return described(session, user)
