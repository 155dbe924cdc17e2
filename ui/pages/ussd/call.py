"""One simulated dialogue as its gateway would send it: the exact requests, and which of their octets are a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from channels.ussd.profiles.calling import Said, can_dial_behind, write
from channels.ussd.profiles.contract import WORDS, Contract
from channels.ussd.profiles.wire import WireRequest
from core import clock, ids
from core.masking import DOTS
from providers.loopback import Exchange

OK = 200
NUMERIC_WORDS = ("1", "0")
LEAVING = ("abort", "timeout", "end")
UNLIKE = str.maketrans("0123456789", "1234567890")


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
    """One request as it leaves, and the same without its secrets; `hidden` are the octets of `content` they take."""

    wire: WireRequest = field(repr=False)
    shown: WireRequest
    hidden: tuple[range, ...] = ()

    @property
    def content(self) -> bytes:
        """The octets that carry what was said: the body, or the query, or the headers."""
        return _octets(self.wire)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the gateway understood of an answer."""

    text: str
    word: str
    is_open: bool


@dataclass(slots=True)
class Call:
    """A dialogue under way: how its gateway speaks, its code, its caller, and what was typed so far.

    `carried` are fields of the gateway's own that the page chose, such as the network; `tail` is what was dialled
    behind the code.
    """

    contract: Contract
    code: str
    phone: str
    key: str = field(default_factory=lambda: ids.new_id().hex[-12:])
    tail: str = ""
    carried: Mapping[str, str] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list, repr=False)

    def dial(self) -> Request:
        """Return the first request."""
        return self._request("begin", self.pieces)

    def answer(self, piece: Piece) -> Request:
        """Return the request that carries one more answer."""
        self.pieces.append(piece)
        return self._request("continue", self.pieces)

    def answer_from(self, phone: str, piece: Piece) -> Request:
        """Return the request of another phone under this id; this dialogue does not know of it."""
        return replace(self, phone=phone, pieces=[*self.pieces]).answer(piece)

    def leave(self) -> Request | None:
        """Return the gateway's notice that the person hung up; None where it tells nothing."""
        kind = self.notice
        return self._request(kind, self.pieces) if kind else None

    @property
    def notice(self) -> str:
        """The kind of notice this gateway sends of a dialogue that is left."""
        return next((kind for kind in LEAVING if kind in self.contract.profile.notices), "")

    @property
    def can_dial_behind(self) -> bool:
        """Whether what is dialled behind the code reaches us."""
        return can_dial_behind(self.contract.profile)

    @property
    def way(self) -> str:
        """What led here: `*155# › 1 › 677000002 › •••••`."""
        dialled = f"{self.code.rstrip('#')}*{self.tail}#" if self.tail else self.code
        return " › ".join([dialled, *(piece.shown for piece in self.pieces)])

    def _request(self, kind: str, pieces: list[Piece]) -> Request:
        """Write the request three times: as it is, with other digits for each secret, and with dots."""
        wire = self._write(kind, [piece.text for piece in pieces])
        shown = self._write(kind, [piece.shown for piece in pieces])
        if not any(piece.is_secret for piece in pieces):
            return Request(wire, shown)
        other = self._write(kind, [_unlike(piece) for piece in pieces])
        request = Request(wire, shown)
        return replace(request, hidden=_differing(request.content, _octets(other)))

    def _write(self, kind: str, typed: list[str]) -> WireRequest:
        said = Said(
            kind=kind,
            session=self.key,
            phone=self.phone,
            code=self.code,
            at=clock.now(),
            typed=tuple(typed),
            turn=len(typed),
            tail=self.tail,
            carried=self.carried,
        )
        return write(self.contract.profile, said)


def hear(contract: Contract, exchange: Exchange) -> Heard | None:
    """Read an answer as the gateway does; None when it is no answer of a dialogue."""
    if exchange.status != OK:
        return None
    for words in (WORDS, NUMERIC_WORDS):
        heard = contract.hear(exchange.answer, exchange.headers, words)
        if heard is not None:
            return Heard(heard.text, heard.word or WORDS[not heard.has_more], heard.has_more)
    return None


def _octets(wire: WireRequest) -> bytes:
    named = "\r\n".join(f"{name}: {value}" for name, value in wire.headers.items())
    return wire.body or wire.query.encode() or named.encode()


def _unlike(piece: Piece) -> str:
    """Return other digits of the same number in the place of a secret; any other character becomes a digit too."""
    if not piece.is_secret:
        return piece.text
    return "".join(one.translate(UNLIKE) if one in "0123456789" else "0" for one in piece.text)


def _differing(content: bytes, other: bytes) -> tuple[range, ...]:
    """Return where two requests differ, everything when that cannot be told place by place."""
    if len(content) != len(other):
        return (range(len(content)),)
    places = [at for at, (mine, theirs) in enumerate(zip(content, other, strict=True)) if mine != theirs]
    spans: list[range] = []
    for place in places:
        if spans and spans[-1].stop == place:
            spans[-1] = range(spans[-1].start, place + 1)
        else:
            spans.append(range(place, place + 1))
    return tuple(spans)
