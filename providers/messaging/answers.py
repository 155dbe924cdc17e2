"""What a network may answer to a message, and the contract of every channel.

As with money, not knowing is an answer of its own: a message that may have left is not sent again under another name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from providers.answers import Account
from providers.wire import Answered, Silence, Wire

RefusedKind = Literal["final", "bad_address", "opted_out", "configuration"]
Progress = Literal["sent", "delivered", "read", "undelivered", "expired", "nothing"]

TOO_MANY_REQUESTS = 429
SERVER_ERRORS = 500
NOT_ALLOWED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser: where it is pushed to, and its public keys."""

    endpoint: str
    keys: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as an adapter sends it. `to` is E.164 or an e-mail address; `is_plain`: the text fits GSM-7.

    `template` is the network's own name of an approved template, `values` what fills it, in the order of its variables.
    `report_url` carries our own id: reports are found by it. `choices` (payload, label) may be tapped under `heading`
    where the network can; `body` says all of it in plain characters. `media_url` is a picture beside it.
    """

    account: Account
    message_id: UUID
    to: str
    body: str = field(repr=False)
    subject: str = ""
    is_plain: bool = True
    locale: str = "fr"
    heading: str = field(default="", repr=False)
    choices: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    media_url: str = field(default="", repr=False)
    report_url: str = ""
    unsubscribe_url: str = ""
    link: str = ""
    template: Mapping[str, Any] = field(default_factory=dict)
    values: tuple[str, ...] = field(default=(), repr=False)
    subscriptions: tuple[Subscription, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """The network accepted it; nobody has it yet. `gone`: browsers that asked to be forgotten."""

    provider_message_id: str = ""
    cost_minor: int | None = None
    cost_currency: str | None = None
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """Certain and final: this message will not leave this way. What the kind says is kept for the next ones."""

    code: str
    kind: RefusedKind = "final"
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """Certain that it did not leave, and worth another try. `slows`: the network asked for rest."""

    code: str
    slows: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have left."""

    code: str


Answer = Sent | Refused | Retry | Unknown


@dataclass(frozen=True, slots=True)
class Report:
    """What a network says later of a message it took: found by our own id, else by the id it gave."""

    progress: Progress
    message_id: UUID | None = None
    provider_message_id: str = ""
    code: str = ""
    kind: RefusedKind = "final"
    address: str = ""


class MessageProvider(Protocol):
    """One network's wire format. It holds no state, sees no table, and never raises for the outside."""

    name: str
    channel: str

    def send(self, outgoing: Outgoing, wire: Wire) -> Answer:
        """Send one message."""

    def probe(self, account: Account, wire: Wire) -> bool:
        """Make a harmless call and say whether the network answered properly."""


def heard(answer: Answered | Silence) -> Answered | Retry | Unknown:
    """Return the HTTP answer, or what it means that there is none."""
    if isinstance(answer, Answered):
        return answer
    return Unknown(answer.error_kind) if answer.is_sent else Retry(answer.error_kind)


def settled(answer: Answered) -> Answer | None:
    """Return what a status alone means; None where the body must say it."""
    if answer.status == TOO_MANY_REQUESTS:
        return Retry("429", slows=True)
    if answer.status in NOT_ALLOWED:
        return Refused(str(answer.status), "configuration")
    if answer.status >= SERVER_ERRORS:
        return Unknown(str(answer.status))
    return None


def unreadable(answer: Answered) -> Answer:
    """Return what an answer means whose body is not the documented one."""
    return Unknown("unreadable") if answer.is_success else Refused(str(answer.status))


def is_proper(answer: Answered | Silence) -> bool:
    """Say whether a harmless call was answered as it should be."""
    return isinstance(answer, Answered) and settled(answer) is None


def split_text(text: str, longest: int) -> list[str]:
    """Cut a text between paragraphs, else between lines, else between words, into parts of at most `longest`."""
    parts = []
    while len(text) > longest:
        place = next((at for mark in ("\n\n", "\n", " ") if (at := text.rfind(mark, 0, longest + 1)) > 0), longest)
        parts.append(text[:place].rstrip())
        text = text[place:].lstrip()
    return [*parts, text]
