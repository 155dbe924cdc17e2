"""A conversation between two messages: what is remembered of a person, and nothing that a turn cannot replace.

Everything here is immutable. A store keeps the plain fields in columns and the answers sealed (`pack_answers`); it runs
one message in one transaction, so that half of a turn is never kept.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.ciu.answers import Answer
from services.ciu.recipes import Recipe
from services.ciu.texts import Reply, Say, compose

LANGUAGE_STEP, CONSENT_STEP = -2, -1


class Page(StrEnum):
    """What an open conversation waits for."""

    LANGUAGE = "language"
    CONSENT = "consent"
    QUESTION = "question"
    CONFIRM = "confirm"
    FIX = "fix"


class Aside(StrEnum):
    """What was asked beside the conversation, or without one."""

    FORGET = "forget"
    LANGUAGE = "language"


class EndReason(StrEnum):
    """How a conversation ended."""

    ISSUED = "issued"
    STOPPED = "stopped"
    EXPIRED = "expired"
    RESTARTED = "restarted"
    FORGOTTEN = "forgotten"


class Wish(StrEnum):
    """What the caller does in the same transaction, before it answers."""

    ISSUE = "issue"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Run:
    """An open conversation, on the version of the recipe it began with.

    The question asked is the first without an answer. `page` is never `CONFIRM`: that is where no question is left.
    """

    recipe_key: str
    recipe_version: int
    language: str
    page: Page
    answers: tuple[Answer | None, ...]
    started_at: datetime
    expires_at: datetime
    consented_at: datetime | None = None

    @property
    def place(self) -> int:
        """The place of the question asked; the number of questions once all are answered."""
        return next((place for place, answer in enumerate(self.answers) if answer is None), len(self.answers))

    @property
    def shown_page(self) -> Page:
        """What the person sees."""
        is_answered = self.page is Page.QUESTION and self.place == len(self.answers)
        return Page.CONFIRM if is_answered else self.page

    @property
    def step(self) -> int:
        """Where it stands: -2 language, -1 consent, then the question from 0, and their number for both last pages."""
        own = {Page.LANGUAGE: LANGUAGE_STEP, Page.CONSENT: CONSENT_STEP}
        return own.get(self.page, self.place)


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one identity in one programme.

    `language` is the one it chose. `untold` is that of a conversation which expired and nobody has said so yet.
    `is_stopped`: nothing leaves for this person before he writes again.
    """

    run: Run | None = None
    language: str = ""
    aside: Aside | None = None
    aside_until: datetime | None = None
    issued_at: datetime | None = None
    untold: str = ""
    is_stopped: bool = False

    @property
    def step(self) -> int | None:
        """The step of the open conversation, None without one."""
        return self.run.step if self.run else None


@dataclass(frozen=True, slots=True)
class Message:
    """One inbound message: what was tapped (`payload`) or written, a caption included.

    `is_media`: nothing but a photo, a voice or the like. `is_late`: sent longer ago than a conversation lives.
    """

    text: str = ""
    payload: str = ""
    is_media: bool = False
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What a programme sets: the published recipe, the one the open conversation began with, how long it waits."""

    published: Recipe
    timeout: timedelta
    begun: Recipe | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the statistics. Events before `started` belong to the conversation that ended in this turn."""

    name: str
    question: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The conversation that ended in this turn, and how."""

    run: Run
    reason: EndReason


@dataclass(frozen=True, slots=True)
class Turn:
    """What one message changed and what is answered; `recipe` and `language` are those of the reply.

    With the wish `ISSUE` the reply is `settle`'s, once the caller has a code.
    """

    state: State
    says: tuple[Say, ...]
    recipe: Recipe
    language: str
    events: tuple[Event, ...] = ()
    ended: Ended | None = None
    wish: Wish | None = None

    def reply(self, values: Mapping[str, str]) -> Reply:
        """Return the reply; `values` are the programme's own, `programme` and `contact`. Empty when nothing is said."""
        return compose(self.recipe, self.language, self.says, values)


def pack_answers(answers: Sequence[Answer | None]) -> str:
    """Return answers as text, to be sealed."""
    return json.dumps([[one.typed, one.canonical] if one else None for one in answers])


def unpack_answers(packed: str) -> tuple[Answer | None, ...]:
    """Return what `pack_answers` packed."""
    return tuple(Answer(*pair) if pair else None for pair in json.loads(packed))
