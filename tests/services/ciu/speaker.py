"""Somebody with a phone, a programme, and a register in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.ciu.conversation import Message, Rules, State, Turn, Wish
from channels.ciu.turns import settle_issue, take_turn
from commands.ciu_vectors.register import Register
from services.ciu import Recipe, shipped

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
TIMEOUT = timedelta(minutes=15)
KABILA = ("1985", "Kinshasa", "Jean", "15", "Kabila")
CODE = "985-KINS-15-JEA-KABI-DA6A7"


def varied(recipe: Recipe | str = "document", **changes: Any) -> Recipe:
    """Return a recipe with some of its fields changed."""
    base = shipped(recipe) if isinstance(recipe, str) else recipe
    return base.model_copy(update=changes)


class Speaker:
    """One person. What he says moves his own state; the register may be shared."""

    def __init__(
        self, recipe: Recipe | None = None, register: Register | None = None, phone: str = "+243810000001"
    ) -> None:
        self.published = self.begun = recipe or shipped("document")
        self.register = register or Register("test_salt_for_testing")
        self.identity = f"phone:{phone}"
        self.state, self.now = State(), NOW
        self.is_throttled = False
        self.turns: list[Turn] = []

    @property
    def turn(self) -> Turn:
        return self.turns[-1]

    @property
    def text(self) -> str:
        return self.turn.reply({"programme": "PNLS", "contact": "+243 99"}).text

    @property
    def asked(self) -> list[str]:
        return [say.key for say in self.turn.says]

    @property
    def events(self) -> list[str]:
        return [event.name for turn in self.turns for event in turn.events]

    def say(self, *texts: str, **kind: Any) -> Sequence[str]:
        """Send messages one after the other and return the keys of the last reply."""
        for text in texts:
            self.hear(Message(text, **kind))
        return self.asked

    def tap(self, payload: str) -> Sequence[str]:
        self.hear(Message(payload=payload))
        return self.asked

    def hear(self, message: Message) -> None:
        self.now += timedelta(seconds=1)
        rules = Rules(self.published, TIMEOUT, self.begun)
        turn = take_turn(rules, self.state, message, self.now)
        if turn.wish is Wish.ISSUE and self.is_throttled:
            turn = settle_issue(turn, None, self.now)
        turn = self.register.fulfil(rules, self.state, turn, self.identity, self.now)
        if "started" in (event.name for event in turn.events):
            self.begun = self.published
        self.state = turn.state
        self.turns.append(turn)

    def wait(self, **time: float) -> None:
        self.now += timedelta(**time)

    def publish(self, recipe: Recipe) -> None:
        self.published = recipe


def with_texts(recipe: Recipe, **texts: str) -> Recipe:
    """Return the recipe with some texts changed in every language."""
    return varied(recipe, texts={language: {**own, **texts} for language, own in recipe.texts.items()})
