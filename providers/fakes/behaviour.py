"""What a fake does with one order: the codes 001 to 027 of the misbehaviours that providers have shown.

A story is data; `kernel` plays it. The same seed and the same references give the same stories, whatever the timing.
"""

import hashlib
import re
from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from core.money import Money
from providers.answers import Reason, SeenState

PAYS_AFTER_S = 2.0
COMES_BACK_AFTER_S = 3_600.0
PER_MILLE = 1_000
NORMAL = "000"


@dataclass(frozen=True, slots=True)
class Told:
    """One planned callback: when (seconds after the order), what it says (None: the truth of then), how often."""

    after_s: float = PAYS_AFTER_S
    says: SeenState | None = None
    times: int = 1
    at_once: int = 1
    is_forged: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """What happens to one order. The booleans are faults of the connection; `final` None stays pending for ever."""

    code: str = NORMAL
    answers_after_s: float = 0.0
    loses_request: bool = False
    loses_answer: bool = False
    answers_500: bool = False
    answers_html: bool = False
    hangs: bool = False
    rate_limits: int = 0
    unauthorised: int = 0
    is_forbidden: bool = False
    is_told_first: bool = False
    final: SeenState | None = SeenState.SUCCEEDED
    final_after_s: float = PAYS_AFTER_S
    reason: Reason | None = None
    reversed_after_s: float | None = None
    succeeds_late_after_s: float | None = None
    lie: Literal["", "amount", "currency", "party"] = ""
    brings_unasked: bool = False
    is_listed: bool = True
    callbacks: tuple[Told, ...] = (Told(),)

    @property
    def is_answer_lost(self) -> bool:
        """Whether the order is executed and its answer never understood."""
        return self.loses_answer or self.answers_500 or self.answers_html


def failing(code: str, reason: Reason | None = None, final: SeenState = SeenState.FAILED) -> Story:
    """Return the story of an order that ends badly after the usual two seconds."""
    return Story(code=code, final=final, reason=reason)


_TOLD_TWICE = (Told(), Told(after_s=62.0))
_STORIES = (
    Story(code="001", loses_request=True),
    Story(code="002", loses_answer=True),
    Story(code="003", answers_500=True),
    Story(code="004", callbacks=(Told(times=3), Told(at_once=2))),
    Story(code="005", callbacks=(Told(after_s=600.0),)),
    Story(code="006", is_told_first=True, final_after_s=0.0, callbacks=(Told(after_s=0.0),)),
    Story(code="007", callbacks=(Told(), Told(after_s=7.0, says=SeenState.PENDING))),
    Story(code="008", lie="amount"),
    Story(code="009", lie="currency"),
    Story(code="010", lie="party"),
    Story(code="011", hangs=True),
    Story(code="012", final=None, callbacks=()),
    Story(code="013", reversed_after_s=COMES_BACK_AFTER_S),
    failing("014", Reason.INSUFFICIENT_FUNDS),
    failing("015", Reason.PAYER_NOT_FOUND),
    failing("016", Reason.NOT_APPROVED),
    Story(code="017", callbacks=()),
    Story(
        code="018",
        final=SeenState.FAILED,
        reason=Reason.NOT_APPROVED,
        callbacks=(Told(after_s=1.0, says=SeenState.SUCCEEDED, is_forged=True), Told()),
    ),
    Story(code="019", answers_after_s=25.0),
    Story(code="020", rate_limits=2),
    Story(code="021", answers_html=True),
    Story(
        code="022",
        final=SeenState.FAILED,
        reason=Reason.NOT_APPROVED,
        succeeds_late_after_s=62.0,
        callbacks=_TOLD_TWICE,
    ),
    Story(code="023", brings_unasked=True),
    Story(code="024", is_listed=False),
    Story(code="025", unauthorised=1),
    Story(code="026", is_forbidden=True),
    Story(code="027", loses_answer=True),
)
STORIES: Mapping[str, Story] = {story.code: story for story in (Story(), *_STORIES)}
CODES = tuple(STORIES)

# Demonstration: 940 of 1000 orders are normal, the other 60 are spread over the rest, refusals a little more.
DEMO_MIX: Mapping[str, int] = {code: 4 if code in {"014", "016", "017"} else 2 for code in CODES if code != NORMAL}

# Numbers whose last three digits choose; people of the demonstration have other numbers. The national form alone where
# a provider takes that (Sonatel, Orange Cameroon).
_SERIES = re.compile(
    r"\+?(?:2290197000|(?:221)?771000|2250700000|(?:237)?678000|243810000|22670000|22890000|22376000|224621000|22796000)"
    r"(\d{3})"
)


def code_of_party(party: str) -> str:
    """Return the code a payer's or payee's number asks for, or nothing."""
    match = _SERIES.fullmatch(party)
    return match[1] if match and match[1] != NORMAL and match[1] in STORIES else ""


def code_of_amount(amount: Money) -> str:
    """Return the code an amount asks for where there is no party: its units modulo 1000, or nothing."""
    code = f"{amount.minor // 10**amount.currency.exponent % PER_MILLE:03}"
    return code if code != NORMAL and code in STORIES else ""


def code_of_mix(seed: str, adapter: str, operation: str, reference: str, mix: Mapping[str, int]) -> str:
    """Return the code that chance gives: the same for the same seed and reference."""
    drawn = int(hashlib.sha256(f"{seed}:{adapter}:{operation}:{reference}".encode()).hexdigest()[:8], 16) % PER_MILLE
    for code, weight in mix.items():
        drawn -= weight
        if drawn < 0:
            return code
    return NORMAL


@dataclass
class Chooser:
    """Chooses a story for each order, once: asked again about the same order it answers the same."""

    seed: str = ""
    mix: Mapping[str, int] = field(default_factory=dict)
    queued: dict[str, deque[str]] = field(default_factory=dict)
    _chosen: dict[tuple[str, str, str], Story] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def queue(self, adapter: str, code: str, count: int = 1, known: Collection[str] = CODES) -> None:
        """Play `code` for the next `count` orders of an adapter; refuse one that is not `known`."""
        if code not in known:
            raise LookupError(code)
        self.queued.setdefault(adapter, deque()).extend([code] * count)

    def code(  # what the documented order of choice looks at
        self,
        adapter: str,
        operation: str,
        reference: str,
        asked: str,
        mix: Mapping[str, int],
        only: Collection[str] | None = None,
    ) -> str:
        """Return a code for a fake that has tales of its own: queued (if `only` has it), asked for, or by chance."""
        waiting = self.queued.get(adapter)
        if waiting and (only is None or waiting[0] in only):
            found = waiting.popleft()
        else:
            found = asked or code_of_mix(self.seed, adapter, operation, reference, mix)
        self.counts[found] += 1
        return found

    def choose(  # what the documented order of choice looks at
        self,
        adapter: str,
        operation: str,
        reference: str,
        party: str | None = None,
        amount: Money | None = None,
        sandbox: Mapping[str, Story] | None = None,
    ) -> Story:
        """Return the story of an order: queued, sandbox number, party's number, amount, mix, normal; first match."""
        known = (adapter, operation, reference)
        if known not in self._chosen:
            self._chosen[known] = self._choose(known, party or "", amount, sandbox or {})
            self.counts[self._chosen[known].code] += 1
        return self._chosen[known]

    def _choose(
        self, known: tuple[str, str, str], party: str, amount: Money | None, sandbox: Mapping[str, Story]
    ) -> Story:
        waiting = self.queued.get(known[0])
        if waiting:
            return STORIES[waiting.popleft()]
        if party.removeprefix("+") in sandbox:
            return sandbox[party.removeprefix("+")]
        code = code_of_party(party) if party else code_of_amount(amount) if amount is not None else ""
        return STORIES[code or code_of_mix(self.seed, *known, self.mix)]
