"""What Twilio and Meta bring to `/whatsapp`: who it is, whether it may be believed, and which programme answers.

A number of ours that no programme answers at only hears STOP (`services.messages.doors`).
"""

from collections.abc import Mapping
from uuid import UUID, uuid4

from channels.ciu import exchange
from channels.whatsapp.hearing import Fields, hear_meta, hear_twilio, sent_at
from core import live
from core.database import Session
from core.settings import Environment, get_settings
from models.transfers import ProviderEnvironment
from models.whatsapp import WhatsappChannel
from providers.answers import Account
from providers.messaging import meta_whatsapp, twilio
from services.ciu.store import programmes
from services.ciu.store.keys import get_ciu_keys
from services.ciu.store.people import lane_of
from services.ciu.store.programmes import Sender
from services.messages import accounts, doors, reports
from services.messages.doors import FORBIDDEN, MOST_FIELDS, TAKEN, Knock, Reply
from services.whatsapp import inbox, speaking, twiml

TOPIC = "ciu"
ID_LENGTH = 34  # of every id of Twilio's
NOBODY = Reply(400, b'{"detail":"unknown sender"}')
TOO_MANY = Reply(400, b'{"detail":"too many fields"}')


def is_unsigned_allowed() -> bool:
    """Say whether what nobody signed is taken: for the guide's `curl`, in development alone."""
    settings = get_settings()
    return settings.whatsapp_allow_unsigned and settings.environment is Environment.DEVELOPMENT


# Twilio


def take_twilio(session: Session, knock: Knock) -> Reply:
    """Answer a message at once, in XML."""
    if len(knock.form()) > MOST_FIELDS:
        return TOO_MANY
    form = knock.fields()
    account, to = _find_twilio(session, knock, form), _number(form.get("To", ""))
    heard, message_id = hear_twilio(form), _message_id(knock, form)
    if account is None or not to or heard is None or message_id is None or not get_settings().has_ciu:
        return _take_other(session, knock, form, account, to)
    answer = exchange.answer_at(session, to, message_id, heard)
    return doors.take_twilio_message(session, knock) if answer is None else _xml(answer)


def _take_other(session: Session, knock: Knock, form: Mapping[str, str], account: Account | None, to: str) -> Reply:
    """Take what is not a whole message that an account signed: refuse it, or answer what development lets pass."""
    sender = programmes.find_sender(session, WhatsappChannel.TWILIO, to) if to else None
    if sender is None and account is not None and to:
        return doors.take_twilio_message(session, knock)
    is_believed = account is not None or _may_pass_unsigned(session, knock, form)
    is_default = not to and is_unsigned_allowed()
    if not is_believed or not (sender or is_default) or not get_settings().has_ciu:
        return FORBIDDEN
    heard, message_id = hear_twilio(form), _message_id(knock, form)
    if heard is None or message_id is None:
        return NOBODY if heard is None else FORBIDDEN
    programme = sender.programme if sender else programmes.get_default(session)
    return _xml(exchange.answer_at_once(session, programme, sender.id if sender else None, message_id, heard))


def take_twilio_status(session: Session, knock: Knock) -> Reply:
    """Note what became of a message; of a programme's number only the progress is kept, not the form."""
    if len(knock.form()) > MOST_FIELDS:
        return TOO_MANY
    form = knock.fields()
    sender = programmes.find_sender(session, WhatsappChannel.TWILIO, _number(form.get("From", "")))
    if sender is None:
        return doors.take_twilio_status(session, knock)
    account = _find_twilio(session, knock, form)
    if account is not None:
        reports.apply_report(session, account.id, twilio.read_report(form, knock.asked()))
        return Reply(204)
    return Reply(204) if _may_pass_unsigned(session, knock, form) else FORBIDDEN


def error_reply() -> Reply:
    """Return what a person is told when something failed on our side: Twilio would not ask again."""
    return _xml(twiml.render(exchange.error_text()))


def _xml(text: str) -> Reply:
    return Reply(200, text.encode(), twiml.MEDIA_TYPE)


def _find_twilio(session: Session, knock: Knock, form: Mapping[str, str]) -> Account | None:
    """Return the account that signed."""
    if not knock.headers.get("x-twilio-signature"):
        return None
    account_sid = form.get("AccountSid", "")
    for account in accounts.list_known(session, *doors.TWILIO):
        is_named = account.settings.get("account_sid") == account_sid or (not account_sid and is_unsigned_allowed())
        if is_named and doors.is_twilios(account, knock):
            return account
    return None


def _may_pass_unsigned(session: Session, knock: Knock, form: Mapping[str, str]) -> bool:
    """Say whether a form without any signature may pass; an account it names must be one of ours."""
    if not is_unsigned_allowed() or "x-twilio-signature" in knock.headers:
        return False
    account_sid = form.get("AccountSid")
    known = {str(one.settings.get("account_sid")) for one in accounts.list_known(session, *doors.TWILIO)}
    return not account_sid or account_sid in known


def _message_id(knock: Knock, form: Mapping[str, str]) -> str | None:
    """Return the id a message is known by; only one that nobody signed may have none, and gets any.

    Twilio signs names and values run together: cut elsewhere, a captured form is still signed. What was joined to its
    id is cut off again, and a form whose id went into another field, or into another name, is refused.
    """
    named = form.get("MessageSid") or form.get("SmsMessageSid")
    if named:
        return named[:ID_LENGTH]
    return None if "x-twilio-signature" in knock.headers else uuid4().hex


def _number(address: str) -> str:
    """Return one of our own numbers as it is kept; a bare plus came as a space."""
    bare = address.removeprefix("whatsapp:").strip()
    return f"+{bare}" if bare.isdecimal() else bare


# Meta


def take_meta(session: Session, knock: Knock) -> Reply:
    """Take everything of one call, all in this transaction; messages wait for the worker."""
    known = doors.list_meta_signers(session, knock)
    if not known and is_unsigned_allowed() and "x-hub-signature-256" not in knock.headers:
        known = accounts.list_known(session, "meta_whatsapp")
    elif not known:
        return FORBIDDEN
    for value in doors.meta_values(knock.body):
        number = str(doors.part_of(value.get("metadata")).get("phone_number_id", ""))
        account = next((one for one in known if str(one.settings.get("phone_number_id")) == number), None)
        sender = programmes.find_sender(session, WhatsappChannel.META, number) if account else None
        if account is not None and sender is None:
            doors.take_value(session, knock, account, value)
        elif account is not None and sender is not None and get_settings().has_ciu:
            _take_value(session, account, sender, value)
        elif account is None:
            doors.ignore(doors.META, "foreign_number")
    return Reply(200, TAKEN)


def _take_value(session: Session, account: Account, sender: Sender, value: Fields) -> None:
    for status in doors.parts_of(value.get("statuses")):
        reports.apply_report(session, account.id, meta_whatsapp.read_report(status))
    keys, kept = get_ciu_keys(), False
    for message in doors.parts_of(value.get("messages")):
        heard, message_id = hear_meta(message), str(message.get("id", ""))
        if heard is None or not message_id:
            doors.ignore(doors.META, "unreadable_sender" if heard is None else "without_id")
        else:
            lane = lane_of(keys, heard.identity)
            kept |= inbox.keep_waiting(session, sender.id, message_id, lane, sent_at(message), message)
    if kept:
        live.ring_after_commit(session, TOPIC)


def answer_next(session: Session, taken: list[inbox.Waiting]) -> UUID | None:
    """Answer the next message that waits; return which, None when none is due.

    It is put in `taken` first: whoever calls learns which one failed.
    """
    waiting = inbox.take_waiting(session)
    if waiting is None:
        return None
    taken.append(waiting)
    sender = programmes.get_sender(session, waiting.sender_id)
    heard, account_id = hear_meta(waiting.payload), speaking.find_account(session, sender.id)
    if heard is None or account_id is None:
        inbox.conclude(session, waiting.id, None)
    else:
        exchange.answer_later(session, sender.programme, account_id, waiting, heard)
    return waiting.id


# Reads


def get_channels(session: Session) -> dict[str, str]:
    """Return which channels can hear: `ready` or `off`."""
    settings = get_settings()
    named = {"twilio": settings.twilio_whatsapp_number, "meta": settings.meta_phone_number_id}
    adapters = {"twilio": "twilio_whatsapp", "meta": "meta_whatsapp"}
    found = {}
    for channel, adapter in adapters.items():
        real = [
            account
            for account in accounts.list_known(session, adapter)
            if named[channel] or account.environment != ProviderEnvironment.FAKE
        ]
        found[channel] = "ready" if real and settings.has_ciu else "off"
    return found
