"""What a person wants to get where: channels off per type, consent to WhatsApp, browsers that may be pushed to."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field
from sqlmodel import col, delete, select

from core import clock
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import InvalidInput, NotSignedIn, Refusal
from core.i18n import t
from core.orders import Order
from core.permissions import Actor
from models.messages import Channel, MessagePreference, PushSubscription
from services.messages.kinds import LOCKED

EVERY_TYPE = "*"
MOST_BROWSERS = 10
LONGEST_ENDPOINT = 1_000
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


class Subscribe(Order):
    """What a browser gives when its owner lets us notify it."""

    endpoint: str = Field(max_length=LONGEST_ENDPOINT)
    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)
    label: str = Field(default="", max_length=100)


def set_preference(session: Session, actor: Actor, order: SetPreference) -> None:
    """Keep one's own choice; codes and security cannot be switched off."""
    user_id = _himself(actor)
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
    rows = session.exec(select(MessagePreference).where(MessagePreference.user_id == _himself(actor)))
    return {(row.type, row.channel): row.is_on for row in rows}


def is_wanted(session: Session, user_id: UUID | None, kind: str, channel: Channel) -> bool:
    """Say whether a person takes this type on this channel; his word on the type weighs more than that on all."""
    if user_id is None or kind in LOCKED:
        return True
    row = fetch_one(
        session,
        """
        select is_on from message_preference where user_id = %s and channel = %s and type in (%s, '*')
        order by type = '*' limit 1
        """,
        (user_id, channel, kind),
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


# Browsers


def subscribe(session: Session, actor: Actor, order: Subscribe) -> UUID:
    """Remember a browser of one's own; one that is known changes hands to who uses it now."""
    user_id = _himself(actor)
    if urlsplit(order.endpoint).scheme not in {"https", "http"} or not urlsplit(order.endpoint).hostname:
        raise InvalidInput({"endpoint": t("adresse invalide")})
    row = session.exec(select(PushSubscription).where(PushSubscription.endpoint == order.endpoint)).first()
    row = row or PushSubscription(user_id=user_id, endpoint=order.endpoint)
    row.user_id, row.label, row.failed_at = user_id, order.label, None
    row.keys = {"p256dh": order.p256dh, "auth": order.auth}
    session.add(row)
    session.flush()
    driver(session).execute(
        """
        delete from push_subscription where user_id = %(user)s and id not in (
            select id from push_subscription where user_id = %(user)s order by created_at desc limit %(most)s)
        """,
        {"user": user_id, "most": MOST_BROWSERS},
    )
    return row.id


def unsubscribe_browser(session: Session, actor: Actor, endpoint: str) -> None:
    """Forget a browser of one's own; one that is not known is forgotten already."""
    session.exec(
        delete(PushSubscription).where(
            col(PushSubscription.user_id) == _himself(actor), col(PushSubscription.endpoint) == endpoint
        )
    )


def forget_browsers(session: Session, endpoints: tuple[str, ...]) -> None:
    """Forget browsers whose service says that they are gone."""
    if endpoints:
        driver(session).execute("delete from push_subscription where endpoint = any(%s)", ([*endpoints],))


# Reads


@dataclass(frozen=True, slots=True)
class BrowserRow:
    """One browser of a person; its address and keys are nobody's business."""

    id: UUID
    since: datetime
    label: str


def list_browsers(session: Session, actor: Actor) -> list[BrowserRow]:
    """Return one's own browsers, the newest first."""
    rows = fetch_all(
        session,
        "select id, created_at, label from push_subscription where user_id = %s order by created_at desc",
        (_himself(actor),),
    )
    return [BrowserRow(row["id"], row["created_at"], row["label"]) for row in rows]


def _himself(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise NotSignedIn
    return actor.user_id
