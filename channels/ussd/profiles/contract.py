"""A profile at work: it reads requests, writes answers, and hears its own answers again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.ussd.profiles import decoding, hearing
from channels.ussd.profiles.decoding import Place
from channels.ussd.profiles.encoding import Encoder
from channels.ussd.profiles.hearing import Heard
from channels.ussd.profiles.model import Profile
from channels.ussd.profiles.transports import CARRIERS
from channels.ussd.profiles.wire import GatewayTurn, Outgoing, WireAnswer, WireRequest

WORDS = ("CON", "END")


class Contract:
    """What requests of one profile say and how they are answered."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.is_cumulative = profile.is_cumulative
        self.idle_s, self.total_s = profile.limits.idle_s, profile.limits.total_s
        self.known_names = profile.known_names()
        self._encoder = Encoder(profile)
        names = [name for name in (profile.transport, profile.or_transport) if name is not None]
        self.methods = profile.methods or tuple(dict.fromkeys(m for name in names for m in CARRIERS[name].methods))

    @property
    def key(self) -> str:
        """The profile's own name."""
        return self.profile.profile

    def read(self, request: WireRequest) -> dict[str, Any]:
        """Read the fields of a request."""
        return decoding.read_fields(self.profile, request)

    def decode(self, fields: dict[str, Any], place: Place, received_at: datetime) -> GatewayTurn:
        """Read a turn."""
        return decoding.decode_fields(self.profile, fields, place, received_at)

    def outline(self, fields: dict[str, Any]) -> GatewayTurn:
        """Return as much of a turn as an answer repeats, for a request that is none."""
        return decoding.outline(self.profile, fields)

    def tells_notice(self, fields: dict[str, Any]) -> bool:
        """Say whether a request only tells something."""
        return any(rule.holds(fields) for rules in self.profile.notices.values() for rule in rules)

    def encode(self, answer: Outgoing) -> WireAnswer:
        """Write a screen."""
        return self._encoder.encode(answer)

    def repeat(self, body: bytes, answer: Outgoing) -> WireAnswer:
        """Write octets that were stored, under the headers they left with."""
        return WireAnswer(self._encoder.media_type, body, self._encoder.headers(answer))

    def notice(self, turn: GatewayTurn) -> WireAnswer:
        """Acknowledge a notice."""
        return self._encoder.notice(Outgoing("", has_more=False, turn=turn))

    def hear(self, body: bytes, headers: Mapping[str, str], words: tuple[str, str] = WORDS) -> Heard | None:
        """Read an answer as the gateway does."""
        return hearing.hear(self.profile, body, headers, words)
