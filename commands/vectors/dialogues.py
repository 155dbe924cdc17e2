"""Scripted dialogues walked through the real doors, on a world of their own each, with everything they leave behind."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from typing import Any

from channels.ussd import expectations
from commands.vectors import aftermath, form, outside, world
from commands.vectors.outside import Outside
from commands.vectors.speakers import Said, Speaker
from core import clock
from core.clock import Traveller
from core.database import Database, fetch_all
from services import transfers

House = Callable[[dict[str, Any] | None], AbstractContextManager[Database]]

WORKER_WAKES_S = 0.05  # a turn that waits for nobody outside is over by then
DECIDED_AFTER_S = 6


@dataclass(frozen=True, slots=True)
class Stage:
    """Where dialogues are walked: who speaks them, who is outside, and what this process has written so far."""

    speaker: Speaker
    around: Outside
    written: Callable[[], str]


def check(vectors: dict[str, Any], house: House, stage: Stage) -> Iterator[tuple[str, list[str]]]:
    """Give each dialogue with its differences; none is left out. The world itself comes first, when it has any."""
    if found := form.unknown_of_world(vectors["world"]):
        yield "world", found
    for dialogue in vectors["dialogues"]:
        try:
            yield dialogue["id"], rehearse(vectors, dialogue, house, stage)
        except Exception as error:  # noqa: BLE001  # what cannot be walked differs; the others are walked
            yield dialogue["id"], [f"{type(error).__name__}: {error}"]


def rehearse(vectors: dict[str, Any], dialogue: dict[str, Any], house: House, stage: Stage) -> list[str]:
    """Walk one dialogue on a fresh world, look at what it left behind, and return every difference."""
    own = dialogue.get("world")
    stage.around.settle(world.merged(vectors, own))
    now = datetime.fromisoformat(vectors["world"]["now"])
    with clock.travel(now) as traveller, house(own) as database:
        stage.speaker.open(database)
        found = form.unknown_of_dialogue(dialogue) + _walk(dialogue, stage, database, traveller)
        return found + aftermath.differences(dialogue.get("after", {}), database, stage.around, stage.written)


def _walk(dialogue: dict[str, Any], stage: Stage, database: Database, traveller: Traveller) -> list[str]:
    differences: list[str] = []
    for number, step in enumerate(dialogue["steps"], start=1):
        if "advance_s" in step:
            traveller.advance(step["advance_s"])
        elif "provider" in step:
            _decide(database, stage.around, step, traveller)
        else:
            with _worker(database):
                answers = stage.speaker.say(dialogue, step)
            differences += [f"{number}: {one}" for one in _compare(answers, step["expect"])]
    return differences


def _compare(answers: list[Said], expect: dict[str, Any]) -> Iterator[str]:
    if len({answer.body for answer in answers}) > 1:
        yield " ≠ ".join(repr(answer.text) for answer in answers)
    said = answers[0]
    if said.problem:
        yield said.problem
        return
    yield from expectations.differences(expect, said.text, has_more=said.has_more)


@contextmanager
def _worker(database: Database) -> Iterator[None]:
    """Let the worker send what an answer waits for: bills and airtime. Operators decide nothing before their step."""
    is_over = Event()

    def send() -> None:
        while not is_over.wait(WORKER_WAKES_S):
            outside.work(database)

    thread = Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _decide(database: Database, around: Outside, step: dict[str, Any], traveller: Traveller) -> None:
    """Let every operator say what became of what it was asked for, as often as the step says."""
    outside.work(database)
    traveller.advance(DECIDED_AFTER_S)
    around.decide(step["provider"])
    for _ in range(step.get("repeat", 1)):
        with database.transaction() as session:
            for row in fetch_all(session, "select id from transfer"):
                transfers.plan_read(session, row["id"])
        outside.work(database)
