"""A recipe being written: questions come, go and move with their texts and their place in the code."""

import pytest

from services.ciu import editing, find_faults, shipped
from services.ciu.difference import Change, compare
from services.ciu.editing import NotARecipe, QuestionIdRefused, TooManyQuestions
from services.ciu.recipes import SHIPPED, Hash, Kind, Literally, Question, Recipe, Segment

ASKED = {
    "fr": "Dans quelle commune habitez-vous ? Exemple : Gombe",
    "en": "Which commune do you live in? Example: Gombe",
    "ln": "Ofandi na komini nini? Ndakisa: Gombe",
}
COMMUNE = Question(id="commune", kind=Kind.PLACE, unknown=True)


def with_commune() -> Recipe:
    return editing.add_question(shipped("document"), COMMUNE, ASKED)


def ids(recipe: Recipe) -> list[str]:
    return [question.id for question in recipe.questions]


def test_a_question_comes_with_its_sentences_and_may_be_published() -> None:
    recipe = with_commune()
    assert ids(recipe)[-1] == "commune"
    assert {language: recipe.texts[language]["commune"] for language in recipe.languages} == ASKED
    assert find_faults(recipe) == []
    assert not recipe.is_comparable(shipped("document"))
    assert editing.sample_answers(recipe, "ln") == ["1985", "Kinshasa", "Jean", "15", "Kabila", "Gombe"]


def test_a_question_takes_its_segment_and_one_dash_along() -> None:
    shorter = editing.remove_question(shipped("document"), "first_name")
    assert ids(shorter) == ["birth_year", "mother_birthplace", "birth_day", "family_name"]
    assert "first_name" not in shorter.texts["en"]
    assert [part.q for part in shorter.layout if isinstance(part, Segment)] == [
        "birth_year", "mother_birthplace", "birth_day", "family_name",
    ]  # fmt: skip
    assert sum(isinstance(part, Literally) for part in shorter.layout) == 4
    assert editing.sample_code(shorter).startswith("985-KINS-15-KABI-")
    first = editing.remove_question(shipped("document"), "birth_year")
    assert editing.sample_code(first).startswith("KINS-15-JEA-KABI-")
    nobody = shipped("document")
    for name in ids(nobody):
        nobody = editing.remove_question(nobody, name)
    assert nobody.layout == (Hash(hash="sha256", n=5),)
    assert {fault.rule for fault in find_faults(nobody)} == {"nobody_asked"}


def test_questions_move_and_stop_at_both_ends() -> None:
    recipe = editing.move_question(shipped("document"), "birth_day", -2)
    assert ids(recipe)[1:3] == ["birth_day", "mother_birthplace"]
    assert editing.move_question(recipe, "birth_year", -1) == recipe
    assert not recipe.is_comparable(shipped("document"))
    assert find_faults(recipe) == []


def test_a_name_changes_everywhere() -> None:
    asked = shipped("document").questions[0].model_copy(update={"id": "year"})
    recipe = editing.put_question(shipped("document"), "birth_year", asked)
    assert ids(recipe)[0] == recipe.layout[0].model_dump()["q"] == "year"
    assert recipe.texts["en"]["year"] == "Which year were you born? Example: 1985"
    assert find_faults(recipe) == []


@pytest.mark.parametrize("name", ["birth_year", "welcome", "Année", "1er", "", "x" * 33])
def test_a_name_is_small_free_and_no_texts(name: str) -> None:
    asked = Question.model_construct(id=name, kind=Kind.NAME, unknown=False, options=(), min=0, max=9)
    with pytest.raises(QuestionIdRefused):
        editing.add_question(shipped("document"), asked, {})


def test_nobody_is_asked_twenty_one_questions() -> None:
    recipe = shipped("document")
    for number in range(15):
        recipe = editing.add_question(recipe, Question(id=f"q{number}", kind=Kind.NAME), {})
    with pytest.raises(TooManyQuestions):
        editing.add_question(recipe, Question(id="last", kind=Kind.NAME), {})


def test_a_kind_brings_what_it_needs() -> None:
    chosen = editing.as_kind(COMMUNE, Kind.CHOICE, ("fr", "en"))
    assert [option.code for option in chosen.options] == ["A", "B"]
    assert chosen.unknown is False
    named = editing.as_kind(chosen, Kind.NAME, ("fr", "en"))
    assert named.options == ()
    assert editing.as_kind(COMMUNE, Kind.YEAR, ("fr",)).unknown is True
    assert editing.ready_texts(Kind.GENDER, ("fr", "sw"))["fr"].endswith("4 Autre")
    assert editing.ready_texts(Kind.NAME, ("fr",)) == {"fr": ""}


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("Dans quelle commune habitez-vous ?", "commune_habitez"),
        ("Où est née votre mère ? Ville", "nee_mere"),
        ("Quel est votre âge ?", "age"),
        ("Ngɔmá?", "ngoma"),
        ("Année ?", "annee"),
        ("2e prénom ?", "question"),
        ("???", "question"),
        ("Accueil welcome", "accueil_welcome"),
        ("Help ?", "help_2"),
    ],
)
def test_a_name_comes_from_the_sentence(sentence: str, name: str) -> None:
    assert editing.fresh_id(shipped("document"), sentence) == name


def test_languages_come_without_texts_and_leave_with_theirs() -> None:
    more = editing.put_languages(shipped("document"), ["fr", "en", "ln", "sw"])
    assert {fault.place for fault in find_faults(more) if fault.rule == "missing_text"} >= {"sw.welcome", "sw.help"}
    fewer = editing.put_languages(shipped("document"), ["ln"])
    assert (fewer.languages, fewer.default_language, list(fewer.texts)) == (("ln",), "ln", ["ln"])
    with pytest.raises(NotARecipe):
        editing.put_languages(fewer, [])


def test_what_cannot_be_read_is_refused_in_words() -> None:
    with pytest.raises(NotARecipe) as refused:
        editing.changed(shipped("document"), layout=[{"lit": "é"}])
    assert "layout.0" in str(refused.value)
    with pytest.raises(NotARecipe) as refused:
        editing.changed(shipped("document"), default_language="sw")
    assert "langue par défaut" in str(refused.value)


@pytest.mark.parametrize("key", SHIPPED)
def test_every_ready_recipe_has_an_example(key: str) -> None:
    expected = {"document": "985-KINS-15-JEA-KABI-", "document-v1": "985-KINS15-JEA-KABI-", "compact": "KABKAB5KI1"}
    assert editing.sample_code(shipped(key)).startswith(expected.get(key, ""))


def test_the_difference_is_told_piece_by_piece() -> None:
    before = shipped("document")
    after = editing.move_question(with_commune(), "birth_day", -1)
    after = editing.put_text(after, "fr", "help", "Écrivez au centre.")
    after = editing.changed(after, consent="explicit", confirm_style="masked")
    found = compare(before, after)
    assert {(one.name, one.change) for one in found.questions} == {
        ("commune", Change.ADDED), ("birth_day", Change.MOVED), ("first_name", Change.MOVED),
    }  # fmt: skip
    assert found.layout is None
    assert [(one.name, one.after) for one in found.rules] == [("consent", "explicit"), ("confirm_style", "masked")]
    assert {(one.language, one.key) for one in found.texts} == {
        ("fr", "commune"), ("en", "commune"), ("ln", "commune"), ("fr", "help"),
    }  # fmt: skip
    assert found.breaks_matching
    assert found.count == 9


def test_words_and_rules_alone_leave_people_known() -> None:
    before = shipped("document")
    found = compare(before, editing.put_languages(editing.put_layout(before, before.layout[2:]), ["fr", "en"]))
    assert not found.breaks_matching
    assert found.layout is not None
    assert compare(before, before).count == 0
