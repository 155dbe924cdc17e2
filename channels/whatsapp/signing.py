"""Requests to our own address as Twilio and Meta write and sign them: what the chat simulator sends.

Only the numbers of rehearsals may be written from: they have a salt and digests of their own, and nobody has them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from pydantic import Field

from core.ciu_settings import WEBHOOK_PATH
from core.database import Session, fetch_all
from core.errors import NotFound, Refusal
from core.orders import Order
from core.permissions import Actor, Permission
from core.settings import get_settings
from models.whatsapp import WhatsappChannel
from providers.answers import Account
from providers.messaging import signatures
from services.ciu.identities import Identity
from services.ciu.store.people import is_test_number
from services.messages import accounts
from services.messages.doors import JSON_TYPE

FORM_TYPE = "application/x-www-form-urlencoded"
FORGED_KEY = "nobody's"


class Way(StrEnum):
    """Who brings a message, and how it is signed."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    META = "meta"


class Attached(StrEnum):
    """What comes instead of words, or beside them."""

    NOTHING = ""
    PHOTO = "photo"
    VOICE = "voice"
    PLACE = "place"


class NotARehearsal(Refusal):
    """Somebody may have this number."""

    code = "numero_reel"
    status = 403
    sentence = "Le simulateur n'écrit que depuis les numéros d'essai, de +243000000000 à +243000000099."


class NothingSigns(Refusal):
    """The account has no secret of this kind."""

    code = "rien_ne_signe"
    status = 409
    sentence = "Aucun compte actif de ce numéro ne peut signer ainsi."


@dataclass(frozen=True, slots=True)
class Line:
    """A number of ours that a programme answers at, and the ways of signing that its account has."""

    sender_id: UUID
    channel: WhatsappChannel
    address: str
    programme: str
    recipe: str
    ways: tuple[Way, ...]


class WriteMessage(Order):
    """One message of a simulated telephone; the same `message_id` is the same message, brought again."""

    sender_id: UUID
    way: Way
    phone: str
    text: str = Field(default="", max_length=4096)
    payload: str = Field(default="", max_length=256)
    attached: Attached = Attached.NOTHING
    message_id: str = Field(min_length=8, max_length=64)
    sent_at: datetime
    is_forged: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """One request, as it goes over the wire."""

    target: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def new_message_id(way: Way) -> str:
    """Return an id as the provider makes them."""
    return f"wamid.{uuid4().hex}" if way is Way.META else f"SM{uuid4().hex}"


def write_message(session: Session, actor: Actor, order: WriteMessage) -> Written:
    """Return the request that would bring this message, signed by the number's own account."""
    actor.require(Permission.CIU_ACT)
    if not is_test_number(Identity("phone", order.phone, order.phone)):
        raise NotARehearsal
    row = next((row for row in _rows(session) if row["id"] == order.sender_id), None)
    if row is None:
        raise NotFound(thing="whatsapp_sender")
    account = _find_account(session, row["channel"], row["address"])
    if account is None or order.way not in _ways(account, row["channel"]):
        raise NothingSigns
    if order.way is Way.META:
        return _as_meta(account, row["address"], order)
    return _as_twilio(account, row["address"], order)


# Twilio

_TWILIO_MEDIA = {Attached.PHOTO: ("image", "image/jpeg"), Attached.VOICE: ("audio", "audio/ogg")}


def _as_twilio(account: Account, ours: str, order: WriteMessage) -> Written:
    sid = str(account.settings["account_sid"])
    form = {
        "SmsMessageSid": order.message_id,
        "MessageSid": order.message_id,
        "AccountSid": sid,
        "From": f"whatsapp:{order.phone}",
        "To": f"whatsapp:{ours}",
        "WaId": order.phone.removeprefix("+"),
        "ProfileName": "Essai",
        "Body": order.text,
        "NumMedia": "0",
        "MessageType": "text",
        "ApiVersion": "2010-04-01",
        **_twilio_part(order, sid),
    }
    url = f"{get_settings().public_base_url.split(',')[0].strip().rstrip('/')}{WEBHOOK_PATH}"
    headers = {"Content-Type": FORM_TYPE}
    algorithm, key = signatures.SHA1, next(iter(account.secret_values("auth_token")), "")
    if order.way is Way.SHA256:
        algorithm = signatures.SHA256
        name, _, key = _shared_keys(account)[0].partition(":")
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key={name},algorithm={algorithm}"
    signature = signatures.sign_as_twilio(FORGED_KEY if order.is_forged else key, url, form, algorithm)
    return Written(WEBHOOK_PATH, {**headers, "X-Twilio-Signature": signature}, urlencode(form).encode())


def _twilio_part(order: WriteMessage, sid: str) -> dict[str, str]:
    if order.attached is Attached.PLACE:
        return {"MessageType": "location", "Latitude": "-4.3276", "Longitude": "15.3136"}
    if order.attached is Attached.NOTHING:
        return {"ButtonPayload": order.payload, "MessageType": "button"} if order.payload else {}
    kind, media_type = _TWILIO_MEDIA[order.attached]
    url = f"https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages/{order.message_id}/Media/ME0"
    return {"MessageType": kind, "NumMedia": "1", "MediaContentType0": media_type, "MediaUrl0": url}


def _shared_keys(account: Account) -> list[str]:
    """Return the keys with which SHA-256 signs, each `id:secret`."""
    written = ",".join(account.secret_values("shared_keys"))
    return [pair.strip() for pair in written.split(",") if ":" in pair]


# Meta


def _as_meta(account: Account, ours: str, order: WriteMessage) -> Written:
    message = {
        "id": order.message_id,
        "from": order.phone.removeprefix("+"),
        "timestamp": str(int(order.sent_at.timestamp())),
        **_meta_part(order),
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": ours},
        "contacts": [{"wa_id": message["from"], "profile": {"name": "Essai"}}],
        "messages": [message],
    }
    document = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "0", "changes": [{"field": "messages", "value": value}]}],
    }
    body = json.dumps(document).encode()  # with \u escapes, as Meta writes
    secret = FORGED_KEY if order.is_forged else account.secret_values("app_secret")[0]
    headers = {"Content-Type": JSON_TYPE, "X-Hub-Signature-256": signatures.sign_as_meta(secret, body)}
    return Written(WEBHOOK_PATH, headers, body)


def _meta_part(order: WriteMessage) -> dict[str, Any]:
    caption = {"caption": order.text} if order.text else {}
    match order.attached:
        case Attached.PHOTO:
            return {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg", **caption}}
        case Attached.VOICE:
            return {"type": "audio", "audio": {"id": "1", "mime_type": "audio/ogg", "voice": True}}
        case Attached.PLACE:
            return {"type": "location", "location": {"latitude": -4.3276, "longitude": 15.3136}}
    if order.payload:
        reply = {"id": order.payload, "title": order.text}
        return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
    return {"type": "text", "text": {"body": order.text}}


# Reads


def list_lines(session: Session, actor: Actor) -> list[Line]:
    """Return the numbers that a simulated telephone may write to; those nothing can sign for are left out."""
    actor.require(Permission.CIU_ACT)
    lines = []
    for row in _rows(session):
        account = _find_account(session, row["channel"], row["address"])
        ways = _ways(account, row["channel"]) if account else ()
        if ways:
            channel = WhatsappChannel(row["channel"])
            recipe = f"{row['key']} {row['version']}"
            lines.append(Line(row["id"], channel, row["address"], row["name"], recipe, ways))
    return lines


def _rows(session: Session) -> list[dict[str, Any]]:
    return fetch_all(
        session,
        """
        select s.id, s.channel, s.address, p.name, r.key, r.version from whatsapp_sender s
        join ciu_programme p on p.id = s.programme_id
        join ciu_recipe r on r.programme_id = p.id and r.state = 'published'
        order by p.created_at, s.channel desc, s.address
        """,
    )


def _find_account(session: Session, channel: str, address: str) -> Account | None:
    """Return the account that may sign what comes to a number: its own, else at Twilio any of ours."""
    if channel == WhatsappChannel.META:
        known = accounts.list_accounts_of(session, "meta_whatsapp")
        return next((one for one in known if str(one.settings.get("phone_number_id")) == address), None)
    known = accounts.list_accounts_of(session, "twilio_whatsapp")
    return min(known, key=lambda one: address not in str(one.settings.get("from", "")), default=None)


def _ways(account: Account, channel: str) -> tuple[Way, ...]:
    if channel == WhatsappChannel.META:
        return (Way.META,) if account.secret_values("app_secret") else ()
    sha1 = (Way.SHA1,) if account.secret_values("auth_token") else ()
    return (*sha1, Way.SHA256) if _shared_keys(account) else sha1
