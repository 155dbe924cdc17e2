"""What crosses the wire, and what it means in our own words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.errors import Refusal
from core.security import input_mac

NOTICES = frozenset({"shown", "end", "abort", "timeout", "event", "status"})


def address_mark() -> str:
    """Return what stands for the callback address in what is stored: its secret is written as the octets leave.

    Keyed: nobody can write it into a text, a name or an answer from outside to read the secret on his phone.
    """
    return f"urn:palabre:{input_mac('callback-address').hex()}"


class UnreadableNumber(Refusal):
    """The caller's number is none: the gateway gets an END, not an error."""

    code = "numero_illisible"
    sentence = "Numéro non reconnu. Opération impossible."


class TooLong(Refusal):
    """The transcript is longer than any person types."""

    code = "saisie_trop_longue"
    sentence = "Saisie trop longue. Recomposez le code."


class WrongPath(Refusal):
    """Nothing is below this address under that name."""

    code = "adresse_inconnue"
    status = 404
    sentence = "Cette adresse n'existe pas."


class Unreadable(Refusal):
    """The body is not what the profile's transport carries."""

    code = "corps_illisible"
    status = 422
    sentence = "Le corps de la requête est illisible."


class WrongType(Refusal):
    """The media type is not one of the profile's."""

    code = "type_non_accepte"
    status = 415
    sentence = "Type de contenu non accepté."


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request as it came: `path` is what stands below the address, header names are in lower case."""

    method: str = "POST"
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def media_type(self) -> str:
        """The media type alone, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """What leaves: media type, octets and the headers of the gateway's own."""

    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    def at(self, address: str) -> bytes:
        """Return the octets with the callback address in its place."""
        return self.body.replace(address_mark().encode(), address.encode())


@dataclass(frozen=True, slots=True)
class GatewayTurn:
    """One request, in our own words. `transcript` is the cumulative text, None where only the last input is sent.

    `kind` is None where only an unknown session says that a dialogue begins. `identity` numbers the turn, None where
    the rule of the last turn holds; `again` is a second identity, good for ten seconds.
    """

    session_key: str
    phone: str | None
    code: str | None
    dialled: str | None
    transcript: str | None
    message: str
    network: str
    received_at: datetime
    kind: str | None = None
    tail: str = ""
    identity: tuple[Any, ...] | None = None
    again: tuple[Any, ...] | None = None
    language: str = ""
    event_time: datetime | None = None
    is_stale: bool = False
    event: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    reuse: str = "new"
    is_code_typed: bool = False

    @property
    def is_notice(self) -> bool:
        """Whether the gateway only tells something: no screen is ever run."""
        return self.kind in NOTICES


@dataclass(frozen=True, slots=True)
class Asked:
    """What a screen waits for beside its options: free text, or digits; masked when secret."""

    is_secret: bool = False
    digits: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A screen on its way out, with what the browsing kinds of gateway draw from it."""

    text: str
    has_more: bool
    turn: GatewayTurn | None = None
    words: tuple[str, str] = ("CON", "END")
    coding: str = "gsm7"
    screen: str = ""
    options: tuple[tuple[str, str], ...] = ()
    title: str | None = None
    asks: Asked | None = None
    is_first: bool = False
    is_restart: bool = False
    transaction: str = ""
