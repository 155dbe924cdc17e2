"""People of a health programme: invented, no two with the same answers, and one who answers whatever a bot asks."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from services.ciu.answers import Answer, read_answer
from services.ciu.recipes import Recipe, shipped
from services.ciu.simulator import shipped_lists

DOCUMENT = shipped("document")
YEAR = 2026
LONGEST_TALK = 60

_ASKED = re.compile(r"(?m)^(\d)/5 ")
_LINE = re.compile(r"(?m)^(\d) (.+)$")


@dataclass(frozen=True)
class Patient:
    """One person: a telephone, and five answers as he types them and as they are understood."""

    phone: str
    typed: tuple[str, ...]
    canonical: tuple[str, ...]

    @property
    def answers(self) -> tuple[Answer, ...]:
        return tuple(Answer(*pair) for pair in zip(self.typed, self.canonical, strict=True))


def patients(count: int, seed: int = 1, recipe: Recipe = DOCUMENT) -> list[Patient]:
    """Return people drawn from the simulator's lists of names; whoever has somebody else's answers is left out."""
    made: dict[tuple[str, ...], Patient] = {}
    people = _people(recipe, random.Random(seed))  # noqa: S311  # a seed
    while len(made) < count:
        typed, canonical = next(people)
        made.setdefault(canonical, Patient(f"+2438{len(made):08}", typed, canonical))
    return list(made.values())


def _people(recipe: Recipe, chance: random.Random) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    lists = [shipped_lists()[question.id] for question in recipe.questions]
    while True:
        columns = [chance.choices([*one], [*one.values()], k=1_000) for one in lists]
        for typed in zip(*columns, strict=True):
            pairs = zip(recipe.questions, typed, strict=True)
            yield typed, tuple(read_answer(question, answer, YEAR) for question, answer in pairs)


@dataclass
class Talker:
    """A patient on his telephone: he answers what is asked, and corrects what was misunderstood.

    `send` brings several messages, in this order, and returns what is read last. One in twenty of his answers is
    overtaken by the next one: the network delivers them the other way round.
    """

    patient: Patient
    send: Callable[[list[str]], str]
    chance: random.Random
    swaps: float = 0.05
    swapped: int = field(default=0, init=False)

    def get_code(self) -> str:
        """Talk until the code is there; return it."""
        said = self.send(["Bonjour"])
        for _ in range(LONGEST_TALK):
            if found := re.search(r"(?m)^\S+-\S+-\S+$", said):
                return found[0]
            said = self.send(self._reply(said))
        raise AssertionError(said)

    def _reply(self, said: str) -> list[str]:
        if "bien compris" in said:
            return ["2" if self._find_wrong(said) else "1"]
        if "Quelle réponse" in said:
            return [self._find_wrong(said) or "0"]
        asked = int(_ASKED.findall(said)[-1]) - 1
        answers = list(self.patient.typed[asked : asked + 2])
        if len(answers) > 1 and self.chance.random() < self.swaps:
            self.swapped += 1
            return answers[::-1]
        return answers[:1]

    def _find_wrong(self, said: str) -> str:
        """Return the number of the first answer that is not his own; the choices below are numbered too."""
        lines = dict(reversed(_LINE.findall(said)))
        pairs = enumerate(self.patient.canonical, start=1)
        return next((str(place) for place, own in pairs if not f" {lines[str(place)]}".endswith(f" {own}")), "")
