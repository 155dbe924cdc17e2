"""A recipe: versioned data that says what is asked, how answers are read, how the code is laid out, and every text."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

DATA = Path(__file__).parent / "data"
SHIPPED = ("document", "document-v1", "compact", "random")

UNKNOWN = "?"  # the canonical answer of somebody who does not know


class Kind(StrEnum):
    """How the answer to a question is read."""

    NAME = "name"
    PLACE = "place"
    YEAR = "year"
    DAY = "day"
    CHOICE = "choice"
    NUMBER = "number"
    RAW_V1 = "raw_v1"
    LETTERS3 = "letters3"
    LAST_DIGIT = "last_digit"
    CITY2 = "city2"
    GENDER = "gender"


# What is typed there may be any word, also one that is a command elsewhere.
WORD_KINDS = frozenset({Kind.NAME, Kind.PLACE, Kind.RAW_V1, Kind.LETTERS3, Kind.CITY2})
V1_KINDS = frozenset({Kind.RAW_V1, Kind.LETTERS3, Kind.LAST_DIGIT, Kind.CITY2, Kind.GENDER})
UNKNOWABLE_KINDS = frozenset({Kind.YEAR, Kind.PLACE, Kind.DAY})


class Part(BaseModel):
    """Any piece of a recipe: immutable, and without fields nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(Part):
    """One answer of a `choice`: what is kept, and its label in each language."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,16}$")]
    labels: Mapping[str, str]


class Question(Part):
    """One question; its sentence is the text of the same name."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    kind: Kind
    unknown: bool = False
    options: tuple[Option, ...] = ()
    min: int = 0
    max: int = 999_999_999

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.unknown and self.kind not in UNKNOWABLE_KINDS:
            raise ValueError("seuls une année, un lieu ou un jour peuvent rester inconnus")
        if (self.kind is Kind.CHOICE) != bool(self.options):
            raise ValueError("une question « choice », et elle seule, a des options")
        if self.min > self.max:
            raise ValueError("le minimum dépasse le maximum")
        return self


class Literally(Part):
    """Signs that stand in every code."""

    lit: Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[A-Z0-9._/-]+$")]


class Segment(Part):
    """`n` characters of an answer. What is taken from its end is padded on the left, unless `pad_on` says otherwise."""

    q: str
    take: Literal["first", "last"]
    n: Annotated[int, Field(ge=1, le=32)]
    pad: Annotated[str, Field(pattern=r"^[A-Z0-9]$")] = "X"
    pad_on: Literal["left", "right"] | None = None


class Hash(Part):
    """Hexadecimal digits of the salted digest of all answers: `n`, and more while the code is somebody else's."""

    hash: Literal["sha256"]
    n: Annotated[int, Field(ge=1, le=64)]
    extend_to: Annotated[int, Field(ge=1, le=64)] = 64


class Random(Part):
    """Symbols drawn at random."""

    random: Annotated[int, Field(ge=4, le=26)]


class Check(Part):
    """The check symbol of the symbols drawn before it."""

    check: Literal["mod37"]


class Group(Part):
    """How the drawn symbols and their check stand in groups: `4-4-3`."""

    group: Annotated[str, Field(pattern=r"^[1-9](-[1-9])*$")]


LayoutPart = Literally | Segment | Hash | Random | Check | Group


class Recipe(Part):
    """One version of a recipe, immutable."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    version: Annotated[int, Field(ge=1)] = 1
    canon: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}\.[0-9]{1,6}$")]
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    default_language: str
    consent: Literal["notice", "explicit"] = "notice"
    language_step: bool = False
    confirm: bool = True
    confirm_style: Literal["full", "masked"] = "full"
    max_unknown: Annotated[int, Field(ge=0)] = 1
    near: bool = True
    weak: bool = False
    qr: bool = False
    questions: tuple[Question, ...]
    layout: tuple[LayoutPart, ...]
    texts: Mapping[str, Mapping[str, str]]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.default_language not in self.languages:
            raise ValueError("la langue par défaut n'est pas une des langues")
        return self

    @cached_property
    def hash_part(self) -> Hash | None:
        """The part of the layout that lengthens, if there is one."""
        return next((part for part in self.layout if isinstance(part, Hash)), None)

    @property
    def has_draw(self) -> bool:
        """Whether its codes are drawn at random rather than built from the answers."""
        return any(isinstance(part, Random) for part in self.layout)

    @property
    def has_confirmation(self) -> bool:
        """Whether the person agrees on a page before the code: always when nothing else was asked."""
        return self.confirm or not self.questions

    def space(self, programme: str) -> str:
        """Return the space in which its records are compared, `ciu:document.1`."""
        return f"{programme}:{self.canon}"

    def is_comparable(self, other: "Recipe") -> bool:
        """Say whether the same person gives the same canonical answers to both: same questions, kinds and order."""
        return [_canon(one) for one in self.questions] == [_canon(one) for one in other.questions]


def _canon(question: Question) -> tuple[str, Kind, tuple[str, ...]]:
    return question.id, question.kind, tuple(option.code for option in question.options)


def parse_recipe(body: Mapping[str, Any]) -> Recipe:
    """Read a recipe from its document; raise pydantic's `ValidationError` when it is none."""
    return Recipe.model_validate(body)


@lru_cache(maxsize=len(SHIPPED))
def shipped(key: str) -> Recipe:
    """Return one of the four recipes that come with the product; raise `LookupError` for another key."""
    if key not in SHIPPED:
        raise LookupError(key)
    own = _read(key)
    by_key: dict[str, Mapping[str, str]] = {}
    for name in own.pop("texts_from"):
        by_key |= _read(name)
    by_key |= own.pop("texts", {})
    texts = {language: {name: by_key[name][language] for name in by_key} for language in own["languages"]}
    return parse_recipe({**own, "texts": texts})


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    return document
