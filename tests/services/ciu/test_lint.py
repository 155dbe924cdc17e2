"""What keeps a recipe from being published."""

from typing import Any

import pytest

from services.ciu import find_faults, parse_recipe, shipped
from services.ciu.recipes import SHIPPED
from tests.services.ciu.speaker import varied, with_texts

DOCUMENT = shipped("document").model_dump(mode="json", exclude_none=True)
OPTIONS = [
    {"code": "A", "labels": {"fr": "Retour", "en": "Back", "ln": "Zonga"}},
    {"code": "B", "labels": {"fr": "Moto", "en": "Motorbike"}},
]


def rules(**changes: Any) -> set[tuple[str, str]]:
    return {(one.rule, one.place) for one in find_faults(parse_recipe({**DOCUMENT, **changes}))}


@pytest.mark.parametrize("key", SHIPPED)
def test_the_ready_recipes_may_be_published(key: str) -> None:
    assert find_faults(shipped(key)) == []


def test_a_text_missing_in_any_language_is_found() -> None:
    texts = {**DOCUMENT["texts"], "ln": {**DOCUMENT["texts"]["ln"], "help": " "}, "en": {}}
    found = rules(texts=texts)
    assert ("missing_text", "ln.help") in found
    assert ("missing_text", "en.first_name") in found
    assert not any(place.startswith("fr.") for _, place in found)


def test_texts_are_short_and_say_what_they_must() -> None:
    long = with_texts(shipped("document"), help="x" * 1001)
    assert {one.rule for one in find_faults(long)} == {"long_text"}
    bare = with_texts(shipped("document"), issued="C'est fait, {prenom}.")
    assert [one.rule for one in find_faults(bare)] == ["unknown_placeholder", "missing_placeholder"] * 3
    flat = with_texts(shipped("document"), consent_ask="Acceptez-vous ? 1 Oui 2 Non")
    assert {one.rule for one in find_faults(flat)} == {"choices"}


def test_questions_have_names_of_their_own() -> None:
    questions = DOCUMENT["questions"]
    assert ("duplicate_id", "birth_year") in rules(questions=[*questions, questions[0]])
    assert ("reserved_id", "welcome") in rules(questions=[*questions, {"id": "welcome", "kind": "name"}])


def test_a_label_is_no_command_and_speaks_every_language() -> None:
    found = rules(questions=[*DOCUMENT["questions"], {"id": "road", "kind": "choice", "options": OPTIONS}])
    assert {("command_label", "road:A"), ("missing_text", "road:B"), ("missing_text", "fr.road")} <= found


@pytest.mark.parametrize(
    ("layout", "rule"),
    [
        ([{"lit": "CIU"}], "empty_layout"),
        ([], "empty_layout"),
        ([{"q": "mother", "take": "first", "n": 3}], "unknown_question"),
        ([{"hash": "sha256", "n": 8, "extend_to": 5}], "hash_size"),
        ([{"hash": "sha256", "n": 5}, {"hash": "sha256", "n": 5}], "repeated_part"),
        ([{"hash": "sha256", "n": 5}, {"check": "mod37"}], "part_order"),
        ([{"random": 10}, {"lit": "-"}, {"group": "4-4"}], "part_order"),
    ],
)
def test_a_layout_tells_people_apart(layout: list[dict[str, Any]], rule: str) -> None:
    assert rule in {found for found, _ in rules(layout=layout)}


def test_fewer_languages_need_fewer_choices() -> None:
    two = varied(languages=("fr", "en"))
    assert {(one.rule, one.place) for one in find_faults(two)} == {
        ("choices", "fr.language_ask"),
        ("choices", "en.language_ask"),
    }
