"""Scripted dialogues through the two documented contracts, on a fresh database each, their consequences too."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from channels.ussd import contracts, expectations, gateways
from channels.ussd.contracts import WireRequest
from channels.ussd.turn import take_turn
from commands.vectors import world
from core import clock
from core.clock import Traveller
from core.database import Database, driver
from core.errors import Refusal
from services import books

Fresh = Callable[[], AbstractContextManager[Database]]
WORDS = ("CON", "END")


def check(vectors: dict[str, Any], fresh: Fresh) -> Iterator[tuple[str, list[str] | None]]:
    """Give each dialogue with its differences; None where an operator would have to answer."""
    now = datetime.fromisoformat(vectors["world"]["now"])
    for dialogue in vectors["dialogues"]:
        if any("provider" in step for step in dialogue["steps"]) or "provider_requests" in dialogue.get("after", {}):
            yield dialogue["id"], None
            continue
        with fresh() as database, clock.travel(now) as traveller:
            world.build(database, vectors, dialogue.get("world"))
            differences = _walk(dialogue, traveller, database)
            yield dialogue["id"], differences + _after(dialogue.get("after", {}), database)


def _walk(dialogue: dict[str, Any], traveller: Traveller, database: Database) -> list[str]:
    differences: list[str] = []
    for number, step in enumerate(dialogue["steps"], start=1):
        if "advance_s" in step:
            traveller.advance(step["advance_s"])
            continue
        bodies = {_send(dialogue, step, database) for _ in range(step.get("repeat", 1))}
        if len(bodies) > 1:
            differences.append(f"{number}: {len(bodies)}")
        differences += [f"{number}: {one}" for one in _compare(dialogue, bodies.pop(), step["expect"])]
    return differences


def _send(dialogue: dict[str, Any], step: dict[str, Any], database: Database) -> bytes:
    session, caller = f"{dialogue['id']}-{step.get('session', 's1')}", step.get("from", dialogue["caller"])
    if dialogue["contract"] == "A":
        body = {"sessionId": session, "phoneNumber": caller, "text": step["input"]}
        body |= {"serviceCode": dialogue["service_code"]} if "service_code" in dialogue else {}
    else:
        body = {"sessionid": session, "msisdn": caller, "message": step["input"]}
    request = WireRequest("POST", headers={"content-type": "application/json"}, body=json.dumps(body).encode())
    try:
        return _answer(request, database)
    except Refusal as refusal:
        return refusal.code.encode()


def _answer(request: WireRequest, database: Database) -> bytes:
    """Read and answer a request as the door does once it knows who knocks."""
    fields = contracts.A.read(request)
    contract = contracts.tell(fields)
    with database.transaction() as session:
        gateway = gateways.find(session, contracts.ACCOUNTS[contract.key])
    turn = contract.decode(fields, gateway.place, clock.now())
    return take_turn(database, gateway, contract, turn).wire.body


def _compare(dialogue: dict[str, Any], body: bytes, expect: dict[str, Any]) -> Iterator[str]:
    contract = contracts.A if dialogue["contract"] == "A" else contracts.B
    heard = contract.hear(body, {}, WORDS)
    if heard is None:
        yield repr(body.decode("utf-8", "replace"))
        return
    yield from expectations.differences(expect, heard.text, has_more=heard.has_more)


def _after(after: dict[str, Any], database: Database) -> list[str]:
    """Compare what the books and the messages say, and look for what must be nowhere."""
    found: dict[str, tuple[Any, Any]] = {}
    with database.transaction() as session:
        connection = driver(session)

        def one(query: str, *values: Any) -> Any:
            row = connection.execute(query, values or None).fetchone()
            return row[0] if row else None

        for phone, wanted in after.get("balances", {}).items():
            found[f"balance {phone}"] = (world.balance(session, phone), wanted)
        if "fees" in after:
            total = "select coalesce(sum(ledger_balance(id)), 0)::bigint from ledger_account where kind = 'fee_income'"
            found["fees"] = (one(total), after["fees"])
        if "operations" in after:
            found["operations"] = (one("select count(*) from ussd_operation"), after["operations"])
        for phone, wanted in after.get("subscribers", {}).items():
            name = one("select trim(first_name || ' ' || last_name) from users where phone = %s", phone)
            found[f"name {phone}"] = (name, wanted["name"])
            found[f"balance {phone}"] = (world.balance(session, phone) if name else None, wanted["balance"])
        for sms in after.get("sms", ()):
            texts = _texts(connection, sms["to"])
            is_there = any(all(part in text for part in sms["contains"]) for text in texts)
            found[f"sms {sms['to']} {sms['contains']}"] = (is_there, True)
        found["books"] = (all(finding.holds for finding in books.list_findings(session)), True)
    dump = world.everything(database)
    found |= {f"absent {secret}": (secret in dump, False) for secret in after.get("absent_everywhere", ())}
    return [f"after {name}: {value!r}, {wanted!r}" for name, (value, wanted) in found.items() if value != wanted]


def _texts(connection: Any, phone: str) -> list[str]:
    rows = connection.execute(
        "select coalesce(body, '') || variables::text from message where address = %s and channel = 'sms'", (phone,)
    ).fetchall()
    return [row[0] for row in rows]
