"""The form of the vector files: every name that is looked at. Another name is a difference, never passed over."""

from collections.abc import Iterator, Mapping
from typing import Any

FILES = {
    "gsm7": {"about", "strings", "pages"},
    "gateways": {"about", "now", "fixtures"},
    "menus": {"about", "world", "dialogues", "menus"},
}
STRING = {
    "id", "text", "clean", "coding", "size", "first_bad", "folded", "folded_coding", "folded_size", "fits_default",
    "fits_max",
}  # fmt: skip
PAGES = {
    "id", "kind", "title", "options", "text", "limit_gsm7", "limit_ucs2", "nav", "back", "home", "coding", "pages",
}  # fmt: skip
FIXTURE = {
    "id", "gateway", "title", "account", "request", "prior", "turn", "reply", "event", "response", "not_stored",
}  # fmt: skip
FIXTURE_PARTS = {
    "account": {"key", "secret", "service_codes", "country", "options"},
    "request": {"method", "path", "headers", "query", "body"},
    "prior": {"turn_no", "transcript"},
    "turn": {
        "session_key", "msisdn", "service_code", "kind", "inputs", "dedup_rule", "dedup", "also_dedup", "network",
        "language", "relation", "transcript", "first_message", "stale",
    },
    "reply": {"text", "continue", "screen"},
    "response": {"status", "headers", "compare", "body", "json", "xml"},
}  # fmt: skip
DIALOGUE = {"id", "title", "contract", "caller", "service_code", "world", "steps", "after"}
STEP = {"advance_s", "provider", "input", "expect", "reference", "session", "from", "repeat"}
EXPECT = {"continue", "equals", "starts", "contains", "absent"}
AFTER = {
    "balances", "fees", "operations", "subscriptions", "survey_answers", "survey_complete", "subscribers", "sms",
    "sms_opt_out", "provider_requests", "turns", "absent_everywhere",
}  # fmt: skip
WORLD = {
    "brand", "country", "currency", "now", "pin_length", "fakes", "nav", "nav_words", "routes", "defaults",
    "subscribers", "merchants", "providers", "billers", "tariffs", "limits", "services", "subscriptions", "orders",
    "surveys", "notices",
}  # fmt: skip
WORLD_ROWS = {
    "subscribers": {"phone", "name", "role", "status", "pin", "balance"},
    "merchants": {"code", "name", "phone"},
    "providers": {"code", "name"},
    "billers": {"code", "name", "pattern", "accounts"},
    "tariffs": {"type", "from", "to", "fixed", "bps", "min", "max", "payee_bps", "commission_bps"},
    "services": {"code", "name", "info", "price"},
    "subscriptions": {"phone", "service"},
    "orders": {"ref", "phone", "status", "updated"},
    "surveys": {"code", "name", "questions"},
    "notices": {"phone", "text"},
}


def unknown(part: Mapping[str, Any], known: set[str], place: str = "") -> list[str]:
    """Return a difference for each name that nothing looks at."""
    return [f"{place}{name} ?" for name in sorted(part.keys() - known)]


def unknown_of_fixture(fixture: Mapping[str, Any]) -> list[str]:
    """Return the names of a fixture that nothing looks at, in all its parts."""
    parts = ((name, fixture.get(name) or {}, known) for name, known in FIXTURE_PARTS.items())
    return [
        *unknown(fixture, FIXTURE),
        *(one for name, part, known in parts for one in unknown(part, known, f"{name}.")),
    ]


def unknown_of_world(world: Mapping[str, Any]) -> list[str]:
    """Return the names of a world, and of its rows, that nothing looks at."""
    return [*unknown(world, WORLD, "world."), *_unknown_rows(world)]


def unknown_of_dialogue(dialogue: Mapping[str, Any]) -> list[str]:
    """Return the names of a dialogue that nothing looks at: its own, its world's, its steps' and its aftermath's."""
    found = [*unknown(dialogue, DIALOGUE), *unknown_of_world(dialogue.get("world", {}))]
    for number, step in enumerate(dialogue["steps"], start=1):
        found += unknown(step, STEP, f"{number}: ")
        found += unknown(step.get("expect", {}), EXPECT, f"{number}: expect.")
    return [*found, *unknown(dialogue.get("after", {}), AFTER, "after.")]


def _unknown_rows(world: Mapping[str, Any]) -> Iterator[str]:
    for name, known in WORLD_ROWS.items():
        names = {key for row in world.get(name, ()) for key in row}
        yield from (f"world.{name}.{key} ?" for key in sorted(names - known))
