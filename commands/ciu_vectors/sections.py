"""The sections of the vector files, each case asked of the operations; a section nobody knows is a difference."""

import base64
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from commands.ciu_vectors import dialogues
from commands.ciu_vectors.operations import Request, answer
from commands.vectors.form import unknown
from providers.messaging.signatures import answer_challenge
from services.ciu import folding, probabilities, words
from services.ciu.matching import identity_digest
from services.ciu.recipes import shipped

Document = dict[str, Any]
Found = Iterator[tuple[str, list[str]]]

_TOLD = {"note", "why", "same_person"}
_HALF_A_TENTH = 0.05


def check(document: Document) -> Found:
    """Give each case of each section with its differences."""
    strange = [f"{name} ?" for name in sorted(document.keys() - SECTIONS.keys() - CONTEXT)]
    if strange:
        yield "file", strange
    for name, section in SECTIONS.items():
        if name in document:
            try:
                yield from section(document)
            except Exception as error:  # noqa: BLE001  # what cannot be read differs; the other sections are checked
                yield name, [f"{type(error).__name__}: {error}"]


def _asked(name: str, request: Request, wanted: dict[str, Any]) -> tuple[str, list[str]]:
    """Ask one operation and compare the fields that are wanted."""
    found = answer(request)
    return name, [
        f"{field}: {found.get(field)!r}, {value!r}" for field, value in wanted.items() if found.get(field) != value
    ]


def _same(name: str, found: object, wanted: object) -> tuple[str, list[str]]:
    return name, [] if found == wanted else [f"{found!r}, {wanted!r}"]


def _codes(document: Document) -> Found:
    people: dict[tuple[str, str], set[str]] = {}
    results = {"code", "canonical", "digest", "input_hash"}
    for case in document["code_vectors"]:
        request = _code_request(document, case, case["answers"]) | {"validate": case.get("validate", True)}
        yield _asked(case["id"], request, {name: case[name] for name in results if name in case})
        yield (
            case["id"],
            unknown(case, results | _TOLD | {"id", "recipe", "salt", "answers", "validate", "match_digest"}),
        )
        if "same_person" in case:
            people.setdefault((case["same_person"], case["salt"]), set()).add(answer(request).get("code", ""))
        if "match_digest" in case:
            key_hex = document["match_keys"][0]["key_hex"]
            asked = {
                "op": "match",
                "key_hex": key_hex,
                "space": shipped(case["recipe"]).space("ciu"),
                "canonical": case["canonical"],
            }
            yield _asked(f"{case['id']} match", asked, {"digest": case["match_digest"]})
    for (person, salt), codes in people.items():
        yield _same(f"same_person {person} {salt}", len(codes), 1)


def _code_request(document: Document, case: dict[str, Any], answers: list[str]) -> dict[str, Any]:
    salt = document["salts"].get(case.get("salt"), "")
    year = document["current_year"]
    return {"op": "code", "recipe": case["recipe"], "salt": salt, "answers": answers, "year": year}


def _collisions(document: Document) -> Found:
    """Give the second holder of a code one more digit of his own digest."""
    for number, case in enumerate(document["collisions"]):
        first, second = case["first"], case["second"]
        before = _code_request(document, case, first["answers"])
        after = _code_request(document, case, second["answers"])
        yield _asked(f"collisions {number} first", before, {"code": first["code"]})
        yield _asked(f"collisions {number} built", after, {"code": first["code"]})
        yield _asked(f"collisions {number} second", after | {"n": 6}, {"code": second["code"]})


def _homonyms(document: Document) -> Found:
    for number, case in enumerate(document["homonyms"]):
        for one in case["ordinals"]:
            request = _code_request(document, case, case["answers"]) | {"ordinal": one["ordinal"]}
            yield _asked(f"homonyms {number} {one['ordinal']}", request, {"code": one["code"]})


def _match_keys(document: Document) -> Found:
    for number, case in enumerate(document["match_keys"]):
        yield _asked(f"match_keys {number}", {"op": "match", **case}, {"digest": case["digest"]})


def _near_keys(document: Document) -> Found:
    own = document["near_keys"]
    for number, case in enumerate(own["vectors"]):
        request = {"op": "near", "key_hex": own["key_hex"], "space": own["space"], "canonical": case["canonical"]}
        yield _asked(f"near_keys {number}", request, {name: case[name] for name in ("phonetic", "digests")})


def _identity_keys(document: Document) -> Found:
    for case in document["identity_keys"]:
        digest = identity_digest(bytes.fromhex(case["key_hex"]), case["identity"])
        yield _same(f"identity_keys {case['identity']}", digest.hex(), case["digest"])


def _normalisation(document: Document) -> Found:
    for mode, pairs in document["normalisation"].items():
        for text, wanted in pairs:
            yield _asked(
                f"normalisation {mode} {text!r}", {"op": "normalise", "mode": mode, "text": text}, {"result": wanted}
            )


def _validators(document: Document) -> Found:
    for kind, cases in document["validators"].items():
        for case in cases:
            request = {"op": "validate", "kind": kind, "answer": case["input"], "year": document["current_year"]}
            wanted = {name: case.get(name) for name in ("result", "error")}
            yield _asked(f"validators {kind} {case['input']!r}", request, wanted)


def _phonetic(document: Document) -> Found:
    for text, wanted in document["phonetic"]:
        yield _asked(f"phonetic {text}", {"op": "phonetic", "text": text}, {"result": wanted})


def _random_codes(document: Document) -> Found:
    for case in document["random_codes"]:
        wanted = {name: case[name] for name in ("value", "check", "usable", "display")}
        yield _asked(f"random_codes {case['symbols']}", {"op": "random_check", "symbols": case["symbols"]}, wanted)


def _random_parse(document: Document) -> Found:
    for case in document["random_parse"]:
        request = {"op": "random_parse", "text": case["input"]}
        yield _asked(f"random_parse {case['input']!r}", request, {"canonical": case["canonical"]})


def _probabilities(document: Document) -> Found:
    own = document["probabilities"]
    for bits, people in own["one_percent_collision_at"].items():
        yield _same(f"one_percent_collision_at {bits}", probabilities.people_until_collision(int(bits)), people)
    for case in own["split_percent"]:
        percent = 100 * probabilities.split_rate(case["error_per_answer"], case["answers"])
        is_same = abs(percent - case["percent"]) <= _HALF_A_TENTH
        yield f"split_percent {case['error_per_answer']} {case['answers']}", [] if is_same else [f"{percent}"]


def _suppression(document: Document) -> Found:
    for case in document["suppression"]:
        wanted = {name: case[name] for name in ("shown", "total_shown")}
        yield _asked(f"suppression {case['cells']}", {"op": "suppress", "cells": case["cells"]}, wanted)


def _identities(document: Document) -> Found:
    for case in document["identities"]:
        wanted = {name: case[name] for name in ("kind", "value", "send_to")}
        yield _asked(f"identities {case['from']!r}", {"op": "identity", "from": case["from"]}, wanted)


def _command_vectors(document: Document) -> Found:
    for case in document["command_vectors"]:
        request = {"op": "command", "text": case["input"], "question_kind": case["question_kind"]}
        yield _asked(f"command_vectors {case['input']!r}", request, {"command": case["command"]})


def _commands(document: Document) -> Found:
    listed = {(word, name, part) for name, own in document["commands"].items() for part in own for word in own[part]}
    for word, name, part in sorted(listed):
        wanted = [name if part == "words" else None, name]
        yield _same(f"commands {word}", [words.find_command(word, kind) for kind in ("name", "year")], wanted)
    yield _same("commands", words.command_words(), {word for word, _, _ in listed})


def _salt_rules(document: Document) -> Found:
    for number, case in enumerate(document["salt_rules"]):
        wanted = {name: case.get(name) for name in ("ok", "rule", "warning")}
        yield _asked(f"salt_rules {number}", {"op": "salt", **case}, wanted)


def _lists(document: Document) -> Found:
    """Compare the lists: what stands there is all there is."""
    yield _same("letter_map", folding.LETTERS, document["letter_map"])
    yield _same("unknown_words", set(words.known_words("unknown")), set(document["unknown_words"]))
    yield _same("reject_words", set(words.known_words("implausible")), set(document["reject_words"]))
    yield _same("lead_ins", [lead.split() for lead in words.known_words("lead_ins")], document["lead_ins"])


def _twilio(document: Document) -> Found:
    own = document["twilio"]
    for number, case in enumerate(own["valid"]):
        name = f"twilio {number} {case['name']}"
        yield _same(f"{name} form", parse_qsl(case["body"], keep_blank_values=True), list(map(tuple, case["form"])))
        yield _asked(f"{name} sha1", {"op": "twilio", **case, "signature": case["sha1"]}, {"valid": True})
        named = {"signature": case["sha256"], "settings": case["sha256_settings_header"]}
        yield _asked(f"{name} sha256", {"op": "twilio", **case, **named}, {"valid": True})
    for case in own["valid_json"]:
        request = {"op": "twilio", **case, "form": case["body"], "signature": case["sha1"]}
        yield _asked(f"twilio {case['name']}", request, {"valid": case["valid"]})
    for case in own["invalid"]:
        yield _asked(f"twilio {case['name']}", {"op": "twilio", **case}, {"valid": case["valid"]})


def _meta(document: Document) -> Found:
    own = document["meta"]
    for case in (*own["valid"], *own["invalid"]):
        yield _same(f"meta {case['name']} body", base64.b64decode(case["body_base64"]).decode(), case["body"])
        yield _asked(f"meta {case['name']}", {"op": "meta", **case}, {"valid": case.get("valid", True)})
    for case in own["challenge"]:
        query = dict(parse_qsl(case["query"], keep_blank_values=True))
        wanted = (case["status"], case.get("body", ""))
        yield _same(f"meta challenge {case['query']!r}", answer_challenge(query, [case["configured"]]), wanted)


# What other sections read.
CONTEXT = {"about", "format", "current_year", "salts", "unknown_words", "reject_words", "lead_ins"}
SECTIONS: dict[str, Callable[[Document], Found]] = {
    "letter_map": _lists,
    "commands": _commands,
    "command_vectors": _command_vectors,
    "code_vectors": _codes,
    "collisions": _collisions,
    "homonyms": _homonyms,
    "match_keys": _match_keys,
    "near_keys": _near_keys,
    "identity_keys": _identity_keys,
    "normalisation": _normalisation,
    "validators": _validators,
    "phonetic": _phonetic,
    "random_codes": _random_codes,
    "random_parse": _random_parse,
    "probabilities": _probabilities,
    "suppression": _suppression,
    "identities": _identities,
    "salt_rules": _salt_rules,
    "dialogues": dialogues.check,
    "twilio": _twilio,
    "meta": _meta,
}
