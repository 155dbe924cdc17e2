"""The scripted dialogues of both documented menus, on the engine alone, word for word.

Replays, conflicts and expiry are the turn's business, not the engine's: those steps are walked over HTTP elsewhere.
"""

import re
from datetime import timedelta
from typing import Any

import pytest

from channels.actions import ResumePoint
from tests.builders.world import VECTORS
from tests.channels.fakes import FLOWS, Phone, World

BEFORE_THE_ENGINE = ("Session ",)


class _Script:
    """One dialogue: its world, and a phone for each of its sessions."""

    def __init__(self, dialogue: dict[str, Any]) -> None:
        self.dialogue = dialogue
        self.world = World.fresh(dialogue.get("world"))
        self.phones: dict[str, Phone] = {}
        self.transcripts: dict[str, str] = {}
        self.order: list[str] = []

    def send(self, step: dict[str, Any]) -> Phone:
        name = step.get("session", "s1")
        text = step["input"]
        dialled = re.fullmatch(r"[*#][0-9*#]+", text)
        phone = self.phones.get(name)
        if phone is not None and phone.is_over:
            phone = None
        if phone is None:
            phone = self._begin(name, dialled[0] if dialled else None)
            if self.dialogue["contract"] == "A":
                phone.dial(*(text.split("*") if text else []))
            elif dialled:
                phone.dial(*self._tail(dialled[0]))
            else:
                phone.type_first(text)
        elif self.dialogue["contract"] == "A":
            known = self.transcripts[name]
            phone.answer(text[len(known) + 1 :] if known else text)
        else:
            phone.answer(text)
        self.transcripts[name] = text
        return phone

    def _begin(self, name: str, dialled: str | None) -> Phone:
        default = {"A": "service", "B": "wallet"}[self.dialogue["contract"]]
        caller = self.dialogue["caller"]
        code = self.dialogue.get("service_code") or dialled or caller
        routes = VECTORS["world"]["routes"]
        key = next((routes[route] for route in routes if code.rstrip("#").startswith(route.rstrip("#"))), default)
        phone = Phone(FLOWS[key], self.world, None if "#" in caller else caller)
        if self.phones:
            last = self.phones[self.order[-1]]
            if not last.is_over:
                version = phone.dialogue.version_id = last.dialogue.version_id
                assert version is not None
                phone.extra["resume"] = ResumePoint(last.dialogue.session_id, version, last.dialogue.scratch)
        self.phones[name] = phone
        self.order.append(name)
        return phone

    @staticmethod
    def _tail(dialled: str) -> list[str]:
        for route in VECTORS["world"]["routes"]:
            if dialled.rstrip("#").startswith(route.rstrip("#")):
                tail = dialled.rstrip("#")[len(route.rstrip("#")) + 1 :]
                return tail.split("*") if tail else []
        return []


@pytest.mark.parametrize("dialogue", VECTORS["dialogues"], ids=[d["id"] for d in VECTORS["dialogues"]])
def test_a_dialogue_reads_as_written(dialogue: dict[str, Any]) -> None:
    script = _Script(dialogue)
    seen: dict[tuple[str, str], str] = {}
    for step in dialogue["steps"]:
        if "advance_s" in step:
            script.world.now += timedelta(seconds=step["advance_s"])
            if step["advance_s"] > 180:
                script.phones, script.transcripts = {}, {}
            continue
        if "provider" in step or "from" in step or step["reference"].startswith(BEFORE_THE_ENGINE):
            continue
        name = step.get("session", "s1")
        if dialogue["contract"] == "A" and (name, step["input"]) in seen:
            continue
        phone = script.send(step)
        expected = re.escape(step["reference"]).replace(r"\{ref\}", "[A-Z]{2}-[0-9A-Z]{6}")
        assert re.fullmatch(expected, phone.text), (step["input"], phone.text, step["reference"])
        assert phone.is_over is not step["expect"]["continue"]
        assert phone.reply is not None
        assert phone.reply.size <= 156
        seen[name, step["input"]] = phone.text
