"""What a network brings to one of our addresses: who it is, whether it may be believed, and what is done with it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import structlog

from core import metrics
from core.database import Session
from core.orders import made_storable
from core.phone import PhoneRefusal, normalise
from core.settings import get_settings
from models.inbox import Authenticity
from models.messages import Channel
from providers.answers import Account
from providers.messaging import africas_talking, kannel, meta_whatsapp, signatures, twilio
from providers.messaging.answers import Report
from services.messages import accounts, suppressions
from services.messages.reports import Received, take_inbound, take_report

SIGNED_HEADERS = frozenset({"x-twilio-signature", "x-twilio-webhooks-signature-settings", "x-hub-signature-256"})
MOST_FIELDS = 200
UNREADABLE = "\ufffd"  # never a question mark: that is an answer, «I do not know»
EMPTY_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
NOT_SIGNED = b'{"detail":"invalid signature"}'
TAKEN = b'{"status":"ok"}'
JSON_TYPE, XML_TYPE = "application/json", "application/xml; charset=utf-8"
META = "meta"
TWILIO = ("twilio_whatsapp", "twilio_sms")

_log = structlog.get_logger(__name__)

unsubscribe = suppressions.unsubscribe


@dataclass(frozen=True)
class Knock:
    """One request as it came; its form is read when it is first asked for."""

    method: str
    path: str
    raw_query: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def form(self) -> list[tuple[str, str]]:
        """Return every field as it came, blank ones too: all of them are signed."""
        return self._pairs

    @cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def asked(self) -> dict[str, str]:
        """Return the query as it can be kept."""
        return {name: made_storable(value, UNREADABLE) for name, value in self.query.items()}

    def fields(self) -> dict[str, str]:
        """Return the form as it can be kept."""
        return {name: made_storable(value, UNREADABLE) for name, value in self.form()}

    def urls(self) -> list[str]:
        """Return the addresses we gave: our own bases, never the host a proxy passes on."""
        query = f"?{self.raw_query}" if self.raw_query else ""
        bases = get_settings().public_base_url.split(",")
        return [f"{base.strip().rstrip('/')}{self.path}{query}" for base in bases]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int
    body: bytes = b""
    media_type: str = JSON_TYPE


FORBIDDEN = Reply(403, NOT_SIGNED)


def take_gateway(session: Session, knock: Knock, code: str, secret: str) -> Reply:
    """Take a delivery report of the account `code`."""
    account = accounts.find_by_address(session, code, secret)
    reader = _READERS.get(account.adapter) if account else None
    if account is None or reader is None:
        return Reply(404)
    form = knock.fields()
    if account.adapter == "twilio_sms" and not is_twilios(account, knock):
        return FORBIDDEN
    is_signed = account.adapter == "twilio_sms"
    proof = Authenticity.SIGNED if is_signed else Authenticity.SECRET
    written = _written(account.adapter, form, knock.asked())
    if written is not None:
        source = f"message:{account.adapter}"
        received = _received(knock, account, proof, source=source, key=written.id, hides_path=True)
        take_inbound(session, received, Channel.SMS, _phone(written.sender), written.text)
        return Reply(200)
    take_report(session, _received(knock, account, proof, hides_path=True), reader(form, knock.asked()))
    return Reply(200)


def take_twilio_status(session: Session, knock: Knock) -> Reply:
    """Take a status of a WhatsApp message; one of a message that is not ours is taken too."""
    form = knock.fields()
    account = _twilio_account(session, knock, form, sender=form.get("From", ""))
    if account is None:
        return FORBIDDEN
    take_report(session, _received(knock, account, Authenticity.SIGNED), twilio.read_report(form, knock.asked()))
    return Reply(204)


def take_twilio_message(session: Session, knock: Knock) -> Reply:
    """Store what a person wrote through Twilio, and obey a STOP; a dialogue answers elsewhere."""
    if len(knock.form()) > MOST_FIELDS:
        return Reply(400)
    form = knock.fields()
    account = _twilio_account(session, knock, form, sender=form.get("To", ""))
    if account is None:
        return FORBIDDEN
    message_id = form.get("MessageSid") or form.get("SmsMessageSid") or sha256(knock.body).hexdigest()
    received = _received(knock, account, Authenticity.SIGNED, source="message:twilio", key=message_id)
    take_inbound(session, received, Channel.WHATSAPP, _phone(form.get("From", "")), form.get("Body", ""))
    return Reply(200, EMPTY_TWIML, XML_TYPE)


def answer_challenge(session: Session, knock: Knock) -> Reply:
    """Answer Meta's question whether this address is ours."""
    known = accounts.list_accounts_of(session, "meta_whatsapp")
    tokens = [token for account in known for token in account.secret_values("verify_token")]
    status, body = signatures.answer_challenge(knock.query, tokens)
    return Reply(status, body.encode(), "text/plain; charset=utf-8")


def list_meta_signers(session: Session, knock: Knock) -> list[Account]:
    """Return the accounts whose secret signed these very octets."""
    signature = knock.headers.get("x-hub-signature-256", "")
    return [
        account
        for account in accounts.list_accounts_of(session, "meta_whatsapp")
        if signatures.is_meta_signed(account.secret_values("app_secret"), knock.body, signature)
    ]


@dataclass(frozen=True, slots=True)
class _Written:
    """An SMS that a person wrote to one of our numbers."""

    id: str
    sender: str
    text: str = field(repr=False)


def _written(adapter: str, form: Mapping[str, str], query: Mapping[str, str]) -> _Written | None:
    """Return the SMS a network passes on, None when it reports on one of ours."""
    fields = query if adapter == "kannel" else form
    key, sender, text = {"kannel": ("id", "from", "text"), "twilio_sms": ("MessageSid", "From", "Body")}.get(
        adapter, ("id", "from", "text")
    )
    if text not in fields or sender not in fields or {"mid", "MessageStatus", "status"} & {*fields}:
        return None
    return _Written(fields.get(key, ""), fields[sender], fields[text])


def take_value(session: Session, knock: Knock, account: Account, value: Mapping[str, Any]) -> None:
    """Store the statuses and messages of one change; STOP is obeyed."""
    for status in parts_of(value.get("statuses")):
        report = meta_whatsapp.read_report(status)
        key = f"{report.provider_message_id}:{status.get('status', '')}"
        part = json.dumps(status).encode()
        take_report(session, _received(knock, account, Authenticity.SIGNED, key=key, body=part), report)
    for message in parts_of(value.get("messages")):
        part, key = json.dumps(message).encode(), str(message.get("id", ""))
        received = _received(knock, account, Authenticity.SIGNED, source="message:meta", key=key, body=part)
        text = str(part_of(message.get("text")).get("body", ""))
        take_inbound(session, received, Channel.WHATSAPP, _phone(str(message.get("from", ""))), text)


def _twilio_account(session: Session, knock: Knock, form: Mapping[str, str], *, sender: str) -> Account | None:
    """Return the account of ours that Twilio speaks of, if Twilio signed it."""
    for account in accounts.list_accounts_of(session, *TWILIO):
        ours = str(account.settings.get("from", "")).removeprefix("whatsapp:")
        is_ours = (
            form.get("AccountSid") == account.settings.get("account_sid") and sender.removeprefix("whatsapp:") == ours
        )
        if is_ours and is_twilios(account, knock):
            return account
    return None


def is_twilios(account: Account, knock: Knock) -> bool:
    """Say whether Twilio signed this with a secret of the account's."""
    written = ",".join(account.secret_values("shared_keys"))  # a line each, or as the environment gives them
    pairs = (pair.strip().partition(":") for pair in written.split(","))
    return signatures.is_twilio_signed(
        tokens=account.secret_values("auth_token"),
        urls=knock.urls(),
        content=knock.form(),
        signature=knock.headers.get("x-twilio-signature", ""),
        settings=knock.headers.get("x-twilio-webhooks-signature-settings", ""),
        shared_keys={name: value for name, _, value in pairs},
    )


def _received(  # what is kept of a call, by name
    knock: Knock,
    account: Account,
    authenticity: Authenticity,
    *,
    source: str = "",
    key: str = "",
    body: bytes | None = None,
    hides_path: bool = False,
) -> Received:
    # Kannel says everything in its query; the secret of the path is never kept.
    said = knock.body or knock.raw_query.encode()
    return Received(
        source=source or f"report:{account.adapter}",
        account_id=account.id,
        method=knock.method,
        path=f"/g/{account.code}" if hides_path else knock.path,
        body=said if body is None else body,
        authenticity=authenticity,
        dedupe_key=key and f"{account.id}:{key}",
    )


def _phone(raw: str) -> str:
    """Return who wrote, as addresses are kept; what is no phone (a user id of WhatsApp) stays as it came."""
    text = raw.removeprefix("whatsapp:").strip()
    try:
        return normalise(f"+{text.lstrip('+')}", None).e164
    except PhoneRefusal:
        return text


def ignore(channel: str, reason: str) -> None:
    """Count what is not heard, and tell it: of whom, nobody needs to know."""
    metrics.whatsapp_ignored(channel, reason)
    _log.info("whatsapp.ignored", channel=channel, reason=reason)


def meta_values(body: bytes) -> list[dict[str, Any]]:
    """Return every `value` of a call; none of what is not WhatsApp's or cannot be read."""
    try:
        document = part_of(made_storable(json.loads(body), UNREADABLE))
    except (ValueError, RecursionError):
        ignore(META, "unreadable")
        return []
    if document.get("object") != "whatsapp_business_account":
        ignore(META, "other_object")
        return []
    changes = [change for entry in parts_of(document.get("entry")) for change in parts_of(entry.get("changes"))]
    return [part_of(change.get("value")) for change in changes]


def part_of(value: Any) -> dict[str, Any]:
    """Return a part of a document that should be an object; an empty one when it is not."""
    return value if isinstance(value, dict) else {}


def parts_of(value: Any) -> Sequence[dict[str, Any]]:
    """Return the objects of a list; none when it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


_READERS: Mapping[str, Callable[[Mapping[str, str], Mapping[str, str]], Report]] = {
    "africas_talking": lambda form, _query: africas_talking.read_report(form),
    "kannel": lambda _form, query: kannel.read_report(query),
    "kannel_ussd": lambda _form, query: kannel.read_report(query),
    "twilio_sms": twilio.read_report,
}
