"""Scripted dialogues, spoken with the production conversation around a register in memory."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.ciu.conversation import Message, Rules, State, Turn
from channels.ciu.turns import take_turn
from commands.ciu_vectors.register import Register
from commands.vectors.form import unknown
from services.ciu.recipes import shipped

DIALOGUE = {"name", "salt", "recipe", "records", "lines"}
LINE = {"send", "wait_seconds", "num_media", "payload", "reply", "step", "lang", "contains"}
TIMEOUT = timedelta(minutes=15)
SPEAKER = "phone:+243999999999"
VALUES = {"programme": "Programme", "contact": "contact@example.org"}


def check(document: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Give each dialogue with its differences."""
    for dialogue in document["dialogues"]:
        yield f"dialogues {dialogue['name']}", unknown(dialogue, DIALOGUE) + _speak(document, dialogue)


def _speak(document: dict[str, Any], dialogue: dict[str, Any]) -> list[str]:
    recipe = shipped(dialogue.get("recipe", "document"))
    rules = Rules(published=recipe, timeout=TIMEOUT, begun=recipe)
    register = Register(document["salts"][dialogue["salt"]])
    state, now = State(), datetime(document["current_year"], 6, 1, 9, tzinfo=UTC)
    differences: list[str] = []
    for number, line in enumerate(dialogue["lines"], start=1):
        differences += unknown(line, LINE, f"{number}: ")
        now += timedelta(seconds=line.get("wait_seconds", 1))
        if "send" in line:
            said = Message(line["send"], line.get("payload", ""), is_media=bool(line.get("num_media")))
            turn = register.fulfil(rules, state, take_turn(rules, state, said, now), SPEAKER, now)
            state = turn.state
            differences += [f"{number}: {one}" for one in _compare(line, turn)]
    if len(register.records) != dialogue["records"]:
        differences.append(f"records: {len(register.records)}, {dialogue['records']}")
    return differences


def _compare(line: dict[str, Any], turn: Turn) -> Iterator[str]:
    found = {"reply": [say.key for say in turn.says], "step": turn.state.step, "lang": turn.language}
    for name, value in found.items():
        if name in line and line[name] != value:
            yield f"{name}: {value!r}, {line[name]!r}"
    text = turn.reply(VALUES).text
    if line.get("contains", "") not in text:
        yield f"contains: {text!r}, {line['contains']!r}"
