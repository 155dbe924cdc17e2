"""A flow as a document: screens, texts and targets as data, nothing in it is code (`docs/ussd.md`, 5.1).

`parse_flow` gives an immutable `Flow`. Versions never change, so that a process keeps the parsed ones by their id.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.gsm7 import Navigation
from core.patterns import check_pattern

MOST_VERSIONS_KEPT = 64
DEFAULT = ""  # the language of a text given as a bare string


def _text(value: object) -> object:
    return {DEFAULT: value} if isinstance(value, str) else value


def _pattern(value: object) -> object:
    if isinstance(value, str):
        check_pattern(value)
    return value


Text = Annotated[Mapping[str, str], BeforeValidator(_text)]
ScreenId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Values = Mapping[str, Any]


class Part(BaseModel):
    """Any piece of a document: immutable, and without fields nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Condition(Part):
    """`{var, op, value}`, or `all`, `any`, `not` of conditions."""

    var: str | None = None
    op: Literal["eq", "ne", "in", "lt", "le", "gt", "ge", "exists"] = "eq"
    value: Any = None
    all: tuple["Condition", ...] | None = None
    any: tuple["Condition", ...] | None = None
    negated: "Condition | None" = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = (self.var, self.all, self.any, self.negated)
        if sum(form is not None for form in forms) != 1:
            raise ValueError("une condition a une seule forme : var, all, any ou not")
        if self.op == "in" and not isinstance(self.value, list | tuple):
            raise ValueError("l'opérateur in attend une liste")
        return self

    def names(self) -> Iterator[str]:
        """Yield every variable the condition reads."""
        if self.var is not None:
            yield self.var
        for part in (*(self.all or ()), *(self.any or ()), *((self.negated,) if self.negated else ())):
            yield from part.names()


class Option(Part):
    """One line of a menu: exact key, label, where it leads, when it is there, what it sets."""

    key: Annotated[str, Field(pattern=r"^[0-9]+$")]
    label: Text
    to: str
    condition: Condition | None = Field(default=None, alias="if")
    set: Values = Field(default_factory=dict)


class Rule(Part):
    """One branch of a route."""

    condition: Condition = Field(alias="if")
    to: str


class Menu(Part):
    """Options with keys that never renumber."""

    kind: Literal["menu"]
    text: Text
    options: tuple[Option, ...]
    back: str | None = None
    home: bool = False


class Rows(Part):
    """A list whose rows an action gives, numbered from 1 over all pages."""

    kind: Literal["list"]
    text: Text
    rows: str
    inputs: Values = Field(default_factory=dict, alias="with")
    row: Text
    set: Values = Field(default_factory=dict)
    to: str
    empty: str | None = None
    back: str | None = None
    home: bool = False


InputType = Literal["text", "name", "digits", "int", "amount", "phone", "date", "ref", "secret"]


class Input(Part):
    """A question: what is typed is read by its type, then by its check."""

    kind: Literal["input"]
    type: InputType
    text: Text
    var: str | None = None
    check: str | None = None
    inputs: Values = Field(default_factory=dict, alias="with")
    errors: Mapping[str, Text] = Field(default_factory=dict)
    outcomes: Mapping[str, str] = Field(default_factory=dict)
    to: str
    back: str | None = None
    home: bool = False
    min: int | None = None
    max: int | None = None
    len: tuple[int, int] | None = None
    pattern: Annotated[str, BeforeValidator(_pattern)] | None = None
    slot: str | None = None
    same_as: str | None = None
    differs: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.type == "secret":
            if self.var is not None:
                raise ValueError("un secret n'a pas de variable")
            if not (self.slot or self.same_as or self.check):
                raise ValueError("un secret a besoin de slot, same_as ou check")
            if self.same_as and not self.differs:
                raise ValueError("same_as demande differs")
        elif self.slot or self.same_as or self.differs:
            raise ValueError("slot, same_as et differs sont pour un secret")
        elif self.var is None:
            raise ValueError("une question a besoin de var")
        if self.type == "digits" and self.len is None:
            raise ValueError("digits demande len")
        return self

    @property
    def is_secret(self) -> bool:
        """Whether the answer lives in the memory of its turn only."""
        return self.type == "secret"


class Confirm(Part):
    """The money screen: amount, fee and total, one page, 1 or 0."""

    kind: Literal["confirm"]
    text: Text
    to: str
    cancel: str


class Info(Part):
    """A text to read, page by page."""

    kind: Literal["info"]
    text: Text
    back: str | None = None
    home: bool = False
    options: tuple[Option, ...] = ()


class End(Part):
    """The last word. In a sub-flow it is not shown: its id is the outcome of the call."""

    kind: Literal["end"]
    text: Text = Field(default_factory=dict)
    goal: str | None = None


class Act(Part):
    """Runs a registered action and branches on its outcome."""

    kind: Literal["action"]
    run: str
    inputs: Values = Field(default_factory=dict, alias="with")
    money: bool = False
    outcomes: Mapping[str, str]


class Route(Part):
    """The first true rule decides."""

    kind: Literal["route"]
    rules: tuple[Rule, ...] = ()
    otherwise: str = Field(alias="else")


class Call(Part):
    """A sub-flow; which of its ends was reached decides."""

    kind: Literal["call"]
    flow: str
    outcomes: Mapping[str, str]


Screen = Annotated[Menu | Rows | Input | Confirm | Info | End | Act | Route | Call, Field(discriminator="kind")]
VISIBLE = (Menu, Rows, Input, Confirm, Info, End)


class Variable(Part):
    """What a variable holds and how many septets of it are shown at most."""

    type: Literal["text", "money", "phone", "date", "int", "secret"]
    max: int = Field(gt=0)


class NavigationKeys(Part):
    """The keys of next, back and home; listened to only where shown."""

    next: str = "98"
    back: str = "0"
    home: str = "00"


class FlowSettings(Part):
    """How a flow behaves as a whole. Without `keeps_answers`, the log of turns shows dots for what was typed."""

    nav: NavigationKeys = NavigationKeys()
    resume: Literal["start", "continue", "confirm"] = "start"
    resume_ttl_s: int = Field(default=300, ge=0)
    invalid_max: int = Field(default=3, ge=1)
    fold: bool = True
    keeps_answers: bool = True


class Flow(Part):
    """A whole document. `unreviewed` names the languages whose texts still wait for a native reader («à relire»)."""

    flow: Annotated[str, Field(min_length=1, max_length=64)]
    languages: tuple[str, ...] = Field(min_length=1)
    default_language: str
    unreviewed: tuple[str, ...] = ()
    entry: str
    goals: tuple[str, ...] = ()
    settings: FlowSettings = FlowSettings()
    variables: Mapping[str, Variable] = Field(default_factory=dict)
    screens: Mapping[ScreenId, Screen]

    @model_validator(mode="after")
    def _speaks_its_default(self) -> Self:
        if self.default_language not in self.languages:
            raise ValueError("la langue par défaut n'est pas une langue du parcours")
        return self

    @cached_property
    def navigation(self) -> Navigation:
        """Return the keys as the layout of pages takes them."""
        return Navigation(**self.settings.nav.model_dump())

    @cached_property
    def has_money(self) -> bool:
        """Say whether some action of this flow moves money."""
        return any(isinstance(screen, Act) and screen.money for screen in self.screens.values())

    def language_for(self, wanted: str) -> str:
        """Return `wanted` when the flow speaks it, else its default language."""
        return wanted if wanted in self.languages else self.default_language

    def source(self, text: Mapping[str, str], language: str) -> str:
        """Return the text in `language`, else in the default language."""
        return text.get(language) or text.get(self.default_language) or text.get(DEFAULT) or ""


def parse_flow(body: Mapping[str, Any]) -> Flow:
    """Read a document, or raise pydantic's `ValidationError`, which says where it is wrong."""
    return Flow.model_validate(body)


_kept: OrderedDict[UUID, Flow] = OrderedDict()


def flow_of(version_id: UUID, load: Callable[[], Mapping[str, Any]]) -> Flow:
    """Return the parsed flow of a version, kept by its id; `load` is called when it is not kept yet.

    Only versions that can no longer change may be asked for.
    """
    flow = _kept.get(version_id)
    if flow is None:
        flow = _kept[version_id] = parse_flow(load())
        while len(_kept) > MOST_VERSIONS_KEPT:
            _kept.popitem(last=False)
    return flow
