"""Our doors for callbacks: which adapters speak at each, what arrives, what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.inbox import Authenticity
from providers.answers import InboundCall

DOORS: Mapping[str, tuple[str, ...]] = {
    "orange": ("orange_webpay", "orange_sonatel", "orange_cm"),
    "mtn": ("mtn",),
    "wave": ("wave",),
    "pawapay": ("pawapay", "mixx", "moov"),
}

BAD_REQUEST, NOT_AUTHENTIC, NOBODY_HERE, TOO_MANY = 400, 401, 404, 429
PROVED = frozenset({Authenticity.SIGNED, Authenticity.SECRET})


@dataclass(frozen=True, slots=True)
class Arrival:
    """One callback at one of our doors, from an address."""

    door: str
    call: InboundCall
    address: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider is answered."""

    status: int
    message: str = ""

    @property
    def body(self) -> dict[str, str]:
        """Return the documented body."""
        return {"status": "error", "message": self.message} if self.message else {"status": "ok"}


OK = Reply(200)
UNKNOWN_REFERENCE = Reply(200, "unknown reference")
REFUSALS = {
    BAD_REQUEST: Reply(BAD_REQUEST, "not a JSON object"),
    NOT_AUTHENTIC: Reply(NOT_AUTHENTIC, "not authentic"),
    NOBODY_HERE: Reply(NOBODY_HERE, "no such account"),
    TOO_MANY: Reply(TOO_MANY, "too many requests"),
}
