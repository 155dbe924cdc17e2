"""Conversations as they really go: messages answered by the programme, without a door in between."""

from dataclasses import dataclass
from itertools import count
from uuid import UUID

from channels.ciu import exchange
from channels.ciu.conversation import Message
from channels.ciu.exchange import Heard
from core.database import Database, fetch_all
from core.settings import get_settings
from models.whatsapp import WhatsappChannel
from services.ciu.identities import read_identity
from services.ciu.store import programmes

AWA, BINTOU, CHANTAL = "+243810000001", "+243810000002", "+243810000003"
KABILA = ("1985", "Kinshasa", "Jean", "15", "Kabila")
MUKENDI = ("1985", "Kinshasa", "Jean", "15", "Mukendi")
MUKENDY = ("1985", "Kinshasa", "Jean", "15", "Mukendy")
OURS = "+14155238886"

_numbers = count(1)


@dataclass
class Town:
    """People who write to the default programme."""

    database: Database

    def say(self, text: str, sender: str = AWA) -> str:
        """Write one message and return what it is answered, in XML."""
        identity = read_identity(sender)
        assert identity is not None
        with self.database.transaction() as session:
            programme = programmes.get_default(session)
            sender_id = fetch_all(session, "select id from whatsapp_sender where address = %s", (OURS,))[0]["id"]
            heard = Heard(identity, Message(text=text))
            return exchange.answer_at_once(session, programme, sender_id, f"SM{next(_numbers)}", heard)

    def tell(self, answers: tuple[str, ...] = KABILA, sender: str = AWA) -> UUID:
        """Go through the questions and confirm; return the record of the code."""
        with self.database.transaction() as session:
            fetch_all(session, "update ciu_identity set minute_count = 0 returning id")
        for word in ("RESTART", *answers, "1"):
            self.say(word, sender)
        return self.newest()

    def newest(self) -> UUID:
        """Return the record that was given or made last."""
        with self.database.transaction() as session:
            rows = fetch_all(
                session, "select record_id from ciu_record_identity order by last_at desc, id desc limit 1"
            )
        found: UUID = rows[0]["record_id"]
        return found

    def code(self, record_id: UUID) -> str:
        with self.database.transaction() as session:
            found: str = fetch_all(session, "select code from ciu_record where id = %s", (record_id,))[0]["code"]
        return found


def open_town(database: Database) -> Town:
    """Install the default programme, with a number that answers."""
    programmes._recipes.clear()
    with database.transaction() as session:
        programmes.install(session, get_settings())
        programme = programmes.get_default(session)
        programmes.open_sender(session, WhatsappChannel.TWILIO, OURS, programme.id)
    return Town(database)
