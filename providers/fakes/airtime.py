"""The fake of a seller of airtime: any mobile number gets its credit, those of the documented series misbehave."""

from collections.abc import Mapping
from typing import Any

from core.phone import PhoneRefusal, normalise
from providers.fakes.connector import ConnectorFake, Refused
from providers.fakes.kernel import Payment


class AirtimeFake(ConnectorFake):
    """Credit, whose party is a number."""

    name = "airtime"
    path = "/v1/topups"

    def party_of(self, document: Mapping[str, Any]) -> str:
        """Return the number in its international form."""
        raw = str(document.get("phone", ""))
        try:
            phone = normalise(raw, None)
        except PhoneRefusal:
            raise Refused("unknown_number") from None
        if phone.e164 != raw:
            raise Refused("unknown_number")
        return phone.e164

    def shown_party(self, payment: Payment) -> dict[str, str]:
        """Return the number that got the credit."""
        return {"phone": payment.party}


FAKES = (AirtimeFake,)
