"""What somebody sent, read from the fields of Twilio's form or of Meta's JSON. Nothing sent is ever fetched."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from channels.ciu.conversation import Message
from channels.ciu.exchange import Heard
from core import clock
from services.ciu.identities import Identity, read_identity

REACTION, SYSTEM = "reaction", "system"
CHANGED_NUMBER = frozenset({"user_changed_number", "customer_changed_number"})
OTHER_THAN_WORDS = frozenset({"image", "audio", "voice", "video", "document", "sticker", "location", "contacts"})

Fields = Mapping[str, Any]


def hear_twilio(form: Mapping[str, str]) -> Heard | None:
    """Read a message of Twilio's; None when nobody can be seen to have sent it."""
    user_id = _user_id(form.get("ExternalUserId", ""))
    identity = read_identity(form.get("From", "")) or (read_identity(user_id) if user_id else None)
    if identity is None:
        return None
    payload = form.get("ButtonPayload") or form.get("ListId") or ""
    text = form.get("Body", "")
    kind = form.get("MessageType", "")
    has_more = form.get("NumMedia", "0") not in {"", "0"} or kind in OTHER_THAN_WORDS or "Latitude" in form
    return Heard(
        identity=identity,
        message=Message(text=text, payload=payload, is_media=has_more and not (text.strip() or payload)),
        user_id=user_id if identity.kind == "phone" else "",
        is_silent=kind == REACTION,
    )


def hear_meta(message: Fields) -> Heard | None:
    """Read a message of Meta's; None when nobody can be seen to have sent it."""
    user_id = _user_id(_text(message, "from_user_id"))
    identity = read_identity(_text(message, "from")) or (read_identity(user_id) if user_id else None)
    if identity is None:
        return None
    kind = _text(message, "type")
    text, payload = _words(message, kind)
    is_silent = kind in {REACTION, SYSTEM} or bool(message.get("group_id"))
    return Heard(
        identity=identity,
        message=Message(text=text, payload=payload, is_media=kind != "text" and not (text.strip() or payload)),
        user_id=user_id if identity.kind == "phone" else "",
        is_silent=is_silent,
        moves_to=_new_number(_part(message, SYSTEM)) if kind == SYSTEM else None,
    )


def sent_at(message: Fields) -> datetime:
    """Return when a message of Meta's was sent; now, when it does not say."""
    seconds = _text(message, "timestamp")
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return clock.now()


def _words(message: Fields, kind: str) -> tuple[str, str]:
    """Return what was written (a caption too) and the payload of what was tapped."""
    if kind == "interactive":
        tapped = _part(message, "interactive")
        return "", _text(_part(tapped, "button_reply"), "id") or _text(_part(tapped, "list_reply"), "id")
    if kind == "button":
        return _text(_part(message, "button"), "text"), _text(_part(message, "button"), "payload")
    part = _part(message, kind)
    return _text(part, "body") if kind == "text" else _text(part, "caption"), ""


def _new_number(system: Fields) -> Identity | None:
    if _text(system, "type") not in CHANGED_NUMBER:
        return None
    return read_identity(_text(system, "new_wa_id") or _text(system, "wa_id"))


def _user_id(text: str) -> str:
    identity = read_identity(text)
    return identity.value if identity is not None and identity.kind == "user_id" else ""


def _part(message: Fields, name: str) -> Fields:
    part = message.get(name)
    return part if isinstance(part, dict) else {}


def _text(message: Fields, name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
