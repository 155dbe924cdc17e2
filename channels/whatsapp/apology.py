"""What a person is told whose message through Meta could not be answered for a day."""

from channels.ciu import exchange
from channels.whatsapp.hearing import hear_meta
from core.database import Session
from services.ciu.store import people
from services.ciu.texts import Reply
from services.whatsapp import inbox, replies
from services.whatsapp.replies import Keeping
from services.whatsapp.speaking import find_account


def give_up(session: Session, waiting: inbox.Waiting) -> None:
    """Say that something failed on our side; what the message said is gone. A rehearsal is told nothing."""
    heard, account_id, reply_id = hear_meta(waiting.payload), find_account(session, waiting.sender_id), None
    if heard and account_id and not heard.is_silent and not people.is_test_number(heard.identity):
        letter = replies.write(Reply(exchange.error_text()), heard.identity.send_to)
        reply_id = replies.send(session, letter, account_id, Keeping())
    inbox.conclude(session, waiting.id, reply_id)
