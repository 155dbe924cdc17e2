"""SMS and WhatsApp through Twilio: one form, statuses on our own address, signed."""

import base64
import json
from collections.abc import Mapping

from core.ids import parse_id
from providers.answers import Account
from providers.messaging.answers import (
    SERVER_ERRORS,
    Answer,
    Outgoing,
    Progress,
    Refused,
    RefusedKind,
    Report,
    Retry,
    Sent,
    Unknown,
    heard,
    is_proper,
    settled,
    split_text,
    unreadable,
)
from providers.wire import Answered, Wire

LONGEST_TEXT = 1_600
LONGEST_CODE = 9
RATE = frozenset({20429, 63018, 14107})
KINDS: Mapping[int, RefusedKind] = {
    20003: "configuration",
    20404: "configuration",
    21211: "bad_address",
    21212: "configuration",
    21606: "configuration",
    21610: "opted_out",
    21614: "bad_address",
    63003: "bad_address",
    63007: "configuration",
}
PROGRESS: Mapping[str, Progress] = {
    "accepted": "nothing",
    "queued": "nothing",
    "sending": "nothing",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "undelivered",
    "failed": "undelivered",
}


class Twilio:
    """The Messages resource; `name` says over which of its two channels."""

    def __init__(self, name: str, channel: str, prefix: str = "") -> None:
        self.name = name
        self.channel = channel
        self._prefix = prefix

    def send(self, outgoing: Outgoing, wire: Wire) -> Answer:
        """Send one message, as an approved template where there is one; a long text goes in several."""
        content_sid = str(outgoing.template.get("twilio") or "")
        if content_sid:
            values = {str(place): value for place, value in enumerate(outgoing.values, start=1)}
            return self._post(
                outgoing, {"ContentSid": content_sid, "ContentVariables": json.dumps(values, ensure_ascii=False)}, wire
            )
        answer: Answer = Refused("empty")
        for place, part in enumerate(split_text(outgoing.body, LONGEST_TEXT)):
            answer = self._post(outgoing, {"Body": part}, wire)
            if not isinstance(answer, Sent):
                # Some of it has left: the whole is not sent again.
                return Unknown("partly_sent") if place else answer
        return answer

    def _post(self, outgoing: Outgoing, content: Mapping[str, str], wire: Wire) -> Answer:
        account = outgoing.account
        form = {
            "From": self._prefix + str(account.settings.get("from", "")).removeprefix(self._prefix),
            "To": self._prefix + outgoing.to,
            **content,
            "StatusCallback": outgoing.report_url,
        }
        url = f"{_root(account)}/Messages.json"
        answer = heard(wire.call("send", "POST", url, headers=_headers(account), form=form))
        if not isinstance(answer, Answered):
            return answer
        document = answer.document()
        code = document.get("code")
        # A code that comes with their own failure proves nothing.
        if isinstance(code, int) and (answer.status < SERVER_ERRORS or code in RATE):
            return read_error(code)
        early = settled(answer)
        if early is not None:
            return early
        return Sent(str(document["sid"])) if document.get("sid") else unreadable(answer)

    def probe(self, account: Account, wire: Wire) -> bool:
        """Read our own account."""
        return is_proper(wire.call("probe", "GET", f"{_root(account)}.json", headers=_headers(account)))


def read_error(code: int) -> Answer:
    """Return what an error code of theirs means."""
    return Retry(str(code), slows=True) if code in RATE else Refused(str(code), KINDS.get(code, "final"))


def read_report(form: Mapping[str, str], query: Mapping[str, str]) -> Report:
    """Return what a status callback says of the message whose id stands in the address we gave."""
    code = form.get("ErrorCode", "")
    return Report(
        progress=PROGRESS.get(form.get("MessageStatus", ""), "nothing"),
        message_id=parse_id(query.get("mid", "")),
        provider_message_id=form.get("MessageSid", ""),
        code=code,
        kind=KINDS.get(int(code), "final") if code.isdecimal() and len(code) <= LONGEST_CODE else "final",
    )


def _root(account: Account) -> str:
    return f"{account.base_url}/2010-04-01/Accounts/{account.settings.get('account_sid', '')}"


def _headers(account: Account) -> dict[str, str]:
    token = next(iter(account.secret_values("auth_token")), "")
    pair = base64.b64encode(f"{account.settings.get('account_sid', '')}:{token}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "Accept": "application/json"}


SMS = Twilio("twilio_sms", "sms")
WHATSAPP = Twilio("twilio_whatsapp", "whatsapp", "whatsapp:")
