"""WhatsApp through Meta's Cloud API: text inside the conversation's day, approved templates outside of it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

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

VERSION = "v21.0"
LONGEST_TEXT = 4_096
LONGEST_BODY = 1_024  # beside a picture, or above what can be tapped
MOST_BUTTONS, LONGEST_BUTTON, LONGEST_BUTTON_ID = 3, 20, 256
MOST_ROWS, LONGEST_ROW, LONGEST_ROW_ID = 10, 24, 200
LIST_BUTTON = "…"
RATE = frozenset({4, 80007, 130429, 131048, 131056})
KINDS: Mapping[int, RefusedKind] = {
    10: "configuration",
    190: "configuration",
    131005: "configuration",
    131031: "configuration",
    131050: "opted_out",
}
_VERSIONED = re.compile(r"/v\d+\.\d+$")
PROGRESS: Mapping[str, Progress] = {"sent": "sent", "delivered": "delivered", "read": "read", "failed": "undelivered"}


class MetaWhatsapp:
    """One telephone number of ours at Meta. Our own id travels as callback data and comes back in every status."""

    name = "meta_whatsapp"
    channel = "whatsapp"

    def send(self, outgoing: Outgoing, wire: Wire) -> Answer:
        """Send one message, as an approved template where there is one; a long text goes in several."""
        template = outgoing.template.get("meta")
        if isinstance(template, Mapping):
            return self._post(outgoing, {"type": "template", "template": _filled(template, outgoing)}, wire)
        tapped = _tappable(outgoing)
        if tapped is not None:
            return self._post(outgoing, tapped, wire)
        answer: Answer = Refused("empty")
        for place, part in enumerate(split_text(outgoing.body, LONGEST_TEXT)):
            answer = self._post(outgoing, {"type": "text", "text": {"preview_url": False, "body": part}}, wire)
            if not isinstance(answer, Sent):
                return Unknown("partly_sent") if place else answer
        return answer

    def _post(self, outgoing: Outgoing, content: Mapping[str, Any], wire: Wire) -> Answer:
        document = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": outgoing.to.removeprefix("+"),
            "biz_opaque_callback_data": str(outgoing.message_id),
            **content,
        }
        account = outgoing.account
        url = f"{_root(account)}/messages"
        answer = heard(wire.call("send", "POST", url, headers=_headers(account), document=document))
        if not isinstance(answer, Answered):
            return answer
        read = answer.document()
        code = error_code(read)
        # A code that comes with their own failure proves nothing.
        if code is not None and (answer.status < SERVER_ERRORS or code in RATE):
            return read_error(code)
        early = settled(answer)
        if early is not None:
            return early
        sent = read.get("messages")
        if isinstance(sent, list) and sent and isinstance(sent[0], dict) and sent[0].get("id"):
            return Sent(str(sent[0]["id"]))
        return unreadable(answer)

    def probe(self, account: Account, wire: Wire) -> bool:
        """Read our own number."""
        return is_proper(wire.call("probe", "GET", _root(account), headers=_headers(account)))


def error_code(document: Mapping[str, Any]) -> int | None:
    """Return the code of an error body, or None when it is none."""
    error = document.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else None


def read_error(code: int) -> Answer:
    """Return what an error code of theirs means."""
    return Retry(str(code), slows=True) if code in RATE else Refused(str(code), KINDS.get(code, "final"))


def read_report(status: Mapping[str, Any]) -> Report:
    """Return what one entry of `statuses` says."""
    errors = status.get("errors")
    code = errors[0].get("code") if isinstance(errors, list) and errors and isinstance(errors[0], dict) else None
    return Report(
        progress=PROGRESS.get(str(status.get("status", "")), "nothing"),
        message_id=parse_id(str(status.get("biz_opaque_callback_data", ""))),
        provider_message_id=str(status.get("id", "")),
        code="" if code is None else str(code),
        kind=KINDS.get(code, "final") if isinstance(code, int) else "final",
    )


def _filled(template: Mapping[str, Any], outgoing: Outgoing) -> dict[str, Any]:
    filled: dict[str, Any] = {
        "name": str(template.get("name", "")),
        "language": {"code": str(template.get("language") or outgoing.locale)},
    }
    if outgoing.values:
        parameters = [{"type": "text", "text": value} for value in outgoing.values]
        filled["components"] = [{"type": "body", "parameters": parameters}]
    return filled


def _tappable(outgoing: Outgoing) -> dict[str, Any] | None:
    """Return a message with a picture, buttons or a list; None where a plain text says it, or must."""
    if outgoing.media_url and len(outgoing.body) <= LONGEST_BODY:
        return {"type": "image", "image": {"link": outgoing.media_url, "caption": outgoing.body}}
    choices, count = outgoing.choices, len(outgoing.choices)
    has_room = 0 < len(outgoing.heading) <= LONGEST_BODY
    body = {"text": outgoing.heading}
    if has_room and 0 < count <= MOST_BUTTONS and _fit(choices, LONGEST_BUTTON, LONGEST_BUTTON_ID):
        buttons = [{"type": "reply", "reply": {"id": payload, "title": label}} for payload, label in choices]
        return {"type": "interactive", "interactive": {"type": "button", "body": body, "action": {"buttons": buttons}}}
    if has_room and MOST_BUTTONS < count <= MOST_ROWS and _fit(choices, LONGEST_ROW, LONGEST_ROW_ID):
        rows = [{"id": payload, "title": label} for payload, label in choices]
        action = {"button": LIST_BUTTON, "sections": [{"rows": rows}]}
        return {"type": "interactive", "interactive": {"type": "list", "body": body, "action": action}}
    return None


def _fit(choices: Sequence[tuple[str, str]], longest_label: int, longest_id: int) -> bool:
    return all(0 < len(label) <= longest_label and len(payload) <= longest_id for payload, label in choices)


def _root(account: Account) -> str:
    base = account.base_url.rstrip("/")
    if not _VERSIONED.search(base):
        base = f"{base}/{account.settings.get('graph_version') or VERSION}"
    return f"{base}/{account.settings.get('phone_number_id', '')}"


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {next(iter(account.secret_values('token')), '')}"}


ADAPTER = MetaWhatsapp()
