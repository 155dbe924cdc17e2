"""The next channel of a message's plan, when one cannot reach the person."""

from datetime import timedelta

from core import clock
from core.database import Session, fetch_one
from models.messages import Channel, Message
from services.messages import notices, outbox, preferences, suppressions
from services.messages.outbox import OutgoingMessage, enqueue

SHORTEST_LIFE = timedelta(minutes=5)


def write_next(session: Session, message: Message) -> bool:
    """Write the same message for the first of its next channels that can reach the person; say whether there is one."""
    variables = message.variables
    if any(isinstance(value, dict) and not outbox.is_sealed(value) for value in variables.values()):
        return False  # its code has been forgotten
    rest = [Channel(name) for name in message.next_channels]
    while rest:
        channel = rest.pop(0)
        address = _address(session, message, channel)
        if address and _can(session, message, channel, address):
            enqueue(session, _copy(message, channel, address, tuple(rest)))
            message.next_channels = []
            return True
    return False


def _copy(message: Message, channel: Channel, address: str, rest: tuple[Channel, ...]) -> OutgoingMessage:
    opened = outbox.open_variables(message.model_dump())
    secrets = {name: opened.pop(name) for name, value in message.variables.items() if outbox.is_sealed(value)}
    return OutgoingMessage(
        dedupe_key=f"{message.dedupe_key}>{channel}",
        type=message.type,
        channel=channel,
        address=address,
        template_code=message.template_code,
        recipient_id=message.recipient_id,
        locale=message.locale,
        variables=opened,
        secrets=secrets,
        data=message.data,
        guard=message.guard,
        priority=message.priority,
        expires_at=message.expires_at or clock.now() + SHORTEST_LIFE,
        next_channels=rest,
        fallback_of_id=message.id,
        transaction_id=message.transaction_id,
    )


def _address(session: Session, message: Message, channel: Channel) -> str:
    by_phone = {Channel.SMS, Channel.USSD, Channel.WHATSAPP}
    if channel in by_phone and message.channel in by_phone:
        return message.address
    row = fetch_one(session, "select phone, email from users where id = %s", (message.recipient_id,))
    if row is None:
        return ""
    return (row["phone"] if channel in by_phone else row["email"] if channel is Channel.EMAIL else "") or ""


def _can(session: Session, message: Message, channel: Channel, address: str) -> bool:
    if suppressions.is_suppressed(session, channel, address, message.priority):
        return False
    if channel is Channel.WHATSAPP:
        person, code = message.recipient_id, message.template_code
        return notices.can_whatsapp(session, person, address, code, message.locale)
    return preferences.is_wanted(session, message.recipient_id, message.type, channel)
