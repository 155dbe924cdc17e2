"""Scripted dialogues walked through the real doors, on a world of their own each, with everything they leave behind."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import Event, Thread
from typing import Any

from commands.vectors import aftermath, outside
from commands.vectors.outside import OPERATORS, Outside
from commands.vectors.speakers import Said, Speaker
from core import clock
from core.clock import Traveller
from core.database import Database, fetch_all
from services import transfers

House = Callable[[dict[str, Any] | None], AbstractContextManager[Database]]

REFUSED = "016"
DECIDED_AFTER_S = 6
PAID_BY_WORKER = ("Facture", "Crédit de")
STEP_KEYS = {"advance_s", "provider", "input", "expect", "reference", "session", "from", "repeat"}
EXPECT_KEYS = {"continue", "equals", "starts", "contains", "absent"}


def check(
    vectors: dict[str, Any], house: House, speaker: Speaker, around: Outside
) -> Iterator[tuple[str, list[str]]]:
    """Give each dialogue with its differences; none is left out."""
    now = datetime.fromisoformat(vectors["world"]["now"])
    for dialogue in vectors["dialogues"]:
        around.forget()
        with clock.travel(now) as traveller, house(dialogue.get("world")) as database:
            yield dialogue["id"], play(dialogue, speaker, database, around, traveller)


def play(
    dialogue: dict[str, Any], speaker: Speaker, database: Database, around: Outside, traveller: Traveller
) -> list[str]:
    """Walk one dialogue on its world, look at what it left behind, and return every difference."""
    differences: list[str] = []
    for number, step in enumerate(dialogue["steps"], start=1):
        differences += [f"{number}: ? {name}" for name in sorted(step.keys() - STEP_KEYS)]
        if "advance_s" in step:
            traveller.advance(step["advance_s"])
        elif "provider" in step:
            _decide(database, around, step, traveller)
        else:
            with _worker(database, step):
                answers = speaker.say(dialogue, step)
            differences += [f"{number}: {one}" for one in _compare(answers, step["expect"])]
    return differences + aftermath.differences(dialogue.get("after", {}), database, around)


def _compare(answers: list[Said], expect: dict[str, Any]) -> Iterator[str]:
    yield from (f"? {name}" for name in sorted(expect.keys() - EXPECT_KEYS))
    if len({answer.body for answer in answers}) > 1:
        yield " ≠ ".join(repr(answer.text) for answer in answers)
    said = answers[0]
    if said.problem:
        yield said.problem
        return
    text = said.text
    if said.has_more is not expect["continue"]:
        yield f"continue: {said.has_more}, {expect['continue']}: {text!r}"
    if "equals" in expect and text != expect["equals"]:
        yield f"{text!r}, {expect['equals']!r}"
    if not text.startswith(expect.get("starts", "")):
        yield f"{text!r}, {expect['starts']!r}…"
    yield from (f"{text!r}, …{part!r}…" for part in expect.get("contains", ()) if part not in text)
    yield from (f"{text!r}, ≠ {part!r}" for part in expect.get("absent", ()) if part in text)


@contextmanager
def _worker(database: Database, step: dict[str, Any]) -> Iterator[None]:
    """Let the worker send bills and airtime while an answer that pays them waits for it; never a top-up."""
    if not step.get("reference", "").startswith(PAID_BY_WORKER):
        yield
        return
    is_over = Event()

    def send() -> None:
        while not is_over.wait(0.01):
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
    if step["provider"] == "failed":
        for _, adapter in OPERATORS.values():
            around.kernel.chooser.queue(adapter, REFUSED)
    outside.work(database)
    traveller.advance(DECIDED_AFTER_S)
    for _ in range(step.get("repeat", 1)):
        with database.transaction() as session:
            for row in fetch_all(session, "select id from transfer"):
                transfers.plan_read(session, row["id"])
        outside.work(database)
