"""A message as it comes in: claimed, its writer held, where he stands read. One round trip, when he is known."""

from dataclasses import dataclass
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
select * from ciu_hear(%(id)s, %(now)s, %(channel)s, %(digest)s, %(sender)s, %(programme)s, %(lookups)s, %(minute)s)
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A claim, and where the writer of a new message stands; None where he is to be looked for another way."""

    claim: Claim
    dialogue: Dialogue | None = None


def hear(
    session: Session, programme: Programme, sender_id: UUID | None, digest: bytes, identity: Identity | None
) -> Opened:
    """Take a message of Twilio's, once, and whoever wrote it; a concurrent first delivery is waited for.

    Without an identity the message alone is taken.
    """
    now = clock.now()
    asked = {
        "id": ids.new_id(),
        "now": now,
        "channel": WhatsappChannel.TWILIO,
        "digest": digest,
        "sender": sender_id,
        "programme": programme.id,
        "lookups": [*get_ciu_keys().lookups(str(identity)).values()] if identity else [],
        "minute": now - MINUTE,
    }
    row = fetch_one(session, _HEAR, asked)
    assert row is not None  # noqa: S101  # the function always returns one row
    claim = Claim(row["claimed"], row["replied"])
    if identity is None or row["person"] is None:
        return Opened(claim)
    has_room = row["minute_count"] <= MOST_A_MINUTE
    person = Person(row["person"], identity.value, row["language"], row["is_test"], has_room)
    return Opened(claim, dialogues.read(session, programme, person, row))
