"""Who comes back, and who may be the same person."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ciu import QUEUE_SCORE, code_digest, match_digest, near_digests, read_match_keys, score, shipped
from services.ciu.matching import framed

KEY = bytes(range(32))
SPACE = "ciu:document.1"
PERSON = ("1980", "MWENEDITU", "TSHILOMBO", "12", "MUKENDY")
ANSWERS = st.lists(st.text(max_size=6), max_size=4)


@given(ANSWERS, ANSWERS)
def test_two_lists_of_answers_never_meet(left: list[str], right: list[str]) -> None:
    readable = [all(not 0xD800 <= ord(mark) < 0xE000 for answer in one for mark in answer) for one in (left, right)]
    if all(readable) and len(left) == len(right):
        assert (framed(left) == framed(right)) == (left == right)


def near(*person: str) -> set[tuple[str, bytes]]:
    return set(near_digests(KEY, shipped("document"), SPACE, person).items())


@pytest.mark.parametrize(
    ("other", "points"),
    [
        (("1980", "MUENEDITU", "CHILOMBO", "12", "MUKENDI"), 90),
        (("1981", *PERSON[1:]), 75),
        ((*PERSON[:3], "13", PERSON[4]), 75),
        (("1980", "GOMA", *PERSON[2:]), 70),
        ((*PERSON[:2], "NGALULA", *PERSON[3:]), 55),
        ((*PERSON[:4], "ILUNGA"), 55),
        (("1981", "GOMA", *PERSON[2:]), 0),
    ],
)
def test_what_one_difference_proves(other: tuple[str, ...], points: int) -> None:
    labels = {label for label, _ in near(*PERSON) & near(*other)}
    recipe = shipped("document")
    assert score(recipe, labels, is_same_identity=False) == points
    assert score(recipe, labels, is_same_identity=True) == (min(points + 10, 99) if points else 0)


def test_twins_enter_the_queue_from_one_phone_only() -> None:
    twin = {"without:first_name"}
    assert score(shipped("document"), twin, is_same_identity=False) < QUEUE_SCORE
    assert score(shipped("document"), twin, is_same_identity=True) >= QUEUE_SCORE


def test_spaces_keys_and_purposes_never_meet() -> None:
    digests = {
        match_digest(KEY, SPACE, PERSON),
        match_digest(KEY, "pnls:document.1", PERSON),
        match_digest(KEY[::-1], SPACE, PERSON),
        code_digest(KEY, "985-KINS-15-JEA-KABI-DA6A7"),
        *near_digests(KEY, shipped("document"), SPACE, PERSON).values(),
    }
    assert len(digests) == 10
    assert {len(digest) for digest in digests} == {32}


def test_match_keys_are_read_by_version() -> None:
    first, second = (base64.urlsafe_b64encode(key).decode().rstrip("=") for key in (KEY, KEY[::-1]))
    assert list(read_match_keys(f"2:{second}, 1:{first}=").items()) == [(1, KEY), (2, KEY[::-1])]
    for wrong in (first, f"1:{first[:-4]}", f"1:{first},1:{second}", "1:é", f"x:{first}"):
        with pytest.raises(ValueError, match="CIU_MATCH_KEYS"):
            read_match_keys(wrong)
