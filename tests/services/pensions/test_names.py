"""Two names side by side: what people and switches write for one person, and what only looks like it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pensions.names import NameVerdict, best_of, compare

names = st.text(alphabet="ABCDEÉ -'.k", max_size=30) | st.text(max_size=20)


@pytest.mark.parametrize(
    ("declared", "found", "verdict"),
    [
        ("KOSSOU Adjoa", "Adjoa Kossou", NameVerdict.SAME),
        ("Mlle Kossou", "KOSSOU", NameVerdict.SAME),
        ("Adjoa Kossou", "A. Kossôu", NameVerdict.CLOSE),
        ("Adjoa Kossou", "A. K.", NameVerdict.DIFFERENT),
        ("Kossou Kossou", "Kossou Adjoa", NameVerdict.DIFFERENT),
        ("Hounsou", "Hounsour", NameVerdict.CLOSE),
        ("Hounsou", "Ounsour", NameVerdict.DIFFERENT),
        ("Ab Cd", "Ab Cd Ef", NameVerdict.DIFFERENT),
        ("Mme", "Adjoa", NameVerdict.ABSENT),
        ("...", "Adjoa", NameVerdict.ABSENT),
    ],
)
def test_a_pair_of_names(declared: str, found: str, verdict: NameVerdict) -> None:
    assert compare(declared, found) is verdict


@given(names, names)
def test_who_is_declared_and_who_is_found_may_change_places(one: str, other: str) -> None:
    assert compare(one, other) is compare(other, one)


@given(names)
def test_a_name_is_itself(name: str) -> None:
    assert compare(name, name) in {NameVerdict.SAME, NameVerdict.ABSENT}


def test_the_best_of_what_the_switch_gives() -> None:
    assert best_of("Kossou Adjoa", ("Zinsou Paul", "Adjoa K.")) == (NameVerdict.CLOSE, "Adjoa K.")
    assert best_of("Kossou Adjoa", ()) == (NameVerdict.ABSENT, "")


def test_a_hostile_name_costs_nothing() -> None:
    started = time.process_time()
    compare(" ".join(["A"] * 63 + ["B"]), " ".join(["A"] * 63 + ["C"]))
    assert time.process_time() - started < 1
