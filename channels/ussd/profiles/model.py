"""A profile: how one kind of gateway speaks, as data (`docs/ussd.md`, 8.1). Nothing in it is code."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from channels.ussd.profiles.templates import check_template, names_of
from core.gsm7 import Limits

Scalar = bool | int | str
KINDS = ("shown", "end", "abort", "timeout", "event", "status")

TRANSPORTS = ("form_post", "json_post", "query_get", "headers", "xml_post", "xhtml_get", "kannel_get")
Transport = Literal["form_post", "json_post", "query_get", "headers", "xml_post", "xhtml_get", "kannel_get"]


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else () if value is None else (value,)


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Scalars = Annotated[tuple[Scalar, ...], BeforeValidator(_listed)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Rule(_Part):
    """A field that says something: by its value, whatever its case, or by being there while another is not.

    `otherwise` is what a simulated gateway writes where the rule must not hold.
    """

    field: str
    equals: Scalars = ()
    without: str = ""
    otherwise: Scalar | None = None

    def holds(self, raw: Mapping[str, Any]) -> bool:
        """Say whether a request says it."""
        value = raw.get(self.field)
        if value is None or (self.without and self.without in raw):
            return False
        return not self.equals or _plain(value) in {_plain(one) for one in self.equals}

    def say(self, fields: dict[str, Any], *, is_so: bool) -> None:
        """Write into a request that it is so, or not."""
        if is_so:
            fields[self.field] = self.equals[0] if self.equals else ""
        elif self.otherwise is not None:
            fields[self.field] = self.otherwise
        elif self.equals and isinstance(self.equals[0], bool):
            fields[self.field] = not self.equals[0]


NoticeKind = Literal["shown", "end", "abort", "timeout", "event", "status"]
Rules = Annotated[tuple[Rule, ...], BeforeValidator(_listed)]


class FieldNames(_Part):
    """Under which names a gateway sends what; of several names, the first that says something counts."""

    msisdn: Names
    session: Names = ()
    input: Names = ()
    code: Names = ()
    tail: Names = ()
    network: Names = ()
    language: Names = ()
    time: Names = ()
    echo: dict[str, str] = {}

    def all(self) -> frozenset[str]:
        """Return every name there is."""
        lists = (self.msisdn, self.session, self.input, self.code, self.tail, self.network, self.language, self.time)
        return frozenset(name for names in lists for name in names) | frozenset(self.echo.values())


class Identity(_Part):
    """What numbers a turn; null: the rule of the last turn.

    `is_global`: the value is unique without the session. `again`: a second identity, valid for ten seconds.
    """

    turn: str | None = None
    default: int | None = None
    is_global: bool = False
    again: tuple[str, ...] = ()


class Answer(_Part):
    """How an answer leaves: templates over `text`, `more`, `choose(more, a, b)`, `raw.*`, `echo.*` and so on."""

    type: Literal["text", "json", "xml", "xhtml"]
    body: Any = None
    headers: dict[str, str] = {}
    media_type: str = ""
    notice: Any = None

    @model_validator(mode="after")
    def _known(self) -> "Answer":
        check_template([self.body, self.headers, self.notice])
        return self


class ScreenLimits(_Part):
    """What a screen may hold and how long a session lives; `reserve` is what the gateway itself adds."""

    gsm7: int = Field(default=160, ge=20, le=1_000)
    ucs2: int = Field(default=70, ge=10, le=500)
    reserve: int = Field(default=4, ge=0, le=20)
    input: int = Field(default=160, ge=1, le=1_000)
    idle_s: int = Field(default=180, ge=5, le=3_600)
    total_s: int = Field(default=600, ge=10, le=86_400)


class Profile(_Part):
    """How a kind of gateway speaks."""

    profile: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    title: str = ""
    transport: Transport
    or_transport: Transport | None = None
    methods: tuple[str, ...] = ()
    path: str = ""
    fields: FieldNames
    session_key: tuple[str, ...] = ()
    keyless: bool = False
    begin: Rule | Literal["unknown_session", "code_typed"] = "unknown_session"
    begin_again: Literal["replay", "refuse"] = "replay"
    first_never_closes: bool = False
    notices: dict[NoticeKind, Rules] = {}
    event: dict[Literal["status", "duration_ms", "hops", "cost", "error", "metadata"], str] = {}
    dropped: tuple[str, ...] = ()
    credentials: dict[str, str] = {}
    input_mode: Literal["cumulative", "last", "dialled_then_last"]
    identity: Identity = Identity()
    session_reuse: Literal["refuse", "new"] = "refuse"
    phone_form: Literal["e164", "digits", "national"] = "digits"
    has_stale: bool = False
    refuses_secrets: bool = False
    absolute_links: bool = False
    reply: Answer
    limits: ScreenLimits = ScreenLimits()

    @model_validator(mode="after")
    def _keeps_secrets(self) -> "Profile":
        """Refuse an answer that repeats what was typed: it may be a PIN, and answers are kept."""
        typed = {f"raw.{name}" for name in (*self.fields.input, *self.fields.tail, *self.credentials)}
        echoed = {name for name, source in self.fields.echo.items() if f"raw.{source}" in typed}
        named = names_of([self.reply.body, self.reply.headers, self.reply.notice])
        if named & (typed | {f"echo.{name}" for name in echoed}):
            raise ValueError("une réponse ne répète pas ce qui a été tapé")
        return self

    @property
    def is_cumulative(self) -> bool:
        """Whether the input field carries everything typed so far."""
        return self.input_mode == "cumulative"

    @property
    def path_names(self) -> tuple[str, ...]:
        """The pieces below the address, `{name}` for those that say something."""
        return tuple(self.path.split("/")) if self.path else ()

    def page_limits(self, *narrower: Mapping[str, Any]) -> Limits:
        """Return what a page may hold; an account and a network may only narrow it."""
        gsm7 = min([self.limits.gsm7, *(int(own["gsm7"]) for own in narrower if "gsm7" in own)])
        ucs2 = min([self.limits.ucs2, *(int(own["ucs2"]) for own in narrower if "ucs2" in own)])
        return Limits(gsm7=gsm7 - self.limits.reserve, ucs2=ucs2 - self.limits.reserve)

    def known_names(self) -> frozenset[str]:
        """Return every field this profile reads: of the others only the names are ever kept."""
        rules = [rule for several in self.notices.values() for rule in several]
        rules += [self.begin] if isinstance(self.begin, Rule) else []
        named = {rule.field for rule in rules} | {name for name in (self.identity.turn,) if name}
        return (self.fields.all() | named | set(self.event.values())) - set(self.credentials)


def _plain(value: Scalar) -> str:
    return str(value).strip().casefold()


def path_fields(pattern: Sequence[str], path: str) -> dict[str, Any] | None:
    """Return what the pieces below the address say; None when they are not this profile's."""
    pieces = [piece for piece in path.split("/") if piece]
    if not pieces:
        return {}
    if len(pieces) != len(pattern):
        return None
    fields: dict[str, Any] = {}
    for name, piece in zip(pattern, pieces, strict=True):
        if name.startswith("{"):
            fields[f"path.{name[1:-1]}"] = int(piece) if re.fullmatch("[0-9]{1,9}", piece) else piece
        elif name != piece:
            return None
    return fields
