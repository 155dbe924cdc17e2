"""A recipe being written: each change gives another recipe, which always reads; what it still lacks, lint says."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from core.errors import FieldRefusal, Refusal
from services.ciu.answers import AnswerRefusedError, read_answer
from services.ciu.codes import build_code
from services.ciu.folding import spread
from services.ciu.lint import TEXT_KEYS
from services.ciu.recipes import (
    UNKNOWABLE_KINDS,
    Kind,
    LayoutPart,
    Literally,
    Option,
    Question,
    Recipe,
    Segment,
    parse_recipe,
    shipped,
)

EXAMPLE_SALT = "palabre-example-salt"
EXAMPLE_YEAR = 2026
MOST_QUESTIONS = 20
LONGEST_ID = 32

_NO_LETTER = re.compile(r"[^a-z0-9]+")
_STOP_WORDS = frozenset({
    "quel", "quelle", "quels", "quelles", "est", "votre", "vos", "vous", "avez", "etes", "ou", "de", "du", "des", "la",
    "le", "les", "en", "dans", "sur", "par", "pour", "un", "une", "a", "d", "l",
})  # fmt: skip
_ID = re.compile(r"[a-z][a-z0-9_]{0,31}")
# The example that a question gives, in the words of the ready recipes.
_EXAMPLE = re.compile(r"(?:Exemple|Example|Ndakisa)\s*:\s*([^\n.]+)")
_NUMBERED = re.compile(r"([0-9]{1,2}) .+")
_SAMPLES = {
    Kind.NAME: "Jean",
    Kind.PLACE: "Kinshasa",
    Kind.YEAR: "1985",
    Kind.DAY: "15",
    Kind.CHOICE: "1",
    Kind.RAW_V1: "Kinshasa",
    Kind.LETTERS3: "Kab",
    Kind.LAST_DIGIT: "5",
    Kind.CITY2: "KI",
    Kind.GENDER: "1",
}


class NotARecipe(Refusal):
    """The document cannot be read as a recipe at all."""

    code = "recette_illisible"
    status = 422
    sentence = "Cette recette ne se lit pas : {detail}."


class QuestionIdRefused(FieldRefusal):
    """The name of a question is written in small letters, and is its own."""

    code = "identifiant_de_question"
    status = 422
    sentence = "Minuscules, chiffres et _ ; ni celui d'une autre question, ni celui d'un texte."
    field = "id"


class TooManyQuestions(Refusal):
    """Nobody answers so many on a telephone."""

    code = "trop_de_questions"
    status = 409
    sentence = "{most} questions au plus."


def read_recipe(body: Mapping[str, Any]) -> Recipe:
    """Return the recipe a document is; refuse with `NotARecipe` what cannot be read."""
    try:
        return parse_recipe(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in fault["loc"])
        detail = str(fault.get("ctx", {}).get("error", "")) if fault["type"] == "value_error" else place
        raise NotARecipe(detail=detail or place) from error


def changed(recipe: Recipe, **fields: Any) -> Recipe:
    """Return the recipe with other fields, read anew."""
    return read_recipe({**recipe.model_dump(mode="json"), **fields})


def is_weak(recipe: Recipe) -> bool:
    """Say whether two people with equal segments would get one code: nothing in it tells them apart."""
    return recipe.hash_part is None and not recipe.has_draw


# Questions


def add_question(recipe: Recipe, question: Question, texts: Mapping[str, str]) -> Recipe:
    """Return the recipe with one question more, at the end, its sentence in each language."""
    if len(recipe.questions) >= MOST_QUESTIONS:
        raise TooManyQuestions(most=MOST_QUESTIONS)
    _require_free(recipe, question.id)
    said = {language: {**own, question.id: texts.get(language, "").strip()} for language, own in recipe.texts.items()}
    return changed(recipe, questions=_dump([*recipe.questions, question]), texts=said)


def remove_question(recipe: Recipe, name: str) -> Recipe:
    """Return the recipe without a question, its sentences and the places where the code showed it."""
    texts = {language: {key: one for key, one in own.items() if key != name} for language, own in recipe.texts.items()}
    kept: list[LayoutPart] = []
    for part in recipe.layout:
        if isinstance(part, Segment) and part.q == name:
            continue
        is_second_dash = isinstance(part, Literally) and (not kept or isinstance(kept[-1], Literally))
        if not is_second_dash:
            kept.append(part)
    if kept and isinstance(kept[-1], Literally) and not isinstance(recipe.layout[-1], Literally):
        kept.pop()
    questions = [one for one in recipe.questions if one.id != name]
    return changed(recipe, questions=_dump(questions), texts=texts, layout=_dump(kept))


def move_question(recipe: Recipe, name: str, by: int) -> Recipe:
    """Return the recipe with a question asked `by` places later; earlier when negative."""
    questions = list(recipe.questions)
    at = next(place for place, one in enumerate(questions) if one.id == name)
    to = min(max(at + by, 0), len(questions) - 1)
    questions.insert(to, questions.pop(at))
    return changed(recipe, questions=_dump(questions))


def put_question(recipe: Recipe, name: str, question: Question) -> Recipe:
    """Return the recipe with a question read another way, or under another name, everywhere it stands."""
    if question.id != name:
        _require_free(recipe, question.id)
    texts = {
        language: {question.id if key == name else key: text for key, text in own.items()}
        for language, own in recipe.texts.items()
    }
    layout = [
        part.model_copy(update={"q": question.id}) if isinstance(part, Segment) and part.q == name else part
        for part in recipe.layout
    ]
    questions = [question if one.id == name else one for one in recipe.questions]
    return changed(recipe, questions=_dump(questions), texts=texts, layout=_dump(layout))


def as_kind(question: Question, kind: Kind, languages: Sequence[str]) -> Question:
    """Return a question read as another kind, with what that kind needs to be read at all."""
    options = question.options if kind is Kind.CHOICE else ()
    if kind is Kind.CHOICE and not options:
        options = tuple(Option(code=code, labels=dict.fromkeys(languages, "")) for code in "AB")
    is_unknowable = question.unknown and kind in UNKNOWABLE_KINDS
    return question.model_copy(update={"kind": kind, "options": options, "unknown": is_unknowable})


def fresh_id(recipe: Recipe, sentence: str) -> str:
    """Return a name for a question that nothing has yet, out of the words it asks with."""
    plain = _NO_LETTER.sub(" ", spread(sentence.partition("?")[0]).lower()).split()
    words = [word for word in plain if word not in _STOP_WORDS] or plain
    base = "_".join(words[:3])[: LONGEST_ID - 3].strip("_")
    base = base if _ID.fullmatch(base) else "question"
    taken = {*TEXT_KEYS, *(one.id for one in recipe.questions)}
    names = (base, *(f"{base}_{number}" for number in range(2, 2 * MOST_QUESTIONS)))
    return next(name for name in names if name not in taken)


def ready_texts(kind: Kind, languages: Sequence[str]) -> dict[str, str]:
    """Return the sentences of a kind whose choices stand in its text; empty ones for the others."""
    texts = shipped("compact").texts if kind is Kind.GENDER else {}
    return {language: texts.get(language, {}).get("gender", "") for language in languages}


def sample_answers(recipe: Recipe, language: str) -> list[str]:
    """Return an answer to each question: the example it gives in this language, else one of its kind."""
    return [_sample(question, recipe.texts.get(language, {}).get(question.id, "")) for question in recipe.questions]


def sample_code(recipe: Recipe) -> str:
    """Return the code of the sample answers, nothing while the layout cannot make one; its salt is nobody's."""
    ids = {question.id for question in recipe.questions}
    if any(isinstance(part, Segment) and part.q not in ids for part in recipe.layout):
        return ""
    answers = zip(recipe.questions, sample_answers(recipe, recipe.default_language), strict=True)
    return build_code(recipe, [_read(*one) for one in answers], EXAMPLE_SALT).text


def _read(question: Question, typed: str) -> str:
    try:
        return read_answer(question, typed, EXAMPLE_YEAR)
    except AnswerRefusedError:
        return typed.upper()


# Texts and layout


def put_text(recipe: Recipe, language: str, key: str, text: str) -> Recipe:
    """Return the recipe with one text changed in one language."""
    return changed(recipe, texts={**recipe.texts, language: {**recipe.texts.get(language, {}), key: text}})


def put_layout(recipe: Recipe, parts: Sequence[LayoutPart]) -> Recipe:
    """Return the recipe with its code laid out in these parts."""
    return changed(recipe, layout=_dump(parts))


def put_languages(recipe: Recipe, languages: Sequence[str]) -> Recipe:
    """Return the recipe in these languages; a new one begins without texts, one that leaves takes its own along."""
    texts = {language: dict(recipe.texts.get(language, {})) for language in languages}
    questions = [
        one.model_copy(update={"options": tuple(_in_languages(option, languages) for option in one.options)})
        for one in recipe.questions
    ]
    default = recipe.default_language if recipe.default_language in languages else next(iter(languages), "")
    return changed(recipe, languages=list(languages), default_language=default, texts=texts, questions=_dump(questions))


def _in_languages(option: Option, languages: Sequence[str]) -> Option:
    return Option(code=option.code, labels={language: option.labels.get(language, "") for language in languages})


def _sample(question: Question, text: str) -> str:
    if question.kind is Kind.NUMBER:
        return str(question.min)
    if question.kind is Kind.GENDER:
        found = next(filter(None, map(_NUMBERED.fullmatch, text.split("\n"))), None)
        return found[1] if found else _SAMPLES[Kind.GENDER]
    example = _EXAMPLE.search(text)
    return example[1].strip() if example else _SAMPLES[question.kind]


def _require_free(recipe: Recipe, name: str) -> None:
    if not _ID.fullmatch(name) or name in TEXT_KEYS or name in {one.id for one in recipe.questions}:
        raise QuestionIdRefused


def _dump(parts: Sequence[Any]) -> list[dict[str, Any]]:
    return [part.model_dump(mode="json") for part in parts]
