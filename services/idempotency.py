"""Same key, same caller, same content: same answer, for 30 days (`Idempotency-Key`).

The record is written in the transaction of the act itself: a key is taken exactly when the act was done, and a second
request that arrives meanwhile waits for the first. A refusal changes nothing, so it takes no key.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from core import clock, ids
from core.database import Database, Session
from core.errors import Conflict, Unavailable
from core.security import input_mac, open_secret, seal_secret
from models.inbox import IdempotencyRecord

KEPT = timedelta(days=30)
LONGEST_ACT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, repr=False)
class StoredAnswer:
    """What was answered the first time."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """A key taken for the act under way."""

    id: UUID


def digest_content(*parts: str | bytes) -> bytes:
    """Return the keyed digest of what a request asks: method, address and body."""
    return input_mac("idempotency", *parts)


@contextmanager
def alone(database: Database, caller: str, key: str) -> Iterator[None]:
    """Keep a key to oneself during an act of several transactions; `Unavailable` while another process has it.

    A lock of the connection, so that it ends with the process that held it, however that one ends.
    """
    number = int.from_bytes(digest_content(caller, key)[:8], "big", signed=True)
    with database.connect() as connection:
        row = connection.execute("select pg_try_advisory_lock(%s)", (number,)).fetchone()
        if row is None or not row[0]:
            raise Unavailable(secondes=1)
        yield


def claim(
    session: Session, caller: str, key: str, content: bytes, longest: timedelta = LONGEST_ACT
) -> Claim | StoredAnswer:
    """Take a key, or return what it was answered; `Conflict` when it came with other content.

    A key taken without an answer belongs to an act under way for `longest`, then to whoever asks again; who is
    `alone` with it need not wait.
    """
    moment = clock.now()
    session.execute(
        delete(IdempotencyRecord).where(
            col(IdempotencyRecord.caller) == caller,
            col(IdempotencyRecord.key) == key,
            col(IdempotencyRecord.expires_at) <= moment,
        )
    )
    record_id = ids.new_id()
    session.execute(
        insert(IdempotencyRecord)
        .values(
            id=record_id,
            created_at=moment,
            caller=caller,
            key=key,
            content=content,
            expires_at=moment + KEPT,
            headers="{}",
        )
        .on_conflict_do_nothing(index_elements=["caller", "key"])
    )
    record = session.exec(
        select(IdempotencyRecord)
        .where(IdempotencyRecord.caller == caller, IdempotencyRecord.key == key)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if record.content != content:
        raise Conflict
    if record.status is None or record.body is None:
        if record.id != record_id and record.created_at > moment - longest:
            raise Unavailable(secondes=1)  # the first request is still at work, between two of its steps
        return Claim(record.id)
    return StoredAnswer(record.status, open_secret(record.body, _context(record.id)).encode("latin-1"))


def keep_answer(session: Session, claimed: Claim, status: int, body: bytes) -> None:
    """Store the answer of the act, sealed: some answers hold a password or a token that is shown once."""
    record = session.get_one(IdempotencyRecord, claimed.id)
    record.status, record.body = status, seal_secret(body.decode("latin-1"), _context(record.id))
    session.add(record)


def release(session: Session, claimed: Claim) -> None:
    """Give back the key of an act that was refused after a part of it was kept (a counted try)."""
    session.execute(
        delete(IdempotencyRecord).where(
            col(IdempotencyRecord.id) == claimed.id, col(IdempotencyRecord.status).is_(None)
        )
    )


def forget_expired(session: Session, most: int = 10_000) -> int:
    """Delete records older than 30 days and return how many."""
    old: Sequence[UUID] = session.exec(
        select(IdempotencyRecord.id).where(IdempotencyRecord.expires_at <= clock.now()).limit(most)
    ).all()
    session.execute(delete(IdempotencyRecord).where(col(IdempotencyRecord.id).in_(old)))
    return len(old)


def _context(record_id: UUID) -> str:
    return f"idempotency_record:{record_id}:body"
