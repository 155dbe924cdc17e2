"""What the fake adapter and its hub do with one payment: the codes 900 to 949, as data that `mojaloop` plays.

The same seed and the same payees give the same tales, whatever the timing and whatever the ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

PartyAct = Literal["found", "unknown", "unknown_empty", "other_name", "close_name", "eight", "ten", "late", "slow"]
Ending = Literal["commits", "aborts", "expires", "never"]
Reply = Literal[
    "fulfil", "refused", "late", "hang_up", "undefined", "bad_proof", "closed", "silent", "page", "cut", "conversion"
]
ReadAct = Literal["hub", "late", "in_message", "aborted_later"]

NORMAL = "900"
SLOW_S = 25.0
LIES_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Tale:
    """One payment's tale. `party` and `quote`: what happens before anything is prepared; `ending`: what the hub does.

    `code_said` is the FSPIOP code of a refusal. `is_once`: another transfer of the same payment goes well.
    `hidden_s`: how long reads do not see it. `rate_limits`: how many POSTs are answered 429.
    """

    code: str
    party: PartyAct = "found"
    quote: str = ""
    fee_minor: int = 0
    short_by_minor: int = 0
    ending: Ending = "commits"
    ends_after_s: float = 0.0
    hidden_s: float = 0.0
    reply: Reply = "fulfil"
    code_said: str = ""
    read: ReadAct = "hub"
    answers_after_s: float = 0.0
    rate_limits: int = 0
    is_once: bool = False
    is_forgotten: bool = False
    is_under_another_id: bool = False
    is_proof_false: bool = False
    is_refused_at_the_door: bool = False


def _refused(code: str, said: str, *, is_once: bool = False) -> Tale:
    """Return the tale of a payment that the hub refuses once the quote is accepted."""
    return Tale(code, ending="aborts", reply="refused", code_said=said, is_once=is_once)


_ALL = (
    Tale(NORMAL, answers_after_s=2.0),
    Tale("901", party="unknown"),
    Tale("902", party="unknown_empty"),
    Tale("903", party="other_name"),
    Tale("904", party="close_name"),
    Tale("905", party="eight"),
    Tale("906", party="ten"),
    Tale("907", party="late"),
    Tale("908", party="slow"),
    Tale("910", quote="5103"),
    Tale("911", quote="504"),
    Tale("912", quote="2003"),
    Tale("913", fee_minor=100),
    Tale("914", fee_minor=10_000),
    Tale("915", short_by_minor=100),
    _refused("916", "4001", is_once=True),
    _refused("917", "5200"),
    _refused("918", "5400"),
    _refused("919", "5001"),
    Tale("920", ends_after_s=14.0, reply="late"),
    Tale("921", ends_after_s=20.0, hidden_s=20.0, reply="late"),
    Tale("922", reply="hang_up"),
    Tale("923", ending="never", reply="hang_up", is_once=True),
    Tale("924", ending="aborts"),
    Tale("925", ending="aborts", reply="late"),
    Tale("926", ends_after_s=5.0),
    Tale("927", ending="aborts", ends_after_s=5.0),
    Tale("928", ending="aborts", reply="undefined"),
    Tale("929", reply="bad_proof", is_proof_false=True),
    Tale("930", reply="refused", code_said="3106"),
    Tale("931", ending="expires", reply="late"),
    Tale("932", ending="never", reply="late", read="late"),
    Tale("933", ending="never", reply="hang_up", read="in_message", is_once=True),
    Tale("934", reply="closed"),
    Tale("935", ending="never", reply="closed", is_once=True),
    Tale("936", reply="silent"),
    Tale("937", ending="never", reply="silent", is_once=True),
    Tale("938", reply="page"),
    Tale("939", reply="cut"),
    Tale("940", reply="late"),
    Tale("941", is_under_another_id=True),
    Tale("942", reply="conversion"),
    Tale("943", is_forgotten=True),
    Tale("944", rate_limits=2),
    Tale("945", answers_after_s=SLOW_S),
    Tale("946", read="aborted_later"),
    Tale("947", is_proof_false=True),
    _refused("948", "3302"),
    Tale("949", is_refused_at_the_door=True),
)
TALES: Mapping[str, Tale] = {tale.code: tale for tale in _ALL}
ORDINARY = Tale("000")
CODES = (ORDINARY.code, *TALES)
LOOKED_UP = frozenset(code for code, tale in TALES.items() if tale.party != "found")

# Demonstration: 940 of 1000 go well. What stops a whole account or never ends is left to those who ask for it.
_NOT_BY_CHANCE = frozenset({"914", "916", "932", "936", "937", "941", "942", "949"})
_BY_CHANCE = tuple(code for code in TALES if code not in _NOT_BY_CHANCE)
MIX: Mapping[str, int] = {code: 2 if n < 60 - len(_BY_CHANCE) else 1 for n, code in enumerate(_BY_CHANCE)}


def code_of_payee(value: str) -> str:
    """Return the code that the last three digits of an identifier ask for, or nothing."""
    return value[-3:] if value[-3:] in TALES else ""
