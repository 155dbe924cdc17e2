"""Screens pushed by MTN (MADAPI, product USSD): one JSON call; nothing is said later of what became of it.

The same product brings us turns: see the profile `mtn_madapi` of the gateways.
"""

from providers.answers import Account
from providers.messaging import flash
from providers.messaging.answers import Answer, Outgoing, Refused, Sent, heard, is_proper, settled, unreadable
from providers.wire import Answered, Wire

PATH = "/messages/ussd/outbound"
NOTIFICATION = "3"
SUCCESS = "0000"


class MtnMadapi:
    """Messages of type 3: shown, never answered. Our own id names the session."""

    name = "mtn_madapi"
    channel = "ussd"

    def send(self, outgoing: Outgoing, wire: Wire) -> Answer:
        """Push one screen."""
        if not flash.fits(outgoing.body):
            return Refused("too_long")
        account = outgoing.account
        document = {
            "sessionId": outgoing.message_id.hex,
            "messageType": NOTIFICATION,
            "msisdn": outgoing.to.removeprefix("+"),
            "serviceCode": str(account.settings.get("service_code", "")),
            "ussdString": outgoing.body,
        }
        answer = heard(wire.call("send", "POST", account.base_url + PATH, headers=_headers(account), document=document))
        return read_answer(answer) if isinstance(answer, Answered) else answer

    def probe(self, account: Account, wire: Wire) -> bool:
        """Push nothing to nobody: who knows our key says 400, who does not says 401."""
        return is_proper(wire.call("probe", "POST", account.base_url + PATH, headers=_headers(account), document={}))


def read_answer(answer: Answered) -> Answer:
    """Return what the answer means: only their own success code is one, whatever the status."""
    early = settled(answer)
    if early is not None:
        return early
    document = answer.document()
    code = document.get("statusCode")
    if not isinstance(code, str) or not code:
        return unreadable(answer)
    if code == SUCCESS and answer.is_success:
        return Sent(provider_message_id=str(document.get("transactionId") or ""))
    return Refused(code[:20])


def _headers(account: Account) -> dict[str, str]:
    return {"x-api-key": next(iter(account.secret_values("api_key")), ""), "Accept": "application/json"}


ADAPTER = MtnMadapi()
