"""Messages that came: each is taken once, by the digest of its provider's id; Meta's wait here for the worker."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.security import UnreadableSecretError
from models.whatsapp import WhatsappChannel
from services.whatsapp.sealing import seal, unseal

LOG_DIGITS = 12
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=10)
PAUSES_GROWING = 5  # four times longer each, then they are the longest
LONGEST_WAIT = timedelta(hours=24)

_STORE = """
insert into whatsapp_inbound
    (id, created_at, channel, provider_id, sender_id, lane, sent_at, payload_enc, tries, next_try_at)
values (%(id)s, %(now)s, %(channel)s, %(digest)s, %(sender)s, %(lane)s, %(sent_at)s, %(payload)s, 0, %(now)s)
on conflict (channel, provider_id) do nothing
"""
# One lane at a time in one worker, its messages in the order they were sent; a lane that failed rests as a whole.
_LANES = """
select lane from (
    select lane, min(id::text) as first, min(next_try_at) as due, max(next_try_at) as last
    from whatsapp_inbound where payload_enc is not null group by lane) waiting
where last <= %(now)s order by due, first limit 50
"""
_FIRST = """
select id, channel, provider_id, sender_id, sent_at, payload_enc, tries from whatsapp_inbound
where lane = %(lane)s and payload_enc is not null order by sent_at, id limit 1 for update skip locked
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A message of which this is the first we hear, or a repeated one with the reply that was stored."""

    id: UUID | None
    reply_id: UUID | None = None

    @property
    def is_new(self) -> bool:
        """Whether it is to be processed."""
        return self.id is not None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message of Meta's that waits, opened."""

    id: UUID
    provider_id: bytes
    sender_id: UUID
    sent_at: datetime
    tries: int
    payload: Mapping[str, Any] = field(repr=False)


def digest_of(provider_id: str) -> bytes:
    """Return how a provider's id is kept: Meta's holds a telephone number."""
    return sha256(provider_id.encode("utf-8", "surrogatepass")).digest()


def log_id(provider_id: bytes) -> str:
    """Return what a log may show of a message's id."""
    return provider_id.hex()[:LOG_DIGITS]


def keep_waiting(
    session: Session, sender_id: UUID, provider_id: str, lane: bytes, sent_at: datetime, payload: Mapping[str, Any]
) -> bool:
    """Let a message of Meta's wait, sealed; say whether it is the first time we hear of it."""
    digest = digest_of(provider_id)
    sealed = seal(json.dumps(payload, ensure_ascii=False), _context(digest))
    kept = driver(session).execute(
        _STORE,
        {
            "id": ids.new_id(),
            "now": clock.now(),
            "channel": WhatsappChannel.META,
            "digest": digest,
            "sender": sender_id,
            "lane": lane,
            "sent_at": sent_at,
            "payload": sealed,
        },
    )
    return kept.rowcount == 1


def take_waiting(session: Session) -> Waiting | None:
    """Take the next message of a lane that nobody else works on, until the transaction ends; None when none is due."""
    lanes = driver(session).execute(_LANES, {"now": clock.now()}).fetchall()
    for (lane,) in lanes:
        held = driver(session).execute(
            "select pg_try_advisory_xact_lock(hashtextextended(encode(%s, 'hex'), 1))", (lane,)
        )
        is_free = held.fetchone()
        if is_free is None or not is_free[0]:
            continue
        row = fetch_one(session, _FIRST, {"lane": lane})
        if row is not None and (waiting := _open(row)) is not None:
            return waiting
        if row is not None:  # sealed with a key that is gone: it can never be answered, and must not stop the others
            conclude(session, row["id"], None)
    return None


def conclude(session: Session, inbound_id: UUID, reply_id: UUID | None) -> None:
    """Note what a message was answered; what it said, and whose lane it was in, is gone."""
    driver(session).execute(
        """
        update whatsapp_inbound set reply_id = %s, payload_enc = null, lane = null, sent_at = null, next_try_at = null
        where id = %s
        """,
        (reply_id, inbound_id),
    )


def postpone(session: Session, inbound_id: UUID) -> bool:
    """Let a message that failed rest, each time longer, for a day; say whether there is a next time."""
    row = fetch_one(
        session,
        """
        update whatsapp_inbound set tries = tries + 1,
            next_try_at = %(now)s + least(%(pause)s * power(4, least(tries, %(growing)s)), %(longest)s)
        where id = %(id)s returning next_try_at < created_at + %(wait)s as has_time
        """,
        {
            "id": inbound_id,
            "now": clock.now(),
            "pause": FIRST_PAUSE,
            "growing": PAUSES_GROWING,
            "longest": LONGEST_PAUSE,
            "wait": LONGEST_WAIT,
        },
    )
    return row is None or bool(row["has_time"])


def erase_old(session: Session, *, most: int = 500) -> int:
    """Erase the texts of messages that could not be processed within a day; return how many."""
    erased = driver(session).execute(
        """
        update whatsapp_inbound set payload_enc = null, lane = null, next_try_at = null where id in (
            select id from whatsapp_inbound where payload_enc is not null and created_at < %s limit %s
            for update skip locked)
        """,
        (clock.now() - LONGEST_WAIT, most),
    )
    return erased.rowcount


def _open(row: Mapping[str, Any]) -> Waiting | None:
    provider_id = bytes(row["provider_id"])
    try:
        payload = json.loads(unseal(bytes(row["payload_enc"]), _context(provider_id)))
    except UnreadableSecretError:
        return None
    return Waiting(row["id"], provider_id, row["sender_id"], row["sent_at"], row["tries"], payload)


def _context(digest: bytes) -> str:
    return f"whatsapp:{digest.hex()}"
