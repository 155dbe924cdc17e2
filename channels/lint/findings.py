"""What lint knows of the world, and what it says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from channels.actions import Action
from channels.flow import Flow
from core.gsm7 import Limits

WARNINGS = frozenset({"L03", "L11", "L16", "L20"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What a document is judged by: the actions there are, the smallest page of its routes, what else it may call.

    `givens` are the variables the service itself gives; `priced` the types whose tariff covers min..max, None where
    prices are not looked at; `connectors` what an open action is, by the name of the row that says it.
    """

    registry: Mapping[str, Action]
    limits: Limits = Limits()  # noqa: RUF009  # frozen, and the safe default everywhere
    flows: Mapping[str, Flow] = field(default_factory=dict)
    connectors: Mapping[str, Action] = field(default_factory=dict)
    givens: Collection[str] = frozenset({"brand", "pin_length"})
    priced: Collection[str] | None = None
    is_ucs2: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or doubtful, and where."""

    rule: str
    screen: str
    message: str
    is_warning: bool = False

    def __post_init__(self) -> None:
        if self.rule in WARNINGS:
            object.__setattr__(self, "is_warning", True)

    @property
    def is_error(self) -> bool:
        """Whether it blocks publishing."""
        return not self.is_warning
