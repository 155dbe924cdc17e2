"""Two names side by side: the one declared in the file and the one the switch knows."""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

_TITLES = frozenset({"MME", "MLLE", "MR", "MRS"})
_SPELLED = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss"})
_NOT_A_LETTER = re.compile(r"[^\w]+|_+")
_SHORTEST_MISTYPED = 5
_SHORTEST_TELLING = 3


class NameVerdict(StrEnum):
    """How two names compare; the order is from the best to the worst."""

    SAME = "same"
    CLOSE = "close"
    DIFFERENT = "different"
    ABSENT = "absent"


def compare(declared: str, found: str) -> NameVerdict:
    """Compare two names whatever their order, case, accents and titles; one without a name is `absent`."""
    ours, theirs = words_of(declared), words_of(found)
    if not ours or not theirs:
        return NameVerdict.ABSENT
    if sorted(ours) == sorted(theirs):
        return NameVerdict.SAME
    shorter, longer = sorted((ours, theirs), key=len)
    return NameVerdict.CLOSE if _is_close(shorter, longer) else NameVerdict.DIFFERENT


def best_of(declared: str, found: Iterable[str]) -> tuple[NameVerdict, str]:
    """Return the best verdict over every name the switch gives, and that name; `absent` when it gives none."""
    judged = [(compare(declared, name), name) for name in found]
    order = list(NameVerdict)
    return min(judged, key=lambda pair: order.index(pair[0]), default=(NameVerdict.ABSENT, ""))


def words_of(name: str) -> list[str]:
    """Return a name's words in capitals, without accents, punctuation and titles."""
    folded = unicodedata.normalize("NFKD", name.translate(_SPELLED)).upper()
    bare = "".join(sign for sign in folded if not unicodedata.combining(sign))
    return [word for word in _NOT_A_LETTER.sub(" ", bare).split() if word not in _TITLES]


def _is_close(shorter: list[str], longer: list[str]) -> bool:
    """Say whether every word of the shorter has its own in the longer, one pair at least telling who it is."""
    edges = [[place for place, other in enumerate(longer) if _is_pair(word, other)] for word in shorter]
    if not _is_matched(edges):
        return False
    telling = [
        (n, place)
        for n, places in enumerate(edges)
        for place in places
        if min(len(shorter[n]), len(longer[place])) >= _SHORTEST_TELLING
    ]
    return any(_is_matched([*edges[:n], [place], *edges[n + 1 :]]) for n, place in telling)


def _is_matched(edges: list[list[int]]) -> bool:
    """Say whether each word can have a different one of those it pairs with (augmenting paths)."""
    taken: dict[int, int] = {}

    def is_placed(word: int, tried: set[int]) -> bool:
        for place in edges[word]:
            if place not in tried:
                tried.add(place)
                if place not in taken or is_placed(taken[place], tried):
                    taken[place] = word
                    return True
        return False

    return all(is_placed(word, set()) for word in range(len(edges)))


def _is_pair(one: str, other: str) -> bool:
    if one == other:
        return True
    if len(one) == 1 or len(other) == 1:
        return one[0] == other[0]
    return min(len(one), len(other)) >= _SHORTEST_MISTYPED and _is_one_edit(one, other)


def _is_one_edit(one: str, other: str) -> bool:
    """Say whether inserting, deleting, changing one letter, or swapping two neighbours makes them equal."""
    if len(one) > len(other):
        one, other = other, one
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return len(other) - len(one) == 1 and one[start:] == other[start + 1 :]
    swapped = one[:start] + one[start : start + 2][::-1] + one[start + 2 :]
    return one[start + 1 :] == other[start + 1 :] or swapped == other
