"""The biller connector: whose bill it is, what is due, and paying it (`docs/connectors.md`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from core.money import Money
from providers.answers import Account, Order, Unknown
from providers.connectors.wire_format import OK, Connector, ask, doubt, money_of
from providers.wire import Silence, Wire

LOOKUP_TIMEOUT_S = 2.5  # somebody waits with a phone in his hand
INVALID = 422
BAD_CODES = {"unknown_reference": False, "invalid_reference": True}


@dataclass(frozen=True, slots=True)
class Bill:
    """A customer of a biller: whose name, and what he owes; `due` is None where any amount may be paid.

    `fixed`: exactly `due` must be paid.
    """

    reference: str
    name: str
    due: Money | None = None
    kind: Literal["free", "fixed"] = "free"


@dataclass(frozen=True, slots=True)
class BadReference:
    """The biller has no such customer; `is_malformed`: no customer could ever have this reference."""

    is_malformed: bool = False


class Biller(Connector):
    """A bill is a payout whose party is what the biller knows the customer by."""

    name = "biller"
    path = "/v1/payments"
    offers = Connector.offers | {"lookup"}

    def lookup(self, account: Account, biller_code: str, reference: str, wire: Wire) -> Bill | BadReference | Unknown:
        """Ask whose bill it is and what is due; moves nothing."""
        path = f"/v1/billers/{quote(biller_code, safe='')}/accounts/{quote(reference, safe='')}"
        answer = ask(account, wire, "lookup", "GET", path, read_timeout_s=LOOKUP_TIMEOUT_S)
        if isinstance(answer, Silence):
            return doubt(answer)
        document = answer.document()
        if answer.status == OK:
            return _bill(document, reference) or Unknown(is_sent=True, detail="no bill")
        code = document.get("code")
        if answer.status == INVALID and code in BAD_CODES:
            return BadReference(is_malformed=BAD_CODES[code])
        return doubt(answer)

    def request_of(self, order: Order) -> dict[str, str]:
        """Return the biller and the customer's reference."""
        return {"biller": order.party_code, "reference": order.party_reference}

    def party_of(self, record: Mapping[str, Any], order: Order | None) -> dict[str, Any]:
        """Return the customer's reference, with the biller before it where it is not the one that was asked for."""
        reference, biller = str(record.get("reference") or ""), str(record.get("biller") or "")
        is_other = order is not None and biller not in {"", order.party_code}
        return {"party_reference": f"{biller}/{reference}" if is_other else reference}

    def party_text(self, record: Mapping[str, Any]) -> str:
        """Return biller and reference."""
        return f"{record.get('biller') or ''}/{record.get('reference') or ''}"


def _bill(document: Mapping[str, Any], reference: str) -> Bill | None:
    """Return a bill as the format writes it, None when it is none."""
    name, kind, raw_due = document.get("name"), document.get("kind"), document.get("due")
    if document.get("reference") != reference or not isinstance(name, str):
        return None
    due = money_of(raw_due, document.get("currency"))
    if raw_due is not None and due is None:
        return None
    if kind == "fixed" and due is not None:
        return Bill(reference, name, due, "fixed")
    return Bill(reference, name, due) if kind == "free" else None


ADAPTER = Biller()
