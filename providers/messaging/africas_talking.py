"""SMS through Africa's Talking: one form, one answer by recipient, reports by the id it gave."""

import re
from collections.abc import Mapping
from decimal import Decimal
from math import ceil

from core.money import Currency
from providers.answers import Account
from providers.messaging.answers import (
    Answer,
    Outgoing,
    Progress,
    Refused,
    RefusedKind,
    Report,
    Retry,
    Sent,
    heard,
    is_proper,
    settled,
    unreadable,
)
from providers.wire import Answered, Wire

ACCEPTED = range(100, 103)
AGAIN = frozenset({500, 501})
KINDS: Mapping[int, RefusedKind] = {
    402: "configuration",
    403: "bad_address",
    404: "bad_address",
    405: "configuration",
    406: "opted_out",
    409: "opted_out",
}
PROGRESS: Mapping[str, Progress] = {
    "Success": "delivered",
    "Rejected": "undelivered",
    "Failed": "undelivered",
    "Expired": "expired",
}

_COST = re.compile(r"([A-Z]{3})\s*([0-9]+(?:\.[0-9]+)?)")


class AfricasTalking:
    """The bulk SMS API, without its SDK."""

    name = "africas_talking"
    channel = "sms"

    def send(self, outgoing: Outgoing, wire: Wire) -> Answer:
        """Send one SMS; accepted is queued at theirs."""
        account = outgoing.account
        form = {
            "username": str(account.settings.get("username", "")),
            "to": outgoing.to,
            "message": outgoing.body,
            "enqueue": "1",
        }
        if account.settings.get("sender"):
            form["from"] = str(account.settings["sender"])
        url = f"{account.base_url}/version1/messaging"
        answer = heard(wire.call("send", "POST", url, headers=_headers(account), form=form))
        if not isinstance(answer, Answered):
            return answer
        early = settled(answer)
        if early is not None:
            return early
        data = answer.document().get("SMSMessageData")
        recipients = data.get("Recipients") if isinstance(data, dict) else None
        if not isinstance(recipients, list) or not recipients or not isinstance(recipients[0], dict):
            return unreadable(answer)
        return read_recipient(recipients[0])

    def probe(self, account: Account, wire: Wire) -> bool:
        """Ask for our balance."""
        query = {"username": str(account.settings.get("username", ""))}
        url = f"{account.base_url}/version1/user"
        return is_proper(wire.call("probe", "GET", url, headers=_headers(account), query=query))


def read_recipient(recipient: Mapping[str, object]) -> Answer:
    """Return what their answer for one recipient means."""
    text = str(recipient.get("statusCode"))
    code = int(text) if text.isdecimal() else 0
    if code in ACCEPTED:
        cost, currency = read_cost(str(recipient.get("cost", "")))
        return Sent(str(recipient.get("messageId", "")), cost, currency)
    if code in AGAIN:
        return Retry(str(code))
    return Refused(str(code), KINDS.get(code, "final"))


def read_cost(text: str) -> tuple[int | None, str | None]:
    """Return `KES 0.8000` in minor units, rounded up; nothing when it is no amount."""
    found = _COST.fullmatch(text.strip())
    if found is None:
        return None, None
    exponent = Currency(found[1]).exponent if found[1] in set(Currency) else 2
    return ceil(Decimal(found[2]) * 10**exponent), found[1]


def read_report(form: Mapping[str, str]) -> Report:
    """Return what a delivery report says; the networks' intermediate words say nothing."""
    reason = form.get("failureReason", "")
    opted_out = reason in {"UserInBlackList", "UserInBlacklist"}
    return Report(
        progress=PROGRESS.get(form.get("status", ""), "nothing"),
        provider_message_id=form.get("id", ""),
        code=reason,
        kind="opted_out" if opted_out else "bad_address" if reason == "UserDoesNotExist" else "final",
    )


def _headers(account: Account) -> dict[str, str]:
    return {"apiKey": next(iter(account.secret_values("api_key")), ""), "Accept": "application/json"}


ADAPTER = AfricasTalking()
