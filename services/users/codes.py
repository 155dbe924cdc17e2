"""One-time codes and links: stored as digests, gone after one use, and only the last one sent works."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, select, update

from core import clock
from core.database import Session, keep
from core.security import digest_token, input_mac, is_same, make_code, new_token
from core.settings import get_settings
from models.messages import Channel
from models.users import CodePurpose, OneTimeCode, User
from services import messages
from services.messages import OutgoingMessage
from services.users.refusals import CodeInvalid, LinkInvalid
from services.users.tries import Limit, guard_rate

MOST_TRIES = 5
MOST_SENT_AN_HOUR = 3
LIVES = {
    CodePurpose.RESET: timedelta(hours=1),
    CodePurpose.VERIFY_EMAIL: timedelta(minutes=15),
    CodePurpose.VERIFY_PHONE: timedelta(minutes=15),
    CodePurpose.INVITE: timedelta(hours=72),
}
TEMPLATES = {CodePurpose.RESET: "lien_mot_de_passe", CodePurpose.INVITE: "invitation_compte"}
MESSAGE_LIFE = timedelta(minutes=5)  # a code that arrives later than this only confuses


@dataclass(frozen=True, slots=True)
class Link:
    """A page that opens once, and the message that carries it."""

    url: str
    message_id: UUID


def guard_sending(session: Session, destination: str, address: str) -> None:
    """Refuse the fourth code asked for one destination in an hour, whether or not it has an account."""
    guard_rate(session, Limit("code_sent", destination, MOST_SENT_AN_HOUR), timedelta(hours=1), address)


def send_code(session: Session, user: User, purpose: CodePurpose, channel: Channel) -> None:
    """Send six digits to the user's phone or e-mail; earlier codes of the same purpose die."""
    code = make_code()
    row = _replace(session, user, purpose, channel)
    row.digest = _code_digest(row, code)
    session.add(row)
    minutes = int(LIVES[purpose].total_seconds() // 60)
    _enqueue(session, user, row, "code_verification", {"code": code}, MESSAGE_LIFE, minutes=minutes)


def send_link(session: Session, user: User, purpose: CodePurpose) -> Link:
    """Send a link by e-mail and return it; earlier links of the same purpose die.

    The token stands after `#`: a browser never sends it to a server, so no log and no referrer holds it.
    """
    token = new_token()
    row = _replace(session, user, purpose, Channel.EMAIL)
    row.digest = digest_token(token)
    session.add(row)
    url = f"{get_settings().public_base_url.rstrip('/')}/nouveau-mot-de-passe#{token}"
    hours = int(LIVES[purpose].total_seconds() // 3600)
    message_id = _enqueue(session, user, row, TEMPLATES[purpose], {"lien": url}, LIVES[purpose], heures=hours)
    return Link(url, message_id)


def check_code(session: Session, user_id: UUID, purpose: CodePurpose, code: str) -> OneTimeCode:
    """Return the last code sent, locked, or refuse with `CodeInvalid`; a wrong try stays counted."""
    row = session.exec(
        select(OneTimeCode)
        .where(
            OneTimeCode.user_id == user_id, OneTimeCode.purpose == purpose, OneTimeCode.tries < MOST_TRIES, *_alive()
        )
        .order_by(col(OneTimeCode.created_at).desc())
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise CodeInvalid
    if not is_same(row.digest, _code_digest(row, code.strip())):
        row.tries += 1
        session.add(row)
        keep(session)
        raise CodeInvalid
    return row


def use_code(session: Session, user_id: UUID, purpose: CodePurpose, code: str) -> OneTimeCode:
    """Use up the last code sent, or refuse with `CodeInvalid`."""
    row = check_code(session, user_id, purpose, code)
    row.used_at = clock.now()
    session.add(row)
    return row


def use_link(session: Session, token: str) -> OneTimeCode:
    """Use up the link that `token` belongs to, or refuse with `LinkInvalid`."""
    row = session.exec(
        select(OneTimeCode)
        .where(OneTimeCode.digest == digest_token(token), col(OneTimeCode.purpose).in_(TEMPLATES), *_alive())
        .with_for_update()
    ).first()
    if row is None:
        raise LinkInvalid
    row.used_at = clock.now()
    session.add(row)
    return row


def owner_of_link(session: Session, token: str) -> UUID | None:
    """Return whose living link this is, without using it."""
    query = select(OneTimeCode.user_id).where(
        OneTimeCode.digest == digest_token(token), col(OneTimeCode.purpose).in_(TEMPLATES), *_alive()
    )
    return session.exec(query).first()


def kill_codes(session: Session, user_id: UUID, *purposes: CodePurpose) -> None:
    """Make every unused code and link of these purposes worthless."""
    session.exec(
        update(OneTimeCode)
        .where(
            col(OneTimeCode.user_id) == user_id,
            col(OneTimeCode.purpose).in_(purposes),
            col(OneTimeCode.used_at).is_(None),
        )
        .values(used_at=clock.now())
    )


def _alive() -> tuple[Any, Any]:
    return col(OneTimeCode.used_at).is_(None), col(OneTimeCode.expires_at) > clock.now()


def _replace(session: Session, user: User, purpose: CodePurpose, channel: Channel) -> OneTimeCode:
    """Return a new row, without its digest, in the place of those sent before."""
    kill_codes(session, user.id, purpose)
    return OneTimeCode(
        user_id=user.id,
        purpose=purpose,
        channel=channel,
        address=(user.email if channel is Channel.EMAIL else user.phone) or "",
        digest=b"",
        expires_at=clock.now() + LIVES[purpose],
    )


def _code_digest(row: OneTimeCode, code: str) -> bytes:
    return input_mac("one-time code", row.id.bytes, code)


def _enqueue(
    session: Session,
    user: User,
    row: OneTimeCode,
    template: str,
    secrets: dict[str, str],
    life: timedelta,
    **variables: int,
) -> UUID:
    return messages.enqueue(
        session,
        OutgoingMessage(
            dedupe_key=f"code:{row.id}",
            type=template,
            channel=Channel(row.channel),
            address=row.address,
            template_code=template,
            recipient_id=user.id,
            locale=user.language,
            variables=dict(variables),
            secrets=secrets,
            priority=0,
            expires_at=clock.now() + life,
        ),
    )
