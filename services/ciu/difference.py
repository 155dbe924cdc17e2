"""What one version of a recipe changes against another, in the order a reader asks: questions, code, rules, texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.ciu.recipes import LayoutPart, Question, Recipe

RULES = (
    "consent",
    "language_step",
    "confirm",
    "confirm_style",
    "max_unknown",
    "near",
    "weak",
    "qr",
    "default_language",
)


class Change(StrEnum):
    """What became of something."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """What became of a question; `before` and `after` are None where it was not, or is no more."""

    name: str
    change: Change
    before: Question | None
    after: Question | None


@dataclass(frozen=True, slots=True)
class TextChange:
    """A text that says something else in one language."""

    key: str
    language: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule of the recipe with another value."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that changes; `breaks_matching`: people known before will not be found again by their answers."""

    questions: tuple[QuestionChange, ...]
    layout: tuple[tuple[LayoutPart, ...], tuple[LayoutPart, ...]] | None
    rules: tuple[RuleChange, ...]
    texts: tuple[TextChange, ...]
    breaks_matching: bool

    @property
    def count(self) -> int:
        """How many things change."""
        return len(self.questions) + bool(self.layout) + len(self.rules) + len(self.texts)


def compare(before: Recipe, after: Recipe) -> Difference:
    """Return what `after` changes."""
    return Difference(
        questions=tuple(_questions(before, after)),
        layout=None if before.layout == after.layout else (before.layout, after.layout),
        rules=tuple(_rules(before, after)),
        texts=tuple(_texts(before, after)),
        breaks_matching=not before.is_comparable(after),
    )


def _questions(before: Recipe, after: Recipe) -> Iterator[QuestionChange]:
    old, new = ({one.id: one for one in recipe.questions} for recipe in (before, after))
    stayed_before = [name for name in old if name in new]
    stayed_after = [name for name in new if name in old]
    for name in dict.fromkeys([*new, *old]):
        if name not in old:
            yield QuestionChange(name, Change.ADDED, None, new[name])
        elif name not in new:
            yield QuestionChange(name, Change.REMOVED, old[name], None)
        elif old[name] != new[name]:
            yield QuestionChange(name, Change.CHANGED, old[name], new[name])
        elif stayed_before.index(name) != stayed_after.index(name):
            yield QuestionChange(name, Change.MOVED, old[name], new[name])


def _rules(before: Recipe, after: Recipe) -> Iterator[RuleChange]:
    for name in RULES:
        old, new = str(getattr(before, name)), str(getattr(after, name))
        if old != new:
            yield RuleChange(name, old, new)
    if before.languages != after.languages:
        yield RuleChange("languages", " ".join(before.languages), " ".join(after.languages))


def _texts(before: Recipe, after: Recipe) -> Iterator[TextChange]:
    for language in dict.fromkeys([*after.languages, *before.languages]):
        old, new = before.texts.get(language, {}), after.texts.get(language, {})
        for key in dict.fromkeys([*new, *old]):
            if old.get(key, "") != new.get(key, ""):
                yield TextChange(key, language, old.get(key, ""), new.get(key, ""))
