"""One simulated dialogue as its gateway would send it: the exact requests, and which of their octets are a secret."""

import json
from dataclasses import dataclass, field
from enum import Enum

from channels.ussd import contracts
from channels.ussd.contracts import Contract
from core import ids
from core.masking import DOTS
from providers.loopback import Exchange

OK = 200


class Kind(Enum):
    """The two documented contracts, each with the code its menu ships with."""

    WALLET = (contracts.B, "*155#")
    SERVICE = (contracts.A, "*123#")

    @property
    def contract(self) -> Contract:
        """The contract of `/ussd` this kind speaks."""
        return self.value[0]

    @property
    def code(self) -> str:
        """The code its menu ships with."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing a person typed."""

    text: str = field(repr=False)
    is_secret: bool = False

    @property
    def shown(self) -> str:
        """The same, fit for a screen."""
        return DOTS if self.is_secret else self.text


@dataclass(frozen=True, slots=True)
class Request:
    """The octets of one turn; `hidden` are those of secrets."""

    body: bytes = field(repr=False)
    hidden: tuple[range, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What the gateway understood of an answer."""

    text: str
    word: str
    is_open: bool


@dataclass(slots=True)
class Call:
    """A dialogue under way: its kind, its code, its caller, and what was typed so far."""

    kind: Kind
    code: str
    phone: str
    key: str = field(default_factory=lambda: f"sim-{ids.new_id().hex[-12:]}")
    pieces: list[Piece] = field(default_factory=list, repr=False)

    def dial(self) -> Request:
        """Return the first request."""
        return self._request([] if self.kind.contract.is_cumulative else [Piece(self.code)])

    def answer(self, piece: Piece) -> Request:
        """Return the request that carries one more answer."""
        self.pieces.append(piece)
        return self._request(self.pieces if self.kind.contract.is_cumulative else [piece])

    @property
    def way(self) -> str:
        """What led here: `*155# › 1 › 677000002 › •••••`."""
        return " › ".join([self.code, *(piece.shown for piece in self.pieces)])

    def _request(self, pieces: list[Piece]) -> Request:
        """Write the body so that every secret's place is known."""
        if self.kind.contract.is_cumulative:
            known, last = {"sessionId": self.key, "phoneNumber": self.phone, "serviceCode": self.code}, "text"
        else:
            known, last = {"sessionid": self.key, "msisdn": self.phone}, "message"
        body = bytearray(json.dumps(known, ensure_ascii=False)[:-1].encode() + f', "{last}": "'.encode())
        hidden = []
        for number, piece in enumerate(pieces):
            body += b"*" if number else b""
            start = len(body)
            body += json.dumps(piece.text, ensure_ascii=False)[1:-1].encode()
            if piece.is_secret:
                hidden.append(range(start, len(body)))
        return Request(bytes(body + b'"}'), tuple(hidden))


def hear(kind: Kind, exchange: Exchange) -> Heard | None:
    """Read an answer as the contract's gateway does; None when it is no answer of a dialogue."""
    if exchange.status != OK:
        return None
    heard = kind.contract.hear(exchange.answer, {}, ("CON", "END")) or kind.contract.hear(
        exchange.answer, {}, ("1", "0")
    )
    return Heard(heard.text, heard.word, heard.has_more) if heard else None
