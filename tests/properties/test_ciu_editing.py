"""However a recipe is edited, it still reads; lint, the example, the difference and the chat never fail on it."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.ciu.preview import rehearse
from core.errors import Refusal
from services.ciu import editing, find_faults, shipped
from services.ciu.difference import compare
from services.ciu.recipes import SHIPPED, Check, Group, Hash, Kind, Literally, Question, Random, Recipe, Segment
from services.ciu.recipes import parse_recipe as parse

Edit = Callable[[Recipe], Recipe]

NAMES = st.sampled_from(("birth_year", "first_name", "family_name", "commune", "age", "gender", "nobody"))
LANGUAGES = st.lists(st.sampled_from(("fr", "en", "ln", "sw")), unique=True, max_size=4)
TEXTS = st.text(max_size=40)
PARTS = st.one_of(
    st.builds(Segment, q=NAMES, take=st.sampled_from(("first", "last")), n=st.integers(1, 6)),
    st.builds(Literally, lit=st.sampled_from(("-", "CD", "/"))),
    st.builds(Hash, hash=st.just("sha256"), n=st.integers(1, 64), extend_to=st.integers(1, 64)),
    st.builds(Random, random=st.integers(4, 26)),
    st.just(Check(check="mod37")),
    st.just(Group(group="4-4-3")),
)


def _named(recipe: Recipe, name: str) -> Question | None:
    return next((one for one in recipe.questions if one.id == name), None)


def _known(name: str, change: Callable[[Recipe, Question], Recipe]) -> Edit:
    """Return an edit of a question that does nothing where there is none of this name."""

    def edit(recipe: Recipe) -> Recipe:
        question = _named(recipe, name)
        return recipe if question is None else change(recipe, question)

    return edit


def _add(name: str, kind: Kind, text: str) -> Edit:
    def edit(recipe: Recipe) -> Recipe:
        asked = editing.as_kind(Question(id=name, kind=Kind.NAME), kind, recipe.languages)
        texts = {**editing.ready_texts(kind, recipe.languages), "fr": text}
        return editing.add_question(recipe, asked, texts)

    return edit


def _put_kind(name: str, kind: Kind) -> Edit:
    def change(recipe: Recipe, question: Question) -> Recipe:
        return editing.put_question(recipe, name, editing.as_kind(question, kind, recipe.languages))

    return _known(name, change)


EDITS = st.one_of(
    st.builds(_add, NAMES, st.sampled_from(Kind), TEXTS),
    st.builds(_put_kind, NAMES, st.sampled_from(Kind)),
    NAMES.map(lambda name: _known(name, lambda recipe, _: editing.remove_question(recipe, name))),
    st.tuples(NAMES, st.integers(-9, 9)).map(
        lambda given: _known(given[0], lambda recipe, _: editing.move_question(recipe, *given))
    ),
    st.tuples(st.sampled_from(("fr", "en", "ln")), st.sampled_from(("welcome", "confirm", "ok", "help")), TEXTS).map(
        lambda given: lambda recipe: editing.put_text(recipe, *given)
    ),
    st.lists(PARTS, max_size=8).map(lambda parts: lambda recipe: editing.put_layout(recipe, parts)),
    LANGUAGES.map(lambda codes: lambda recipe: editing.put_languages(recipe, codes)),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SHIPPED), st.lists(EDITS, max_size=8))
def test_an_edited_recipe_always_reads_and_never_fails_a_reader(key: str, edits: list[Edit]) -> None:
    recipe = shipped(key)
    for edit in edits:
        try:
            recipe = edit(recipe)
        except Refusal:
            continue  # said to whoever edits; nothing has changed
        except StopIteration:
            raise AssertionError(edit) from None
    again = parse(recipe.model_dump(mode="json"))
    assert again == recipe
    faults = find_faults(recipe)
    editing.sample_code(recipe)
    assert compare(recipe, again).count == 0
    compare(shipped(key), recipe)
    if not faults:
        for language in recipe.languages:
            rehearse(recipe, language, editing.sample_answers(recipe, language))
