"""Answers: what no vector says, and what holds for any text at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.ciu import Answer, AnswerRefusedError, read_answer
from services.ciu.answers import ERROR_TEXTS, canonical_unchecked, sample_question
from services.ciu.folding import clean, fold_name, fold_place, phonetic, strict_v1
from services.ciu.recipes import Kind, Question

YEAR = 2026
KINDS = [kind for kind in Kind if kind is not Kind.CHOICE]
TYPED = st.one_of(
    st.text(max_size=70),
    st.text(alphabet="0123456789٣１²'’ /-", max_size=12),
    st.text(alphabet="aéÉœŋʼ' -Złß?1", max_size=20),
)


def read(kind: Kind, typed: str) -> str:
    return read_answer(sample_question(kind), typed, YEAR)


def result(question: Question, typed: str) -> str:
    """Return the canonical answer, or the code of the refusal."""
    try:
        return read_answer(question, typed, YEAR)
    except AnswerRefusedError as refused:
        return refused.code


@given(st.sampled_from(KINDS), TYPED)
def test_any_text_is_read_or_refused_by_name(kind: Kind, typed: str) -> None:
    found = result(sample_question(kind), typed)
    assert found
    assert found in ERROR_TEXTS or (found.isascii() and found == found.upper())


@given(
    st.sampled_from([Kind.YEAR, Kind.DAY, Kind.NUMBER, Kind.RAW_V1, Kind.LAST_DIGIT, Kind.GENDER, Kind.CITY2]), TYPED
)
def test_what_was_understood_is_understood_again(kind: Kind, typed: str) -> None:
    try:
        canonical = read(kind, typed)
    except AnswerRefusedError:
        return
    assert read(kind, canonical) == canonical


@given(st.sampled_from([Kind.NAME, Kind.PLACE]), TYPED)
def test_a_name_understood_is_the_same_in_capitals(kind: Kind, typed: str) -> None:
    try:
        canonical = read(kind, typed)
    except AnswerRefusedError:
        return
    if canonical != "?" and len(canonical) <= 60:
        assert read(kind, canonical) == canonical
        assert read(kind, canonical.lower()) == canonical


@given(TYPED)
def test_folding_twice_is_folding_once(typed: str) -> None:
    for fold in (fold_name, fold_place, strict_v1):
        assert fold(fold(typed)) == fold(typed)
    assert clean(clean(typed)) == clean(typed)
    assert set(fold_name(typed)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert fold_name(typed) == "".join(mark for mark in fold_place(typed) if mark.isalpha())


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_size=20))
def test_sounds_are_letters_and_never_longer(name: str) -> None:
    assert phonetic(name).isalpha() or not name
    assert len(phonetic(name)) <= len(name)


@given(st.sampled_from(KINDS), TYPED)
def test_the_code_function_takes_anything(kind: Kind, typed: str) -> None:
    assert canonical_unchecked(sample_question(kind), typed, YEAR).isascii()


@pytest.mark.parametrize(
    ("typed", "wanted"), [("12", "12"), ("il y en a 007", "7"), ("١٢", "12"), ("0", "choice"), ("41", "choice")]
)
def test_a_number_has_bounds(typed: str, wanted: str) -> None:
    assert result(Question(id="age", kind=Kind.NUMBER, min=1, max=40), typed) == wanted


def test_two_numbers_are_none() -> None:
    with pytest.raises(AnswerRefusedError, match="digits_only"):
        read(Kind.NUMBER, "12 ou 13")


def test_a_programme_may_allow_more_unknown_answers() -> None:
    question, others = sample_question(Kind.DAY), [Answer("?", "?")]
    with pytest.raises(AnswerRefusedError, match="too_many_unknown"):
        read_answer(question, "JSP", YEAR, others)
    assert read_answer(question, "JSP", YEAR, others, most_unknown=2) == "?"


@pytest.mark.parametrize(
    "body",
    [
        {"id": "sex", "kind": "choice"},
        {"id": "name", "kind": "name", "unknown": True},
        {"id": "age", "kind": "number", "min": 5, "max": 4},
        {"id": "Âge", "kind": "number"},
        {"id": "age", "kind": "number", "step": 1},
    ],
)
def test_a_question_that_makes_no_sense_is_no_question(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Question.model_validate(body)
