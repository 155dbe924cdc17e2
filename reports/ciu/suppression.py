"""Small figures: nobody must be found by subtraction (decision 0015)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

SMALLEST_SHOWN = 5
FEW, HIDDEN = f"<{SMALLEST_SHOWN}", "n.d."
FEWEST_HIDDEN = 2


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A group of cells and its total, as they are shown."""

    cells: tuple[str, ...]
    total: str

    @property
    def has_total(self) -> bool:
        """Whether the total is shown."""
        return self.total != HIDDEN


def suppress(cells: Sequence[int], hidden: Collection[int] = ()) -> Suppressed:
    """Return a group of counts as an observer sees it: 1 to 4 as `<5`, and others hidden until nothing can be deduced.

    Hides the smallest other non-zero cell, leftmost on a tie, while fewer than two are hidden or the total less the
    cells shown gives a hidden one away; when none is left to hide, the total is hidden. `hidden` are places that must
    not be shown whatever they hold, because another group would give them away.
    """
    group = _Group(cells, [place for place in hidden if cells[place] >= SMALLEST_SHOWN])
    others = sorted(group.shown, key=cells.__getitem__)
    while others and group.is_deducible:
        group.hidden.add(others.pop(0))
    signs = {**dict.fromkeys(group.few, FEW), **dict.fromkeys(group.hidden, HIDDEN)}
    total = HIDDEN if group.is_deducible else str(sum(cells))
    return Suppressed(tuple(signs.get(place, str(count)) for place, count in enumerate(cells)), total)


def without_total(cells: Sequence[int], shown: Suppressed) -> Suppressed:
    """Return a group whose total is not to be known, which would be by adding it up: its smallest cell goes."""
    if FEW in shown.cells or HIDDEN in shown.cells or not any(cells):
        return Suppressed(shown.cells, HIDDEN)
    least = min((place for place, count in enumerate(cells) if count), key=cells.__getitem__)
    return Suppressed(tuple(HIDDEN if place == least else cell for place, cell in enumerate(shown.cells)), HIDDEN)


class _Group:
    """Cells of which some are shown as few, some are hidden, and the others are there to be subtracted."""

    def __init__(self, cells: Sequence[int], forced: Collection[int]) -> None:
        self.cells = cells
        self.forced, self.hidden = frozenset(forced), set(forced)
        self.few = {place for place, count in enumerate(cells) if 0 < count < SMALLEST_SHOWN}

    @property
    def shown(self) -> list[int]:
        """The places of the counts that are shown; a zero hides nothing."""
        return [p for p, count in enumerate(self.cells) if count >= SMALLEST_SHOWN and p not in self.hidden]

    @property
    def is_deducible(self) -> bool:
        """Say whether what is shown, with its total, gives a hidden count away."""
        if not self.few and not self.hidden:
            return False
        if len(self.few) + len(self.hidden) < FEWEST_HIDDEN:
            return True
        bounds = [(1, SMALLEST_SHOWN - 1)] * len(self.few) + [(SMALLEST_SHOWN, self._most(p)) for p in self.hidden]
        rest = sum(self.cells[place] for place in self.few | self.hidden)
        least, most = sum(low for low, _ in bounds), sum(high for _, high in bounds)
        return any(max(low, rest - (most - high)) >= min(high, rest - (least - low)) for low, high in bounds)

    def _most(self, place: int) -> int:
        """Return the most a hidden cell can be to who knows that the smallest goes first, leftmost on a tie."""
        if place in self.forced:
            return sum(self.cells)
        bounds = [self.cells[other] - (other < place) for other in self.shown]
        return min(bounds, default=sum(self.cells))
