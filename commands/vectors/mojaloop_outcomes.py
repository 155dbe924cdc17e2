"""Answers of the scheme adapter, names side by side and what leaves, checked with the code that pays pensions."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.money import Currency, Money
from providers.mojaloop.bodies import amount_text, display_name
from providers.mojaloop.contract import Asked, Found, NotFound, Operation, Verdict
from providers.mojaloop.parties import read_party
from providers.mojaloop.verdicts import classify, classify_silence
from services.pensions.names import compare

Case = Mapping[str, Any]

PENSION_FORM = "display_names"  # the list by which a file of this form is known


def check(vectors: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Give each case with its differences."""
    for case in vectors.get("cases", ()):
        yield case["id"], _differences(case["expect"], _outcome(vectors, case))
    for case in vectors.get("names", ()):
        found = compare(case["declared"], case["found"]).value
        yield f"{case['declared']} / {case['found']}", _differences(case, {"verdict": found})
    for case in vectors.get("display_names", ()):
        yield case["input"], _differences(case, {"display_name": display_name(case["input"])})
    for case in vectors.get("amounts", ()):
        money = Money(case["minor"], Currency(case["currency"]))
        yield f"{money.minor} {money.currency}", _differences(case, {"wire": amount_text(money)})


def _outcome(vectors: Mapping[str, Any], case: Case) -> dict[str, Any]:
    order = {**vectors["order"], **case.get("order", {})}
    body = case["body_text"].encode() if "body_text" in case else json.dumps(case.get("body")).encode()
    if case["operation"] == "get_party":
        return _party(read_party(case["http_status"], body, order["idValue"], order["currency"]))
    operation = Operation(case["operation"])
    asked = Asked(Money.parse(order["amount"], Currency(order["currency"])), order["amountType"], vectors["expiry_s"])
    if "transport" in case:
        return _shown(classify_silence(operation, is_sent=case["transport"] != "not_connected"))
    own_id = case.get("own_id", vectors["own_id"])
    return _shown(classify(operation, own_id, asked, case["http_status"], body, case.get("age_s", 0.0)))


def _shown(verdict: Verdict) -> dict[str, Any]:
    return {
        "answer": verdict.answer,
        "paid": verdict.is_paid,
        "state": verdict.state,
        "code": verdict.code,
        "reason": verdict.reason,
        "again": verdict.again,
        "confirm": verdict.is_confirmed_by_read,
        "stop": verdict.stop,
        "slow": verdict.is_slow,
        "sent": verdict.is_sent,
        "proof": verdict.is_proof,
    }


def _party(answer: Any) -> dict[str, Any]:
    match answer:
        case Found():
            return {"answer": "found", "fsp_id": answer.fsp_id, "hold": answer.hold}
        case NotFound():
            return {"answer": "not_found", "code": answer.code}
    return {"answer": "unknown", "code": answer.code or None}


def _differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}: {value!r}, attendu {expected[name]!r}"
        for name, value in found.items()
        if name in expected and expected[name] != value
    ]
