"""Actions: the names by which flows reach the verbs of `services/`. They never see a request (`docs/ussd.md`, 5.2).

A fast action is one function. A slow one has three: `prepare` in the first transaction (a PIN try is counted there),
`work` with no database, in a bounded pool, and `settle` in the second transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from channels.flow import Flow
from channels.values import Caller
from core.database import Session
from core.gsm7 import Limits
from core.money import Currency

if TYPE_CHECKING:
    from channels.dialogue import Dialogue


class Effect(StrEnum):
    """What an action may change."""

    READ = "read"
    WRITE = "write"
    MONEY = "money"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended, and the variables it gives. `rows` is what a list shows.

    `final` ends the dialogue with a sentence, by language, where the flow has no screen for this outcome.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Mapping[str, Any], ...] = ()
    operation_id: UUID | None = None
    final: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What the confirm screen showed: what may be charged, and nothing else."""

    amount: int
    fee: int
    total: int
    tariff_id: str | None


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """The older dialogue of the same phone and service that may be taken up again."""

    session_id: UUID
    version_id: UUID
    scratch: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnseenResult:
    """An operation that was done and whose answer nobody saw."""

    operation_id: UUID
    type: str
    reference: str
    amount: int
    payee_name: str


def _no_flow(key: str) -> Flow:
    raise LookupError(key)


@dataclass(slots=True)
class ActionContext:
    """What one turn works with. `session` changes between the transactions of a slow step.

    `load_flow` gives a sub-flow by its key; `load_version` an older version that a resumed dialogue began with, None
    where versions are not taken along. `is_same_secret`: the secret just given is the one proved before. `switched`:
    the kinds of money that do not serve now, each with its `state` and its `text` by language.
    """

    session: Session
    caller: Caller
    dialogue: "Dialogue"
    service_currency: Currency
    timezone: str
    brand: str
    settings: Mapping[str, Any]
    registry: "Mapping[str, Action]"
    limits: Limits = field(default_factory=Limits)
    load_flow: Callable[[str], Flow] = _no_flow
    load_version: Callable[[UUID], Flow] | None = None
    resume: ResumePoint | None = None
    unseen: UnseenResult | None = None
    shown: Shown | None = None
    is_same_secret: bool = False
    switched: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key under which this screen visit may move money or write, once."""
        return f"ussd:{self.dialogue.session_id}:{self.dialogue.visit}"


Inputs = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """One input or output of an action: its type and the septets it is shown in at most."""

    type: str
    max: int = 160
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """An action as flows and lint see it; `run` when it is fast, `prepare`, `work` and `settle` when it is slow.

    A flow must have a way for every outcome but the `optional` ones, which come with a `final` sentence. `money_type`
    is the kind of money it moves: the switch that stops it. One that `settles_unfinished` is settled with None when its
    work takes too long; the turn of another one ends busy.
    What an `is_open` one takes and gives, and how else it may end, is said by a row: lint reads it there.
    """

    name: str
    outcomes: frozenset[str]
    effect: Effect
    inputs: Mapping[str, Value] = field(default_factory=dict)
    outputs: Mapping[str, Value] = field(default_factory=dict)
    row: Mapping[str, Value] = field(default_factory=dict)
    takes_secret: bool = False
    proves_secret: bool = False
    money_type: str = ""
    optional: frozenset[str] = frozenset()
    is_open: bool = False
    commits: frozenset[str] = frozenset({"ok", "pending"})
    settles_unfinished: bool = False
    run: Callable[[ActionContext, Inputs], Outcome] | None = None
    prepare: Callable[[ActionContext, Inputs], Any] | None = None
    work: Callable[[Any], Any] | None = None
    settle: Callable[[ActionContext, Any, Any], Outcome] | None = None

    @property
    def is_slow(self) -> bool:
        """Whether it is worked out without locks, between two transactions."""
        return self.run is None


@dataclass(slots=True)
class SlowStep:
    """A slow action on its way: prepare and commit, work, then settle in a transaction of its own."""

    action: Action
    inputs: Inputs = field(repr=False)
    ticket: Any = field(default=None, repr=False)

    def prepare(self, context: ActionContext) -> None:
        """Do what must be committed before the work; a refusal here is already the outcome."""
        assert self.action.prepare is not None  # noqa: S101  # slow actions have all three
        self.ticket = self.action.prepare(context, self.inputs)

    def work(self) -> Any:
        """Work without database; nothing to do when `prepare` refused."""
        assert self.action.work is not None  # noqa: S101  # slow actions have all three
        return None if isinstance(self.ticket, Outcome) else self.action.work(self.ticket)

    def settle(self, context: ActionContext, worked: Any) -> Outcome:
        """Write down how it ended."""
        assert self.action.settle is not None  # noqa: S101  # slow actions have all three
        ticket = self.ticket
        return ticket if isinstance(ticket, Outcome) else self.action.settle(context, ticket, worked)

    def run(self, context: ActionContext) -> Outcome:
        """Do all three in a row, where no lock must be spared: tests and the simulator of a draft."""
        self.prepare(context)
        return self.settle(context, self.work())


def by_name(*actions: Action) -> dict[str, Action]:
    """Return a registry of these actions."""
    return {action.name: action for action in actions}
