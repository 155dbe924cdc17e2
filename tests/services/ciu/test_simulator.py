"""The synthetic population: what a recipe would do to fifty thousand people."""

import time

import pytest

from services.ciu import shipped, simulate
from services.ciu.probabilities import people_until_collision, split_rate
from tests.services.ciu.speaker import varied

PEOPLE = 5_000


def test_the_same_seed_gives_the_same_figures() -> None:
    for recipe in ("document", "random"):
        assert simulate(shipped(recipe), PEOPLE, 7) == simulate(shipped(recipe), PEOPLE, 7)
    assert simulate(shipped("compact"), PEOPLE, 7) != simulate(shipped("compact"), PEOPLE, 8)


def test_fifty_thousand_people_take_less_than_twenty_seconds() -> None:
    told: list[float] = []
    begun = time.process_time()
    simulate(shipped("document"), 50_000, 1, tell=told.append)
    assert time.process_time() - begun < 20
    assert told == sorted(told)
    assert 10 < len(told) < 100


def test_whoever_asked_may_end_it() -> None:
    def stop(share: float) -> None:
        if share > 0.5:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        simulate(shipped("random"), PEOPLE * 4, 1, tell=stop)


def test_compact_shares_far_more_codes_than_document_shows_and_random_none() -> None:
    people = 50_000
    document, compact, drawn = (simulate(shipped(key), people, 1) for key in ("document", "compact", "random"))
    assert compact.code_shared > 5 * document.clear_shared > 0
    assert drawn.code_shared == 0
    assert document.code_shared <= document.clear_shared
    assert (document.suffix_bits, document.one_percent_at) == (20, 145)
    assert (compact.suffix_bits, compact.one_percent_at) == (0, None)


def test_more_questions_mean_fewer_collisions_and_more_splits() -> None:
    found = simulate(shipped("document"), PEOPLE, 3, error=0.1)
    shares, splits = [point.shared for point in found.curve], [point.split for point in found.curve]
    assert shares == sorted(shares, reverse=True)
    assert splits == sorted(splits)
    assert found.split == pytest.approx(0.41, abs=0.001) == splits[-1]
    assert found.answers_shared == shares[-1]


def test_any_recipe_can_be_tried_on_any_lists() -> None:
    one_name = {"first_name": {"Jean": 1.0}}
    recipe = varied(questions=[shipped("document").questions[2]], layout=shipped("document").layout[6:7])
    found = simulate(recipe, 500, 1, lists=one_name)
    assert (found.clear_shared, found.code_shared) == (1.0, 1.0)
    nobody_asked = simulate(varied("random", questions=()), 500, 1)
    assert (nobody_asked.code_shared, nobody_asked.curve) == (0.0, ())


@pytest.mark.parametrize("people", [0, 499, 500_001])
def test_the_size_has_bounds(people: int) -> None:
    with pytest.raises(ValueError, match="500"):
        simulate(shipped("document"), people, 1)


def test_chances() -> None:
    assert people_until_collision(50) == 4_757_241
    assert split_rate(0.03, 5) == pytest.approx(0.1413, abs=0.0001)
    assert split_rate(0.0, 5) == 0
