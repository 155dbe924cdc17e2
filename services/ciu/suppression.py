"""Small figures of exports: nobody must be found by subtraction."""

from collections.abc import Sequence
from dataclasses import dataclass

SMALLEST_SHOWN = 5
FEW, HIDDEN = f"<{SMALLEST_SHOWN}", "n.d."
FEWEST_HIDDEN = 2


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A group of cells and its total, as they are shown."""

    cells: tuple[str, ...]
    total: str


def suppress(cells: Sequence[int]) -> Suppressed:
    """Return a group of counts as an observer sees it: 1 to 4 as `<5`, and others hidden until nothing can be deduced.

    Hides the smallest other non-zero cell, leftmost on a tie, while fewer than two are hidden or the hidden ones can
    only all be 1 or all be 4; when none is left to hide, the total is hidden.
    """
    few = {place for place, count in enumerate(cells) if 0 < count < SMALLEST_SHOWN}
    others = sorted((place for place in range(len(cells)) if cells[place] >= SMALLEST_SHOWN), key=cells.__getitem__)
    hidden: set[int] = set()
    while others and _is_deducible(cells, few, hidden):
        hidden.add(others.pop(0))
    signs = {**dict.fromkeys(few, FEW), **dict.fromkeys(hidden, HIDDEN)}
    total = HIDDEN if _is_deducible(cells, few, hidden) else str(sum(cells))
    return Suppressed(tuple(signs.get(place, str(count)) for place, count in enumerate(cells)), total)


def _is_deducible(cells: Sequence[int], few: set[int], hidden: set[int]) -> bool:
    """Say whether what is shown, with its total, gives a hidden count away."""
    if not few:
        return False
    if len(few) + len(hidden) < FEWEST_HIDDEN:
        return True
    least, most = len(few), len(few) * (SMALLEST_SHOWN - 1)
    return not hidden and sum(cells[place] for place in few) in {least, most}
