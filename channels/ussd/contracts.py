"""The two documented contracts of `/ussd`: two profiles among the others, told apart by the names of their fields.

Contract A is the service menu's (`sessionId, phoneNumber, text`), cumulative text, answered in plain text.
Contract B is the wallet's (`sessionid, msisdn, message`), last input only, answered in JSON.
"""

from typing import Any

from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.decoding import dialled_code
from channels.ussd.profiles.wire import GatewayTurn, Outgoing, TooLong, UnreadableNumber, WireAnswer, WireRequest
from core.errors import InvalidInput

__all__ = [
    "ACCOUNTS", "A", "B", "Contract", "GatewayTurn", "Outgoing", "TooLong", "UnreadableNumber", "WireAnswer",
    "WireRequest", "dialled_code", "tell",
]  # fmt: skip

A, B = BUILT_IN["doc_a"], BUILT_IN["doc_b"]
ACCOUNTS = {A.key: "doc-a", B.key: "doc-b"}


def tell(fields: dict[str, Any]) -> Contract:
    """Tell the contract by the names of the fields, case and all; `InvalidInput` when both or neither fit."""
    is_a = bool(fields.keys() & {"sessionId", "phoneNumber"})
    is_b = bool(fields.keys() & {"sessionid", "msisdn"})
    if is_a == is_b:
        raise InvalidInput(
            {"body": "forme non reconnue : ni sessionId, phoneNumber, text ni sessionid, msisdn, message"}
        )
    return A if is_a else B
