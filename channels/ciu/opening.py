"""A message as it comes in: claimed, its writer held, where he stands read. One round trip, when he is known."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channels.ciu import dialogues
from channels.ciu.dialogues import Dialogue
from core import clock, ids
from core.database import Session, fetch_one
from models.whatsapp import WhatsappChannel
from services.ciu.identities import Identity
from services.ciu.store.keys import get_ciu_keys
from services.ciu.store.people import MINUTE, MOST_A_MINUTE, Person
from services.ciu.store.programmes import Programme
from services.whatsapp.inbox import Claim

_HEAR = """
select * from ciu_hear(%(id)s, %(now)s, %(channel)s, %(ours)s, %(digest)s, %(lookups)s, %(minute)s, %(sender)s,
    %(programme)s)
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A claim, and where the writer of a new message stands; None where he is to be looked for another way."""

    programme: Programme
    claim: Claim
    dialogue: Dialogue | None = None


def hear_at(session: Session, ours: str, digest: bytes, identity: Identity | None) -> Opened | None:
    """Take a message to a number of ours, once, and whoever wrote it; None where nothing of ours answers there.

    A concurrent first delivery is waited for. Without an identity the message alone is taken.
    """
    row = _hear(session, digest, identity, ours=ours)
    if row is None:
        return None
    programme = Programme(row["programme"], row["code"], row["name"], row["contact"], row["published"], row["settings"])
    return _opened(session, programme, identity, row)


def hear(
    session: Session, programme: Programme, sender_id: UUID | None, digest: bytes, identity: Identity | None
) -> Opened:
    """Take a message to a programme, as `hear_at` does."""
    row = _hear(session, digest, identity, sender=sender_id, programme=programme.id)
    assert row is not None  # noqa: S101  # no number was asked for
    return _opened(session, programme, identity, row)


def _hear(
    session: Session,
    digest: bytes,
    identity: Identity | None,
    *,
    ours: str | None = None,
    sender: UUID | None = None,
    programme: UUID | None = None,
) -> dict[str, Any] | None:
    now = clock.now()
    asked = {
        "id": ids.new_id(),
        "now": now,
        "channel": WhatsappChannel.TWILIO,
        "ours": ours,
        "digest": digest,
        "lookups": [*get_ciu_keys().lookups(str(identity)).values()] if identity else [],
        "minute": now - MINUTE,
        "sender": sender,
        "programme": programme,
    }
    return fetch_one(session, _HEAR, asked)


def _opened(session: Session, programme: Programme, identity: Identity | None, row: dict[str, Any]) -> Opened:
    claim = Claim(row["claimed"], row["replied"])
    if identity is None or row["person"] is None:
        return Opened(programme, claim)
    has_room = row["minute_count"] <= MOST_A_MINUTE
    person = Person(row["person"], identity.value, row["language"], row["is_test"], has_room)
    return Opened(programme, claim, dialogues.read(session, programme, person, row))
