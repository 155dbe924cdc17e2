"""A small world in memory, for the engine alone: people, prices, services, surveys; no database."""

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from channels.flow import Flow, parse_flow
from channels.values import Caller
from tests.builders.world import NOW, VECTORS

MENUS: dict[str, Any] = VECTORS["menus"]
FLOWS = {key: parse_flow(body) for key, body in MENUS.items()}


@dataclass
class World:
    """What the fake actions know."""

    facts: dict[str, Any]
    now: datetime = NOW
    tries: dict[str, int] = field(default_factory=dict)
    locked: dict[str, datetime] = field(default_factory=dict)
    moved: list[tuple[str, str, str, int, datetime]] = field(default_factory=list)
    answers: list[tuple[str, str, str]] = field(default_factory=list)

    @classmethod
    def fresh(cls, own: dict[str, Any] | None = None) -> "World":
        facts = copy.deepcopy(VECTORS["world"])
        for name, value in (own or {}).items():
            facts[name] = {**facts[name], **value} if isinstance(value, dict) else value
        return cls(facts)

    def person(self, phone: str | None) -> dict[str, Any] | None:
        return next((row for row in self.facts["subscribers"] if row["phone"] == phone), None)

    def caller(self, phone: str | None) -> Caller:
        if phone is None:
            return Caller(None, status="anonymous")
        row = self.person(phone)
        if row is None:
            return Caller(phone)
        return Caller(phone, UUID(int=int(phone)), row["status"], row["role"], "fr", row["name"])

    def fee(self, kind: str, amount: int) -> int:
        row = next(t for t in self.facts["tariffs"] if t["type"] == kind and t["from"] <= amount <= t["to"])
        fee = row.get("fixed", 0) + (amount * row.get("bps", 0) + 5_000) // 10_000
        return int(min(max(fee, row.get("min", 0)), row.get("max", fee)))


# A survey as it is compiled: its ends are the outcomes of the call.
SURVEY: dict[str, Any] = {
    "flow": "survey:satisfaction",
    "languages": ["fr"],
    "default_language": "fr",
    "entry": "state",
    "goals": [],
    "variables": {"general": {"type": "text", "max": 1}, "why": {"type": "text", "max": 160}},
    "screens": {
        "state": {"kind": "action", "run": "surveys.state", "outcomes": {"ok": "general", "again": "again"}},
        "general": {
            "kind": "menu",
            "text": "Que pensez-vous de nos services ?",
            "options": [
                {"key": "1", "label": "Très bien", "to": "keep_last", "set": {"general": "1"}},
                {"key": "2", "label": "Bien", "to": "keep_last", "set": {"general": "2"}},
                {"key": "3", "label": "Pas bien", "to": "keep", "set": {"general": "3"}},
            ],
        },
        "keep": {
            "kind": "action",
            "run": "surveys.keep",
            "with": {"question": "general", "answer": "$general"},
            "outcomes": {"ok": "why"},
        },
        "keep_last": {
            "kind": "action",
            "run": "surveys.keep",
            "with": {"question": "general", "answer": "$general"},
            "outcomes": {"ok": "finish"},
        },
        "why": {"kind": "input", "type": "text", "var": "why", "text": "Que faut-il changer ?", "to": "keep_why"},
        "keep_why": {
            "kind": "action",
            "run": "surveys.keep",
            "with": {"question": "why", "answer": "$why"},
            "outcomes": {"ok": "finish"},
        },
        "finish": {
            "kind": "action",
            "run": "surveys.keep",
            "with": {"question": "end", "answer": "done"},
            "outcomes": {"ok": "done"},
        },
        "done": {"kind": "end"},
        "again": {"kind": "end"},
        "closed": {"kind": "end"},
    },
}
_SURVEY_FLOW = parse_flow(SURVEY)


def load_flow(key: str) -> Flow:
    if key != _SURVEY_FLOW.flow:
        raise LookupError(key)
    return _SURVEY_FLOW
