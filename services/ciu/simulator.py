"""A population of synthetic people: how often a recipe's codes would meet, and how often a slip would split one person.

People are drawn from frequency lists that anybody may edit; never from records. The same seed gives the same figures.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from random import Random as Dice
from typing import Any

import yaml

from services.ciu.answers import AnswerRefusedError, canonical_unchecked, read_answer
from services.ciu.codes import build_code, clear_part, suffix_bits
from services.ciu.probabilities import people_until_collision, split_rate
from services.ciu.random_codes import draw_symbols
from services.ciu.recipes import DATA, Kind, Question, Random, Recipe

FEWEST_PEOPLE, MOST_PEOPLE = 500, 500_000
YEAR = 2026  # the year of the lists: figures must not change with the calendar
SALT = "simulated-population-1"

Lists = Mapping[str, Mapping[str, float]]
Tell = Callable[[float], None]

TELLS_EVERY = 5_000  # people
DRAWN, CLEAR, CODED = 0.2, 0.35, 0.85  # how far each stage is, of 1


@dataclass(frozen=True, slots=True)
class Point:
    """After so many questions: how many people share all their answers, and how many who come back are split."""

    questions: int
    shared: float
    split: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a recipe does to a population; shares are 0 to 1, of people.

    `clear_shared` share what the code shows of them; `code_shared` the whole code as first built, before it is
    lengthened; `answers_shared` all their answers: no recipe tells them apart.
    """

    people: int
    seed: int
    clear_shared: float
    code_shared: float
    answers_shared: float
    suffix_bits: int
    one_percent_at: int | None
    error: float
    split: float
    curve: tuple[Point, ...]


@lru_cache(maxsize=1)
def shipped_lists() -> Lists:
    """Return the frequency lists that come with the product: names, towns, years, days, genders."""
    lists: dict[str, Any] = yaml.safe_load((DATA / "population.yaml").read_text(encoding="utf-8"))
    return {name: {str(value): float(weight) for value, weight in one.items()} for name, one in lists.items()}


def simulate(
    recipe: Recipe,
    people: int,
    seed: int,
    error: float = 0.03,
    lists: Lists | None = None,
    tell: Tell = lambda _: None,
) -> Simulation:
    """Draw `people` (500 to 500 000) and return the figures; `error` is the chance of a slip in one typed answer.

    `tell` hears how far it is, 0 to 1, several times a second; what it raises ends the work.
    """
    if not FEWEST_PEOPLE <= people <= MOST_PEOPLE:
        raise ValueError(f"{FEWEST_PEOPLE} to {MOST_PEOPLE} people")
    columns = []
    for place, question in enumerate(recipe.questions):
        tell(DRAWN * place / len(recipe.questions))
        columns.append(_column(recipe, question, people, seed, lists or shipped_lists()))
    persons = list(zip(*columns, strict=True)) if columns else [()] * people
    bits = suffix_bits(recipe)
    return Simulation(
        people=people,
        seed=seed,
        clear_shared=_shared(_each(persons, lambda person: clear_part(recipe, person), tell, (DRAWN, CLEAR))),
        code_shared=_shared(_codes(recipe, persons, seed, tell)),
        answers_shared=_shared(persons) if columns else 0.0,
        suffix_bits=bits,
        one_percent_at=people_until_collision(bits) if bits else None,
        error=error,
        split=split_rate(error, len(columns)),
        curve=tuple(
            Point(count, _shared([person[:count] for person in persons]), split_rate(error, count))
            for count in range(1, len(columns) + 1)
        ),
    )


def _codes(recipe: Recipe, persons: Sequence[Sequence[str]], seed: int, tell: Tell) -> list[str]:
    dice = _dice(seed, "symbols")
    count = sum(part.random for part in recipe.layout if isinstance(part, Random))

    def code(person: Sequence[str]) -> str:
        symbols = draw_symbols(count, dice.choice) if count else None
        return build_code(recipe, person, SALT, symbols=symbols).text

    return _each(persons, code, tell, (CLEAR, CODED))


def _each(
    persons: Sequence[Sequence[str]], make: Callable[[Sequence[str]], str], tell: Tell, stage: tuple[float, float]
) -> list[str]:
    """Return what is made of each person, telling from time to time how far it is."""
    begins, ends = stage
    made = []
    for place, person in enumerate(persons):
        if place % TELLS_EVERY == 0:
            tell(begins + (ends - begins) * place / len(persons))
        made.append(make(person))
    return made


def _shared(values: Sequence[object]) -> float:
    """Return the share of people whose value somebody else has too."""
    return sum(count for count in Counter(values).values() if count > 1) / len(values)


def _column(recipe: Recipe, question: Question, people: int, seed: int, lists: Lists) -> list[str]:
    """Return everybody's canonical answer to one question."""
    weights = _weights(question, lists)
    canonical = [_canonical(question, value) for value in weights]
    dice = _dice(seed, f"{recipe.canon}:{question.id}")
    return dice.choices(canonical, cum_weights=list(accumulate(weights.values())), k=people)


def _weights(question: Question, lists: Lists) -> Mapping[str, float]:
    """Return the list a question draws from: that of its own name, else that of its kind."""
    if question.kind is Kind.CHOICE:
        return {str(number): 1.0 for number in range(1, len(question.options) + 1)}
    if question.kind is Kind.NUMBER:
        return {str(number): 1.0 for number in range(question.min, min(question.max, question.min + 999) + 1)}
    return lists[question.id] if question.id in lists else lists[_LISTS[question.kind]]


def _canonical(question: Question, value: str) -> str:
    if question.kind is Kind.CITY2:
        value = value[:2]
    try:
        return read_answer(question, value, YEAR)
    except AnswerRefusedError:
        return canonical_unchecked(question, value, YEAR)


def _dice(seed: int, name: str) -> Dice:
    octets = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return Dice(int.from_bytes(octets, "big"))  # noqa: S311  # a seed that is known is the point


_LISTS = {
    Kind.NAME: "first_name",
    Kind.PLACE: "mother_birthplace",
    Kind.YEAR: "birth_year",
    Kind.DAY: "birth_day",
    Kind.RAW_V1: "first_name",
    Kind.LETTERS3: "first_name",
    Kind.LAST_DIGIT: "birth_year",
    Kind.CITY2: "mother_birthplace",
    Kind.GENDER: "gender",
}
