"""A recipe tried before anybody meets it: the whole conversation as the channel would hold it, and the code it ends in.

Nothing is kept, nobody is found again, and the salt is not ours: the last digits of a built code are an example's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from channels.ciu.conversation import Message, Page, Rules, State, Turn, Wish
from channels.ciu.turns import settle_issue, take_turn
from services.ciu.answers import Answer
from services.ciu.codes import Issue, build_code
from services.ciu.editing import EXAMPLE_SALT
from services.ciu.recipes import Recipe
from services.ciu.texts import Reply

EXAMPLE_TIME = datetime(2026, 6, 1, 9, tzinfo=UTC)
TIMEOUT = timedelta(minutes=15)
GREETINGS = {"fr": "Bonjour", "en": "Hello", "ln": "Mbote"}


@dataclass(frozen=True, slots=True)
class Line:
    """One bubble: what the person wrote, or what was answered."""

    text: str
    is_person: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """A conversation in one language; `code` is empty where an answer was refused, and `refused` names its question."""

    lines: tuple[Line, ...]
    code: str = ""
    refused: str = ""


class Rehearsal:
    """One conversation with a recipe, a message at a time."""

    def __init__(self, recipe: Recipe, language: str, values: Mapping[str, str] | None = None) -> None:
        self.recipe = recipe
        self.code = ""
        self._values = {"programme": "", "contact": "", **(values or {})}
        self._state = State(language=language)
        self._rules = Rules(recipe, TIMEOUT, recipe)
        self._now = EXAMPLE_TIME

    @property
    def asked(self) -> str:
        """The question or the page it waits on; nothing when no conversation is open."""
        run = self._state.run
        if run is None:
            return ""
        return self.recipe.questions[run.place].id if run.shown_page is Page.QUESTION else run.shown_page

    def say(self, text: str) -> Reply:
        """Write a message; return the reply."""
        self._now += timedelta(seconds=1)
        turn = take_turn(self._rules, self._state, Message(text), self._now)
        if turn.wish is Wish.ISSUE:
            turn = self._settle(turn)
        self._state = turn.state
        return turn.reply(self._values)

    def _settle(self, turn: Turn) -> Turn:
        run = turn.state.run
        answers: Sequence[Answer | None] = run.answers if run else ()
        canonical = [answer.canonical for answer in answers if answer is not None]
        self.code = build_code(self.recipe, canonical, EXAMPLE_SALT).text
        return settle_issue(turn, Issue(self.code, is_new=True, is_linked=False), self._now)


@dataclass
class _Talk:
    rehearsal: Rehearsal
    lines: list[Line] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.lines.append(Line(text, is_person=True))
        self.lines.append(Line(self.rehearsal.say(text).text, is_person=False))


def rehearse(recipe: Recipe, language: str, answers: Sequence[str], values: Mapping[str, str] | None = None) -> Preview:
    """Go through a whole conversation: every page is agreed to, each question gets its answer.

    The texts must be there: ask lint first.
    """
    talk = _Talk(Rehearsal(recipe, language, values))
    rehearsal = talk.rehearsal
    talk.say(GREETINGS.get(language, GREETINGS["fr"]))
    if rehearsal.asked == Page.LANGUAGE:
        talk.say(str(recipe.languages.index(language) + 1))
    if rehearsal.asked == Page.CONSENT:
        talk.say("1")
    for question, answer in zip(recipe.questions, answers, strict=True):
        talk.say(answer)
        if rehearsal.asked == question.id:
            return Preview(tuple(talk.lines), refused=question.id)
    if rehearsal.asked == Page.CONFIRM:
        talk.say("1")
    return Preview(tuple(talk.lines), rehearsal.code)
