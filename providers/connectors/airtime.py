"""The airtime connector: credit for a phone number, in the house's own wire format (`docs/connectors.md`)."""

from collections.abc import Mapping
from typing import Any

from providers.answers import Accepted, Order, Reason, Rejected, Unknown
from providers.connectors.wire_format import Connector, phone_of
from providers.wire import Wire


class Airtime(Connector):
    """Credit is a payout whose party is the number it goes to."""

    name = "airtime"
    path = "/v1/topups"

    def payout(self, order: Order, wire: Wire) -> Accepted | Rejected | Unknown:
        """Send the credit once, under our id."""
        return Rejected(Reason.INVALID_PHONE) if order.party is None else super().payout(order, wire)

    def request_of(self, order: Order) -> dict[str, str]:
        """Return the number and, where the account's routes say it, its network."""
        phone = order.party.e164 if order.party else ""
        return {"phone": phone, **({"network": order.party_code} if order.party_code else {})}

    def party_of(self, record: Mapping[str, Any], _order: Order | None) -> dict[str, Any]:
        """Return the number that got the credit."""
        return {"party": phone_of(record.get("phone"))}

    def party_text(self, record: Mapping[str, Any]) -> str:
        """Return the number that got the credit."""
        return str(record.get("phone") or "")


ADAPTER = Airtime()
