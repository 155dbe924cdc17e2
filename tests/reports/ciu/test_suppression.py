"""Small figures: what an observer could deduce, tried by brute force."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.ciu.suppression import Suppressed, suppress, without_total

CELLS = st.lists(st.integers(0, 9) | st.integers(0, 40), max_size=6)


def possible(shown: Suppressed, truth: list[int]) -> list[tuple[int, ...]]:
    """Return every group of counts that an observer cannot rule out; a hidden cell may be any from 5 to 19."""
    ranges = [range(1, 5) if cell == "<5" else range(5, 20) if cell == "n.d." else [int(cell)] for cell in shown.cells]
    if shown.total == "n.d.":
        return list(product(*(one if len(one) < 5 else [truth[place]] for place, one in enumerate(ranges))))
    return [group for group in product(*ranges) if sum(group) == int(shown.total)]


@settings(deadline=None)  # every possibility is tried
@given(st.lists(st.integers(0, 12), max_size=4))
def test_no_small_count_can_be_deduced(cells: list[int]) -> None:
    shown = suppress(cells)
    groups = possible(shown, cells)
    assert tuple(cells) in groups
    for place, count in enumerate(cells):
        if 0 < count < 5:
            assert len({group[place] for group in groups}) > 1, (shown, place)


@given(CELLS)
def test_what_is_shown_is_true(cells: list[int]) -> None:
    shown = suppress(cells)
    assert shown.total in {"n.d.", str(sum(cells))}
    for cell, count in zip(shown.cells, cells, strict=True):
        if 0 < count < 5:
            assert cell == "<5"
        else:
            assert cell in {"n.d.", str(count)}
    if not any(0 < count < 5 for count in cells):
        assert "n.d." not in (*shown.cells, shown.total)


@pytest.mark.parametrize(
    ("cells", "shown", "total"),
    [
        ([1, 5], ("<5", "n.d."), "n.d."),  # 6 less a hidden five is one
        ([4, 6, 6], ("<5", "n.d.", "n.d."), "16"),  # the leftmost six cannot be more than the six that is shown
        ([7, 4, 6], ("n.d.", "<5", "n.d."), "17"),
        ([12, 3, 7], ("12", "<5", "n.d."), "22"),
    ],
)
def test_a_total_that_leaves_one_answer_hides_more(cells: list[int], shown: tuple[str, ...], total: str) -> None:
    assert suppress(cells) == Suppressed(shown, total)


def test_what_another_group_hides_is_hidden_here_with_a_second() -> None:
    assert suppress([8, 20, 9], hidden={1}) == Suppressed(("n.d.", "n.d.", "9"), "37")
    assert without_total([8, 20], suppress([8, 20])) == Suppressed(("n.d.", "20"), "n.d.")
