"""A phone in a test: what it dials and answers goes to the engine, and what came back stands on it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from channels.actions import ActionContext, SlowStep
from channels.dialogue import Dialogue, Reply
from channels.engine import first_message, run
from channels.flow import Flow
from core.money import Currency
from tests.channels.actions import registry
from tests.channels.world import FLOWS, MENUS, SURVEY, World, load_flow

__all__ = ["FLOWS", "MENUS", "SURVEY", "Phone", "World", "registry"]


@dataclass
class Phone:
    """A phone in a test: dials, answers, and shows what came back."""

    flow: Flow
    world: World
    number: str | None = "+237699000001"
    dialogue: Dialogue = field(default_factory=lambda: Dialogue(uuid4(), uuid4()))
    reply: Reply | None = None
    language: str = "fr"
    settings: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    slow_steps: int = 0

    def dial(self, *pieces: str) -> str:
        return self._step(run, list(pieces))

    def type_first(self, text: str) -> str:
        return self._step(first_message, text)

    def answer(self, text: str) -> str:
        return self._step(run, [text])

    def walk(self, *answers: str) -> str:
        for text in answers:
            self.answer(text)
        return self.text

    @property
    def text(self) -> str:
        assert self.reply is not None
        return self.reply.text

    @property
    def is_over(self) -> bool:
        assert self.reply is not None
        return not self.reply.has_more

    def _step(self, start: Any, answers: Any) -> str:
        caller = self.world.caller(self.number)
        caller.language = self.language
        context = ActionContext(
            caller=caller,
            dialogue=self.dialogue,
            service_currency=Currency(self.world.facts["currency"]),
            timezone="Africa/Douala",
            brand=self.world.facts["brand"],
            settings={"pin_length": self.world.facts["pin_length"], **self.settings},
            # The fake actions need no session.
            **{"session": None, "registry": registry(self.world), "load_flow": load_flow, **self.extra},
        )
        steps = start(self.flow, self.dialogue, caller, answers, context)
        try:
            step = next(steps)
            while True:
                assert isinstance(step, SlowStep)
                self.slow_steps += 1
                step = steps.send(step.run(context))
        except StopIteration as stop:
            self.reply = stop.value
        assert self.reply is not None
        return self.reply.text
