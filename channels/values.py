"""What a text and a condition may look at, and how a value stands on a phone: folded, filtered, cut at its maximum."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from channels.flow import Condition, Flow
from core import formats, gsm7
from core.gsm7 import Coding
from core.money import Currency, Money
from core.phone import PhoneRefusal, mask_phone, normalise

FILTERS = frozenset({"money", "phone", "masked", "date", "time", "upper"})
_PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_.]*)(?:\|([a-z]+))?\}")

_PLAIN_FILTERS: dict[str, Callable[[str], str]] = {"masked": mask_phone, "upper": str.upper}


@dataclass(slots=True)
class Caller:
    """Who holds the phone. Status: `unknown`, `active`, `suspended`, or `anonymous` when the number did not come.

    `must_prove`: the number was silent for a year, or changed its SIM, and its owner has not proved his PIN since.
    """

    phone: str | None
    user_id: UUID | None = None
    status: str = "unknown"
    role: str = "client"
    language: str = ""
    name: str = ""
    country: str = "CM"
    must_prove: bool = False


class Placeholder(NamedTuple):
    """`{name}` or `{name|filter}` in a text."""

    name: str
    filter: str


@lru_cache(maxsize=8192)
def template(source: str, *, is_folded: bool) -> tuple[str | Placeholder, ...]:
    """Cut a text at its placeholders; what the author wrote is cleaned, and folded where the service folds."""
    prepare = gsm7.fold if is_folded else gsm7.clean
    pieces: list[str | Placeholder] = []
    at = 0
    for match in _PLACEHOLDER.finditer(source):
        pieces += [prepare(source[at : match.start()]), Placeholder(match[1], match[2] or "")]
        at = match.end()
    return tuple(piece for piece in (*pieces, prepare(source[at:])) if piece)


def placeholders(source: str) -> tuple[Placeholder, ...]:
    """Return the placeholders of a text, in order."""
    return tuple(Placeholder(match[1], match[2] or "") for match in _PLACEHOLDER.finditer(source))


@dataclass(slots=True)
class Values:
    """The variables of a dialogue, its caller and the givens of its service, under one roof."""

    flow: Flow
    data: dict[str, Any]
    caller: Caller
    givens: Mapping[str, Any]
    currency: Currency
    timezone: str
    is_folded: bool = True
    row: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """Return what `name` holds: a variable, `caller.…`, `row.…`, `setting.…` or a given of the service."""
        place, dot, member = name.partition(".")
        if dot:
            if place == "caller":
                return getattr(self.caller, member, None)
            if place == "row":
                return self.row.get(member)
            return self.givens.get(member) if place == "setting" else None
        value = self.data.get(name)
        return self.givens.get(name) if value is None else value

    def resolve(self, literal: Any) -> Any:
        """Return the variable that `$name` names, or the literal itself."""
        return self.get(literal[1:]) if isinstance(literal, str) and literal.startswith("$") else literal

    def say(self, source: str, extra: Mapping[str, Any] | None = None) -> str:
        """Return a text with its placeholders filled; `extra` stands before the variables."""
        pieces = template(source, is_folded=self.is_folded)
        return "".join(piece if isinstance(piece, str) else self._show(piece, extra) for piece in pieces)

    def key(self, source: str) -> str:
        """Return a name with its placeholders filled by the values as they are: `survey:{survey}`."""
        return _PLACEHOLDER.sub(lambda match: str(self.get(match[1]) or ""), source)

    def _show(self, placeholder: Placeholder, extra: Mapping[str, Any] | None) -> str:
        name, filter_name = placeholder
        value = extra.get(name) if extra else None
        if value is None:
            value = self.get(name)
        if value is None:
            return ""
        shown = gsm7.fit_variable(self._filtered(value, filter_name)) or self._instead(name)
        declared = self.flow.variables.get(name)
        return cut(shown, declared.max) if declared is not None and len(shown) * 2 > declared.max else shown

    def _filtered(self, value: Any, filter_name: str) -> str:
        match filter_name:
            case "money" if isinstance(value, int):
                return Money(value, self.currency).on_phone()
            case "phone":
                return self._phone(str(value))
            case "date":
                return formats.day_on_phone(date.fromisoformat(str(value)[:10]))
            case "time":
                return formats.time_on_phone(datetime.fromisoformat(str(value)), self.timezone)
        return _PLAIN_FILTERS.get(filter_name, str)(str(value))

    def _phone(self, value: str) -> str:
        try:
            return normalise(value, self.caller.country).seen_from(self.caller.country)
        except PhoneRefusal:
            return value

    def _instead(self, name: str) -> str:
        """Return the masked number of a person whose name has no letter a phone can show."""
        owner = "caller.phone" if name == "caller.name" else name.removesuffix("_name")
        number = self.get(owner) if owner != name else None
        return mask_phone(number) if isinstance(number, str) else ""

    def holds(self, condition: Condition) -> bool:
        """Say whether a condition is true now; comparisons of unlike things are false."""
        if condition.all is not None:
            return all(self.holds(part) for part in condition.all)
        if condition.any is not None:
            return any(self.holds(part) for part in condition.any)
        if condition.negated is not None:
            return not self.holds(condition.negated)
        return compare(self.get(condition.var or ""), condition.op, self.resolve(condition.value))


def compare(left: Any, op: str, right: Any) -> bool:
    """Compare two values by an operator of conditions."""
    match op:
        case "eq":
            return bool(left == right)
        case "ne":
            return bool(left != right)
        case "in":
            return left in right
        case "exists":
            return (left is not None) is (right is not False)
    is_ordered = isinstance(left, int | str) and type(left) is type(right)
    if not is_ordered:
        return False
    return bool({"lt": left < right, "le": left <= right, "gt": left > right, "ge": left >= right}[op])


def size_in(text: str, coding: Coding) -> int:
    """Return the septets or UTF-16 units of a text in a coding that is already chosen."""
    return gsm7.measure(text).size if coding is Coding.GSM7 else len(text.encode("utf-16-le")) // 2


def cut(text: str, limit: int, coding: Coding | None = None) -> str:
    """Cut a clean text to `limit` septets or units, at a blank when the last third of it has one."""
    coding = coding or gsm7.measure(text).coding
    end = len(text)
    while end > 0 and (excess := size_in(text[:end], coding) - limit) > 0:
        end -= max(excess // 2, 1)
    if end == len(text):
        return text
    blank = max(text.rfind(" ", 0, end + 1), text.rfind("\n", 0, end + 1))
    return text[: blank if blank > end * 2 // 3 else end].rstrip()
