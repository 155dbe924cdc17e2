"""What a person wants to get where: channels off per type, consent to WhatsApp."""

from uuid import UUID

from sqlmodel import select

from core import clock
from core.database import Session, fetch_one
from core.errors import NotSignedIn, Refusal
from core.orders import Order
from core.permissions import Actor
from models.messages import Channel, MessagePreference
from services.messages.kinds import LOCKED

EVERY_TYPE = "*"
CONVERSATION_HOURS = 24


class CannotSwitchOff(Refusal):
    """Codes and security messages always go out."""

    code = "message_obligatoire"
    status = 409
    sentence = "Ces messages protègent votre compte : on ne peut pas les couper."


class SetPreference(Order):
    """One channel on or off for one type (`*`: for all). WhatsApp on for `*` is the person's consent to it."""

    type: str
    channel: Channel
    is_on: bool


def set_preference(session: Session, actor: Actor, order: SetPreference) -> None:
    """Keep one's own choice; codes and security cannot be switched off."""
    user_id = himself(actor)
    if order.type in LOCKED and not order.is_on:
        raise CannotSwitchOff
    row = session.exec(
        select(MessagePreference).where(
            MessagePreference.user_id == user_id,
            MessagePreference.type == order.type,
            MessagePreference.channel == order.channel,
        )
    ).first()
    row = row or MessagePreference(user_id=user_id, type=order.type, channel=order.channel)
    row.is_on = order.is_on
    session.add(row)
    session.flush()


def list_preferences(session: Session, actor: Actor) -> dict[tuple[str, str], bool]:
    """Return one's own choices, by type and channel; what is absent is on."""
    rows = session.exec(select(MessagePreference).where(MessagePreference.user_id == himself(actor)))
    return {(row.type, row.channel): row.is_on for row in rows}


def is_wanted(session: Session, user_id: UUID | None, kind: str, channel: Channel) -> bool:
    """Say whether a person takes this type on this channel; his word on the type weighs more than that on all.

    What he says of SMS is said of the screens that may replace them.
    """
    if user_id is None or kind in LOCKED:
        return True
    row = fetch_one(
        session,
        """
        select is_on from message_preference where user_id = %s and channel = %s and type in (%s, '*')
        order by type = '*' limit 1
        """,
        (user_id, Channel.SMS if channel is Channel.USSD else channel, kind),
    )
    return row is None or bool(row["is_on"])


def has_whatsapp_consent(session: Session, user_id: UUID | None) -> bool:
    """Say whether a person agreed to be written to on WhatsApp."""
    return user_id is not None and bool(
        fetch_one(
            session,
            "select 1 from message_preference where user_id = %s and type = '*' and channel = 'whatsapp' and is_on",
            (user_id,),
        )
    )


def is_in_conversation(session: Session, address: str) -> bool:
    """Say whether this number wrote to us on WhatsApp within the last day: free text may be answered then."""
    return bool(
        fetch_one(
            session,
            """
            select 1 from inbound_event
            where received_at > %s - interval '24 hours' and source in ('message:twilio', 'message:meta')
              and "references" ->> 'from' = %s limit 1
            """,
            (clock.now(), address),
        )
    )


def himself(actor: Actor) -> UUID:
    """Return who acts for himself; the house and its machines have nothing of their own."""
    if actor.user_id is None:
        raise NotSignedIn
    return actor.user_id
