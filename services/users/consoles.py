"""Console sessions: rows of the server, 12 hours idle, 7 days at most. The browser holds a token, we its digest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select, update

from core import clock, ids
from core.database import Session, fetch_one
from core.errors import NotFound
from core.permissions import Actor, Permission
from core.security import digest_token, new_token
from models.users import ConsoleSession, User, UserState
from services import audit
from services.users.actors import PERSON, person_actor

LONGEST_IDLE = timedelta(hours=12)
LONGEST_LIFE = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)
LONGEST_AGENT = 200

BY_TOKEN = f"""
with seen as (
    update console_session set last_seen_at = %(now)s
    where token_digest = %(digest)s and last_seen_at < %(noted)s and last_seen_at > %(idle)s
      and revoked_at is null and expires_at > %(now)s
)
select {PERSON}, s.id as session_id
from console_session s join users u on u.id = s.user_id
where s.token_digest = %(digest)s and s.revoked_at is null and s.expires_at > %(now)s and s.last_seen_at > %(idle)s
"""


@dataclass(frozen=True, slots=True)
class ConsoleSessionRow:
    """A browser that is signed in."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    address: str
    agent: str


def open_console(session: Session, user: User, address: str, agent: str) -> str:
    """Open a session for a user who has proved himself and return its token."""
    token, moment = new_token(), clock.now()
    session.add(
        ConsoleSession(
            id=ids.new_id(),
            token_digest=digest_token(token),
            user_id=user.id,
            last_seen_at=moment,
            expires_at=moment + LONGEST_LIFE,
            address=address,
            agent=agent[:LONGEST_AGENT],
        )
    )
    return token


def sign_out_console(session: Session, token: str) -> None:
    """End the session of this token; a dead or unknown token changes nothing."""
    row = session.exec(
        select(ConsoleSession, User)
        .join(User, col(User.id) == col(ConsoleSession.user_id))
        .where(ConsoleSession.token_digest == digest_token(token), col(ConsoleSession.revoked_at).is_(None))
    ).first()
    if row is None:
        return
    console, user = row
    console.revoked_at = clock.now()
    session.add(console)
    audit.record(session, Actor(user.id, user.first_name, address=console.address), "user.sign_out", "user", user.id)


def close_consoles(session: Session, user_id: UUID, but: UUID | None = None) -> None:
    """End every console session of a user, except `but`."""
    query = update(ConsoleSession).where(
        col(ConsoleSession.user_id) == user_id, col(ConsoleSession.revoked_at).is_(None)
    )
    if but is not None:
        query = query.where(col(ConsoleSession.id) != but)
    session.exec(query.values(revoked_at=clock.now()))


def end_console_session(session: Session, actor: Actor, session_id: UUID) -> ConsoleSessionRow:
    """End one of one's own sessions, or anybody's for who may write users; one that is over stays so."""
    row = session.get(ConsoleSession, session_id, with_for_update=True, populate_existing=True)
    is_own = row is not None and row.user_id == actor.user_id
    if row is None or not (is_own or actor.may(Permission.USERS_WRITE)):
        raise NotFound(thing="console_session")
    if row.revoked_at is None:
        row.revoked_at = clock.now()
        session.add(row)
        audit.record(session, actor, "user.session_end", "user", row.user_id, row.agent)
    return _row(row)


# Reads


def actor_of_console_session(session: Session, token: str, address: str) -> Actor | None:
    """Return who is signed in with this token, None when nobody is; being seen is noted once a minute."""
    moment = clock.now()
    row = fetch_one(
        session,
        BY_TOKEN,
        {
            "digest": digest_token(token),
            "now": moment,
            "idle": moment - LONGEST_IDLE,
            "noted": moment - SEEN_EVERY,
        },
    )
    if row is None or row["state"] != UserState.ACTIVE:
        return None
    return person_actor(row, address)


def list_console_sessions(session: Session, actor: Actor, user_id: UUID | None = None) -> list[ConsoleSessionRow]:
    """Return one's own living console sessions, or another person's for who may read users; the latest seen first."""
    if user_id is not None and user_id != actor.user_id:
        actor.require(Permission.USERS_READ)
    moment = clock.now()
    rows = session.exec(
        select(ConsoleSession)
        .where(
            ConsoleSession.user_id == (user_id or actor.user_id),
            col(ConsoleSession.revoked_at).is_(None),
            col(ConsoleSession.expires_at) > moment,
            col(ConsoleSession.last_seen_at) > moment - LONGEST_IDLE,
        )
        .order_by(col(ConsoleSession.last_seen_at).desc())
    )
    return [_row(row) for row in rows]


def _row(row: ConsoleSession) -> ConsoleSessionRow:
    return ConsoleSessionRow(row.id, row.created_at, row.last_seen_at, row.address, row.agent)
