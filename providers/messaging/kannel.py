"""SMS, and screens of USSD, through our own Kannel (1.4.5): one query, one line of text, reports that carry our own id.

The box takes no form: a POST of one is «Invalid content-type». An empty text and an unknown SMSC are answered as if
accepted, so both are refused before the call.
"""

from collections.abc import Mapping
from uuid import UUID

from core.ids import parse_id
from providers.answers import Account
from providers.messaging import flash
from providers.messaging.answers import Answer, Outgoing, Progress, Refused, Report, Retry, Sent, Unknown, heard
from providers.wire import Answered, Wire

ACCEPTED = 202
TEMPORARY = frozenset({503})
MASK = "31"
TAKEN_OR_NOT = "24"  # 8 and 16: nobody promises a report of what a phone showed, and Kannel would wait for ever
NOTIFY = 3
PROGRESS: Mapping[str, Progress] = {
    "1": "delivered",
    "2": "undelivered",
    "4": "nothing",
    "8": "nothing",
    "16": "undelivered",
    "34": "expired",
    "66": "nothing",
}


class Kannel:
    """The `sendsms` address of a box. Kannel never chooses UCS-2 by itself: `coding` says it."""

    name = "kannel"
    channel = "sms"

    def send(self, outgoing: Outgoing, wire: Wire) -> Answer:
        """Send one SMS; 0 and 3 are accepted."""
        if not outgoing.body:
            return Refused("empty")
        return _send(outgoing, wire, {"from": str(outgoing.account.settings.get("sender", "")), "dlr-mask": MASK})

    def probe(self, account: Account, wire: Wire) -> bool:
        """Ask without a receiver: a living box that knows us says 400, one that does not says 403."""
        answer = wire.call("probe", "GET", f"{account.base_url}/cgi-bin/sendsms", query=_credentials(account))
        return isinstance(answer, Answered) and answer.status not in {403, 503}


class KannelUssd(Kannel):
    """Screens pushed over an SMPP link of USSD: `ussd_service_op` 3, USSN request.

    The phone's confirm (19) comes back to the gateway of that link, not to `report_url`: what it repeats of
    `its_session_info` is the last octet of our id. The centre itself only says whether it took the screen.
    """

    name = "kannel_ussd"
    channel = "ussd"

    def send(self, outgoing: Outgoing, wire: Wire) -> Answer:
        """Push one screen; never by another link than that of USSD."""
        if not flash.fits(outgoing.body):
            return Refused("too_long")
        settings = outgoing.account.settings
        if not settings.get("smsc"):
            return Refused("unknown_smsc", "configuration")
        session = outgoing.message_id.bytes[-1]
        notify = f"?smpp?ussd_service_op={NOTIFY}&its_session_info=%{session:02X}%00"
        more = {"from": str(settings.get("service_code", "")), "dlr-mask": TAKEN_OR_NOT, "meta-data": notify}
        return _send(outgoing, wire, more)


def _send(outgoing: Outgoing, wire: Wire, more: Mapping[str, str]) -> Answer:
    settings = outgoing.account.settings
    known = settings.get("smscs")
    if known and settings.get("smsc") not in known:
        return Refused("unknown_smsc", "configuration")
    query = {
        **_credentials(outgoing.account),
        "to": outgoing.to.removeprefix("+"),
        "text": outgoing.body,
        "charset": "UTF-8",
        "coding": "0" if outgoing.is_plain else "2",
        "dlr-url": f"{outgoing.report_url}&type=%d",
        **more,
    }
    if settings.get("smsc"):
        query["smsc"] = str(settings["smsc"])
    answer = heard(wire.call("send", "GET", f"{outgoing.account.base_url}/cgi-bin/sendsms", query=query))
    if not isinstance(answer, Answered):
        return answer
    return read_answer(answer.status, answer.body.decode("utf-8", "replace"))


def read_answer(status: int, line: str) -> Answer:
    """Return what the box's one line means."""
    code = line.partition(":")[0].strip()[:20]
    if status == ACCEPTED and code in {"0", "3"}:
        return Sent()
    if status in TEMPORARY:
        return Retry(str(status))
    if status == 403:  # noqa: PLR2004  # wrong login
        return Refused("403", "configuration")
    if 400 <= status < 500:  # noqa: PLR2004  # HTTP's own families
        return Refused(str(status), "bad_address" if "receiver" in line else "final")
    return Unknown(str(status))


def read_report(query: Mapping[str, str]) -> Report:
    """Return what a delivery report says: `type` only, of the message whose id is ours; the rest cannot be trusted."""
    message_id: UUID | None = parse_id(query.get("mid", ""))
    kind = query.get("type", "")
    return Report(progress=PROGRESS.get(kind, "nothing"), message_id=message_id, code=kind)


def _credentials(account: Account) -> dict[str, str]:
    password = next(iter(account.secret_values("password")), "")
    return {"username": str(account.settings.get("username", "")), "password": password}


ADAPTER = Kannel()
USSD = KannelUssd()
