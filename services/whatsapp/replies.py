"""Replies: sealed, kept as long as their conversation (the last one a day), and given again to a repeated message.

Twilio's is the very text that was answered. One to Meta leaves through the outbox, as a `message` that holds neither a
text nor an address: it points here.
"""

import json
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.security import UnreadableSecretError
from models.messages import Channel, MessageState
from services.ciu.texts import Reply
from services.messages.outbox import OutgoingMessage, enqueue
from services.whatsapp.sealing import seal, unseal

KEPT = timedelta(hours=24)
TEMPLATE = "reponse_whatsapp"
ADDRESS_PREFIX = "reply:"
WINDOW = timedelta(hours=24)  # in which an answer may leave without an approved template

_PENDING = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """A reply on its way to Meta: to whom, the text, the choices that can be tapped, and a picture."""

    to: str = field(repr=False)
    body: str = field(repr=False)
    text: str = field(repr=False)
    choices: tuple[tuple[str, str], ...] = ()
    media_url: str = ""


@dataclass(frozen=True, slots=True)
class Keeping:
    """Whose reply it is; nobody's once he was forgotten."""

    identity_id: UUID | None = None
    conversation_id: UUID | None = None


def keep(session: Session, text: str, keeping: Keeping) -> UUID:
    """Keep what was answered at once, to be answered again byte for byte."""
    return _keep(session, text, keeping, None, None)


def rehearse(session: Session, letter: Letter, account_id: UUID, keeping: Keeping) -> UUID:
    """Keep a reply that does not leave: nobody holds the telephone it is for."""
    return _keep(session, json.dumps(asdict(letter), ensure_ascii=False), keeping, None, account_id)


def write(reply: Reply, to: str, media_url: str = "") -> Letter:
    """Return a reply as it leaves for Meta."""
    choices = tuple((choice.payload, choice.label) for choice in reply.choices)
    return Letter(to, reply.body, reply.text, choices, media_url)


def send(session: Session, letter: Letter, account_id: UUID, keeping: Keeping) -> UUID:
    """Keep a reply and let it leave through the outbox, over the account that heard the question."""
    reply_id = ids.new_id()
    order = OutgoingMessage(
        dedupe_key=f"{ADDRESS_PREFIX}{reply_id}",
        type=TEMPLATE,
        channel=Channel.WHATSAPP,
        address=f"{ADDRESS_PREFIX}{reply_id}",
        template_code=TEMPLATE,
        data={"reply_id": str(reply_id)},
        expires_at=clock.now() + WINDOW,
    )
    message_id = enqueue(session, order)
    return _keep(session, json.dumps(asdict(letter), ensure_ascii=False), keeping, message_id, account_id, reply_id)


def open_text(session: Session, reply_id: UUID | None) -> str | None:
    """Return what was answered, None once it is erased, or sealed with a key that is gone."""
    row = fetch_one(session, "select body_enc from whatsapp_reply where id = %s", (reply_id,))
    sealed = row["body_enc"] if row else None
    if sealed is None:
        return None
    try:
        return unseal(bytes(sealed), _context(reply_id))
    except UnreadableSecretError:
        _log.warning("whatsapp.reply_unreadable", reply=str(reply_id))
        return None


def open_letter(session: Session, reply_id: str) -> Letter | None:
    """Return a reply that is to leave, None when it was erased meanwhile."""
    text = open_text(session, UUID(reply_id))
    if text is None:
        return None
    read = json.loads(text)
    return Letter(**{**read, "choices": tuple((payload, label) for payload, label in read["choices"])})


def erase(session: Session, conversation_id: UUID) -> None:
    """Erase the replies of a conversation that ends; those that have yet to leave go once they left."""
    driver(session).execute(
        """
        update whatsapp_reply r set body_enc = null where conversation_id = %s and body_enc is not null
        and not exists (select from message m where m.id = r.message_id and m.state = any(%s))
        """,
        (conversation_id, [*_PENDING]),
    )


def erase_old(session: Session, *, most: int = 500) -> int:
    """Erase up to `most` replies whose conversation ended or that are a day old; return how many.

    Meta's ids hold a telephone number: they go with the reply.
    """
    erased = driver(session).execute(
        """
        with old as (
            select r.id, r.message_id from whatsapp_reply r
            left join ciu_conversation c on c.id = r.conversation_id
            left join message m on m.id = r.message_id
            where r.body_enc is not null and (
                r.created_at < %(before)s
                or (c.ended_at is not null and (m.id is null or m.state <> all(%(pending)s))))
            limit %(most)s for update of r skip locked
        ), nameless as (
            update message m set provider_message_id = null from old where m.id = old.message_id
        )
        update whatsapp_reply r set body_enc = null from old where r.id = old.id
        """,
        {"before": clock.now() - KEPT, "pending": [*_PENDING], "most": most},
    )
    return erased.rowcount


def _keep(  # one row, by column
    session: Session,
    text: str,
    keeping: Keeping,
    message_id: UUID | None,
    account_id: UUID | None,
    reply_id: UUID | None = None,
) -> UUID:
    reply_id = reply_id or ids.new_id()
    driver(session).execute(
        """
        insert into whatsapp_reply (id, created_at, body_enc, identity_id, conversation_id, account_id, message_id)
        values (%s, %s, %s, %s, %s, %s, %s)
        """,
        (
            reply_id,
            clock.now(),
            seal(text, _context(reply_id)),
            keeping.identity_id,
            keeping.conversation_id,
            account_id,
            message_id,
        ),
    )
    return reply_id


def _context(reply_id: UUID | None) -> str:
    return f"whatsapp_reply:{reply_id}"
