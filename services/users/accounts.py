"""One's own account: registering, the profile, and proving an e-mail or a phone."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy.exc import IntegrityError

from core import archive, clock
from core.database import Session, fetch_all, keep
from core.errors import FieldRefusal, InvalidInput
from core.i18n import DEFAULT_LANGUAGE, t
from core.orders import Order
from core.permissions import Actor, Permission
from core.security import find_password_fault
from core.settings import get_settings
from models.messages import Channel
from models.users import CodePurpose, User
from services import audit, messages
from services.messages import OutgoingMessage
from services.users import codes, hashing
from services.users.actors import himself
from services.users.consoles import list_console_sessions
from services.users.contacts import require_email, require_phone
from services.users.people import UserRow, described, find_user, load_user
from services.users.refusals import EmailTaken, NothingToProve, PhoneTaken, SomeoneElsesProfile

MOST_EXPORTED = 10_000
OWN_ACTS = """
select created_at, action, summary from audit_entry where actor_id = %s order by created_at desc limit %s
"""
OWN_MESSAGES = """
select created_at, type, channel, address, state from message where recipient_id = %s order by created_at desc limit %s
"""


class RegisterUser(Order):
    """A person who opens his own account, with an e-mail, a phone, or both."""

    first_name: str = Field(min_length=2, max_length=100)
    last_name: str = Field(min_length=2, max_length=100)
    email: str | None = None
    phone: str | None = None
    password: str = Field(repr=False)
    country: str = ""
    city: str = ""
    postal_address: str = ""
    language: str = DEFAULT_LANGUAGE
    address: str = ""


class UpdateProfile(Order):
    """Only the fields that are given change."""

    user_id: UUID
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    profile_picture: str | None = None
    address: str | None = None
    city: str | None = None
    country: str | None = None
    language: str | None = None


class ProveContact(Order):
    """The code received on one's e-mail or phone."""

    channel: Channel
    code: str = Field(default="", repr=False)


def register(session: Session, order: RegisterUser) -> UserRow:
    """Open an account with the role `membre` and send it a verification code; `EmailTaken`, `PhoneTaken`."""
    email = require_email(order.email) if order.email else None
    phone = require_phone(order.phone, order.country) if order.phone else None
    if email is None and phone is None:
        raise InvalidInput({"email": t("indiquez un e-mail ou un téléphone")})
    require_free(session, email, phone)
    fault = find_password_fault(order.password, has_role=False, email=email)
    if fault is not None:
        raise InvalidInput({"password": fault})
    keep(session)
    password_hash = hashing.hash_password(order.password)
    user = User(
        **order.model_dump(include={"first_name", "last_name", "country", "city", "language"}),
        email=email,
        phone=phone,
        address=order.postal_address,
        password_hash=password_hash,
    )
    insert_user(session, user)
    purpose, channel = (CodePurpose.VERIFY_EMAIL, Channel.EMAIL) if email else (CodePurpose.VERIFY_PHONE, Channel.SMS)
    codes.send_code(session, user, purpose, channel)
    audit.record(session, himself(user, order.address), "user.register", "user", user.id)
    return described(session, user)


def update_profile(session: Session, actor: Actor, order: UpdateProfile) -> UserRow:
    """Change one's own profile, or anybody's for who may write users; a new e-mail or phone is declared, not proved."""
    if actor.user_id != order.user_id and not actor.may(Permission.USERS_WRITE):
        raise SomeoneElsesProfile
    user = load_user(session, order.user_id)
    wanted: dict[str, Any] = order.model_dump(exclude={"user_id"}, exclude_none=True)
    if "phone" in wanted:
        wanted["phone"] = (
            require_phone(wanted["phone"], wanted.get("country", user.country)) if wanted["phone"].strip() else None
        )
    if "email" in wanted:
        wanted["email"] = require_email(wanted["email"]) if wanted["email"].strip() else None
    changed = {name: value for name, value in wanted.items() if getattr(user, name) != value}
    if wanted.get("email", user.email) is None and wanted.get("phone", user.phone) is None:
        raise InvalidInput({"email": t("indiquez un e-mail ou un téléphone")})
    require_free(session, changed.get("email"), changed.get("phone"))
    if changed.keys() & {"email", "phone"}:
        _unprove(session, user, changed)
    for name, value in changed.items():
        setattr(user, name, value)
    _flush(session, user)
    if changed:
        audit.record(session, actor, "user.update", "user", user.id, changes={"fields": sorted(changed)})
    return described(session, user)


def request_proof(session: Session, actor: Actor, channel: Channel) -> None:
    """Send a code to one's own e-mail or phone; `NothingToProve` when there is none or it is proved."""
    user = load_user(session, actor.user_id)
    is_email = channel is Channel.EMAIL
    destination, proved_at = (user.email, user.email_proved_at) if is_email else (user.phone, user.phone_proved_at)
    if not destination or proved_at is not None:
        raise NothingToProve
    codes.guard_sending(session, destination, actor.address)
    codes.send_code(session, user, CodePurpose.VERIFY_EMAIL if is_email else CodePurpose.VERIFY_PHONE, channel)


def confirm_proof(session: Session, actor: Actor, order: ProveContact) -> UserRow:
    """Prove one's own e-mail or phone with the code that was sent there."""
    user = load_user(session, actor.user_id)
    if order.channel is Channel.EMAIL:
        codes.use_code(session, user.id, CodePurpose.VERIFY_EMAIL, order.code)
        user.email_proved_at = clock.now()
    else:
        codes.use_code(session, user.id, CodePurpose.VERIFY_PHONE, order.code)
        user.phone_proved_at = clock.now()
    session.add(user)
    audit.record(session, actor, "user.prove", "user", user.id, order.channel.value)
    return described(session, user)


def require_free(session: Session, email: str | None, phone: str | None) -> None:
    """Refuse an e-mail or a phone that a row has; `EmailTaken`, `PhoneTaken`."""
    if email and find_user(session, email, None) is not None:
        raise EmailTaken
    if phone and find_user(session, None, phone) is not None:
        raise PhoneTaken


def insert_user(session: Session, user: User) -> None:
    """Insert a user; who took the e-mail or the phone a moment earlier wins."""
    _flush(session, user)


# Reads


def export_self(session: Session, actor: Actor) -> bytes:
    """Return a ZIP of what is known of oneself: profile, roles, sessions, messages, acts. No secret is in it."""
    user = session.get_one(User, actor.user_id)
    parts: dict[str, Any] = {
        "profil.json": asdict(described(session, user)),
        "sessions.json": [asdict(row) for row in list_console_sessions(session, actor)],
        "actes.json": fetch_all(session, OWN_ACTS, (user.id, MOST_EXPORTED)),
        "messages.json": fetch_all(session, OWN_MESSAGES, (user.id, MOST_EXPORTED)),
    }
    return archive.zipped_json(parts)


def _flush(session: Session, user: User) -> None:
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:
        raise _taken(str(error.orig)) from error


def _taken(message: str) -> FieldRefusal:
    return EmailTaken() if "uq_users_email" in message else PhoneTaken()


def _unprove(session: Session, user: User, changed: dict[str, Any]) -> None:
    """Forget the proof of what changes, and tell the old address that it does."""
    if "phone" in changed:
        _tell(session, user, Channel.SMS, user.phone)
        user.phone_proved_at = None
    if "email" in changed:
        user.email_proved_at = None
    _tell(session, user, Channel.EMAIL, user.email)
    codes.kill_codes(session, user.id, CodePurpose.VERIFY_EMAIL, CodePurpose.VERIFY_PHONE, CodePurpose.RESET)


def _tell(session: Session, user: User, channel: Channel, address: str | None) -> None:
    if not address:
        return
    moment = clock.now()
    messages.enqueue(
        session,
        OutgoingMessage(
            dedupe_key=f"numero:{user.id}:{moment.timestamp()}:{channel}",
            type="numero_change",
            channel=channel,
            address=address,
            template_code="numero_change",
            recipient_id=user.id,
            locale=user.language,
            variables={"date": moment.strftime("%d/%m/%Y"), "contact": get_settings().app_name},
            priority=0,
        ),
    )
