"""Every action the two documented menus name, played by the world in memory."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Value, by_name
from core.security import is_pin, is_weak_pin
from tests.channels.world import World

TEXT, MONEY, PHONE = Value("text", 20), Value("money", 15), Value("phone", 13)
MOVES = frozenset({"ok", "pending", "funds", "limit", "payee", "closed", "requote", "failed"})
_MOVE_INPUTS = dict.fromkeys(
    ("to", "again", "bill_ref", "biller", "code", "provider"), Value("text", 20, is_optional=True)
)
_QUOTED = {"amount": MONEY, "fee": MONEY, "total": MONEY, "tariff_id": Value("text", 36), "min": MONEY, "max": MONEY}
_ROW = {"code": TEXT, "name": TEXT}
_CODE = {"code": TEXT}
_PAYEE = {"to": PHONE, "to_name": TEXT}

Fast = Callable[[World, ActionContext, Inputs], Outcome]


def _balance(world: World, context: ActionContext, _inputs: Inputs) -> Outcome:
    row = world.person(context.caller.phone)
    return Outcome("ok", {"balance": row["balance"]}) if row else Outcome("none")


def _services(world: World, _context: ActionContext, _inputs: Inputs) -> Outcome:
    return Outcome("ok", rows=tuple({"code": row["code"], "name": row["name"]} for row in world.facts["services"]))


def _is_active(world: World, phone: str | None, code: str) -> bool:
    return any(s["phone"] == phone and s["service"] == code for s in world.facts["subscriptions"])


def _service(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    row = next((row for row in world.facts["services"] if row["code"] == inputs["code"]), None)
    if row is None:
        return Outcome("unknown")
    state = "actif" if _is_active(world, context.caller.phone, row["code"]) else "inactif"
    values = {"service_name": row["name"], "service_info": row["info"], "service_price": row["price"]}
    return Outcome("ok", {**values, "service_state": state})


def _activate(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    row = next(row for row in world.facts["services"] if row["code"] == inputs["code"])
    if _is_active(world, context.caller.phone, row["code"]):
        return Outcome("already")
    if row["price"]:
        return Outcome("priced")
    world.facts["subscriptions"].append({"phone": context.caller.phone, "service": row["code"]})
    return Outcome("ok")


def _activate_paid(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    outcome = _move("subscription", world, context, inputs)
    if outcome.name == "ok":
        world.facts["subscriptions"].append({"phone": context.caller.phone, "service": inputs["code"]})
    return outcome


def _deactivate(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    if not _is_active(world, context.caller.phone, inputs["code"]):
        return Outcome("inactive")
    world.facts["subscriptions"] = [s for s in world.facts["subscriptions"] if s["service"] != inputs["code"]]
    return Outcome("ok")


def _order(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    found = next(
        (
            row
            for row in world.facts["orders"]
            if row["ref"] == inputs["order_ref"] and row["phone"] == context.caller.phone
        ),
        None,
    )
    if found is None:
        return Outcome("unknown")
    values = {"order_ref": found["ref"], "order_status": found["status"], "order_date": found["updated"]}
    return Outcome("ok", values)


def _surveys(world: World, _context: ActionContext, _inputs: Inputs) -> Outcome:
    count = len(world.facts["surveys"])
    name = "none" if count == 0 else "one" if count == 1 else "many"
    return Outcome(name, {"survey": world.facts["surveys"][0]["code"]} if count == 1 else {})


def _survey_rows(world: World, _context: ActionContext, _inputs: Inputs) -> Outcome:
    return Outcome("ok", rows=tuple({"code": row["code"], "name": row["name"]} for row in world.facts["surveys"]))


def _survey_state(world: World, context: ActionContext, _inputs: Inputs) -> Outcome:
    is_done = any(phone == context.caller.phone for phone, _, answer in world.answers if answer == "done")
    return Outcome("again" if is_done else "ok")


def _survey_keep(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    world.answers.append((context.caller.phone or "", str(inputs["question"]), str(inputs["answer"])))
    return Outcome("ok")


def _notices_state(world: World, context: ActionContext, _inputs: Inputs) -> Outcome:
    is_out = context.caller.phone in world.facts.get("opted_out", ())
    return Outcome("ok", {"notices_state": "désactivées" if is_out else "activées"})


def _opt_in(_world: World, _context: ActionContext, _inputs: Inputs) -> Outcome:
    return Outcome("ok")


def _opt_out(world: World, context: ActionContext, _inputs: Inputs) -> Outcome:
    world.facts.setdefault("opted_out", []).append(context.caller.phone)
    return Outcome("ok")


def _latest(world: World, context: ActionContext, _inputs: Inputs) -> Outcome:
    own = [row["text"] for row in world.facts["notices"] if row["phone"] == context.caller.phone]
    return Outcome("ok", {"notices_text": "\n".join(own)}) if own else Outcome("none")


def _strength(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    if not is_pin(inputs["secret"], world.facts["pin_length"]):
        return Outcome("invalid")
    if is_weak_pin(inputs["secret"], context.caller.phone or ""):
        return Outcome("weak")
    return Outcome("same" if context.is_same_secret else "ok")


def _verify(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    phone = context.caller.phone or ""
    row = world.person(phone)
    if row is None:
        return Outcome("none")
    if world.locked.get(phone, world.now) > world.now:
        return Outcome("locked", {"minutes": 15})
    tries = world.tries.get(phone, 0) % 3 + 1
    world.tries[phone] = tries
    if row["pin"] == inputs["secret"]:
        world.tries[phone] = 0
        return Outcome("ok")
    if tries == 3:
        world.locked[phone] = world.now + timedelta(minutes=15)
        return Outcome("locked", {"minutes": 15})
    return Outcome("wrong", {"left": 3 - tries})


def _change(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    row = world.person(context.caller.phone)
    assert row is not None
    row["pin"] = inputs["secret"]
    return Outcome("ok")


def _register(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    phone = context.caller.phone or ""
    if world.person(phone):
        return Outcome("exists")
    new = {"phone": phone, "name": inputs["name"], "role": "client", "status": "active", "balance": 0}
    world.facts["subscribers"].append({**new, "pin": inputs["secret"]})
    return Outcome("ok")


def _payee(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    if inputs["to"] == context.caller.phone:
        return Outcome("self")
    row = world.person(inputs["to"])
    if row is None:
        return Outcome("unknown")
    return Outcome("ok", {"to_name": row["name"]}) if row["status"] == "active" else Outcome("closed")


def _merchant(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    row = next((row for row in world.facts["merchants"] if row["code"] == inputs["code"]), None)
    if row is None:
        return Outcome("unknown")
    if row["phone"] == context.caller.phone:
        return Outcome("self")
    return Outcome("ok", {"to": row["phone"], "to_name": row["name"]})


def _airtime(world: World, _context: ActionContext, inputs: Inputs) -> Outcome:
    row = world.person(inputs["to"])
    return Outcome("ok", {"to": inputs["to"], "to_name": row["name"] if row else "Numéro non inscrit"})


def _billers(world: World, _context: ActionContext, _inputs: Inputs) -> Outcome:
    return Outcome("ok", rows=tuple({"code": row["code"], "name": row["name"]} for row in world.facts["billers"]))


def _bill(world: World, _context: ActionContext, inputs: Inputs) -> Outcome:
    biller = next(row for row in world.facts["billers"] if row["code"] == inputs["biller"])
    if not re.fullmatch(biller["pattern"], inputs["bill_ref"]):
        return Outcome("invalid")
    account = biller["accounts"].get(inputs["bill_ref"])
    if account is None:
        return Outcome("unknown")
    values = {"to": None, "to_name": account["name"]}
    if "due" in account:
        return Outcome("due", {**values, "amount": account["due"]})
    return Outcome("ok", values)


def _providers(world: World, _context: ActionContext, _inputs: Inputs) -> Outcome:
    return Outcome("ok", rows=tuple(dict(row) for row in world.facts["providers"]))


def _quote(world: World, _context: ActionContext, inputs: Inputs) -> Outcome:
    kind, amount = inputs["type"], inputs["amount"]
    limits = world.facts["limits"].get(kind, world.facts["limits"]["default"])
    if amount < limits["min"]:
        return Outcome("min", {"min": limits["min"]})
    if amount > limits["max"]:
        return Outcome("max", {"max": limits["max"]})
    fee = world.fee(kind, amount)
    return Outcome("ok", {"amount": amount, "fee": fee, "total": amount + fee, "tariff_id": f"{kind}-1"})


def _recent(world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    target = inputs["to"] or inputs["bill_ref"]
    for payer, kind, payee, amount, at in reversed(world.moved):
        if (payer, kind, payee, amount) == (context.caller.phone, inputs["type"], target, inputs["amount"]):
            seconds = int((world.now - at).total_seconds())
            return Outcome("found", {"ago": f"{seconds} s", "again": False})
    return Outcome("none", {"again": False})


def _move(kind: str, world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    shown = context.shown
    assert shown is not None, "money moved without its confirm screen"
    payer = world.person(context.caller.phone)
    payee = world.person(inputs.get("to")) if kind in {"transfer", "cash_out", "sell", "payment"} else None
    assert payer is not None
    if world.fee(kind, shown.amount) != shown.fee:
        fee = world.fee(kind, shown.amount)
        return Outcome("requote", {"fee": fee, "total": shown.amount + fee, "tariff_id": f"{kind}-2"})
    if kind == "recharge":
        return Outcome("pending", {"ref": "RE-0000AA"})
    if shown.total > payer["balance"]:
        return Outcome("funds")
    if shown.amount > world.facts["limits"]["day"]:
        return Outcome("limit")
    if payee is not None and payee["balance"] + shown.amount > world.facts["limits"]["balance_max"]:
        return Outcome("payee")
    payer["balance"] -= shown.total
    if payee is not None:
        payee["balance"] += shown.amount
    target = inputs.get("to") or inputs.get("bill_ref")
    world.moved.append((payer["phone"], kind, str(target), shown.amount, world.now))
    return Outcome("ok", {"ref": "TR-0000AA", "balance": payer["balance"]}, operation_id=uuid4())


def _statement(world: World, _context: ActionContext, _inputs: Inputs) -> Outcome:
    lines = [f"{kind} {amount}" for _, kind, _, amount, _ in world.moved]
    return Outcome("ok", {"statement": "\n".join(lines)}) if lines else Outcome("none")


def _language(_world: World, context: ActionContext, inputs: Inputs) -> Outcome:
    context.dialogue.language = inputs["language"]
    return Outcome("ok")


Made = Callable[[World], Action]


def _fast(
    name: str, run_it: Fast, outcomes: str, effect: Effect = Effect.READ, *, optional: str = "", **parts: Any
) -> Made:
    return lambda world: Action(
        name=name,
        outcomes=frozenset(outcomes.split()),
        optional=frozenset(optional.split()),
        effect=effect,
        run=partial(run_it, world),
        **parts,
    )


def _slow(name: str, run_it: Fast, outcomes: str, effect: Effect, **parts: Any) -> Made:
    # What the database knows is asked in the second transaction; the work between is nothing here.
    return lambda world: Action(
        name=name,
        outcomes=frozenset(outcomes.split()),
        effect=effect,
        takes_secret=True,
        prepare=lambda _context, inputs: inputs,
        work=lambda ticket: ticket,
        settle=lambda context, ticket, _worked: run_it(world, context, ticket),
        **parts,
    )


def _money(name: str, kind: str) -> Made:
    return _fast(name, partial(_move, kind), " ".join(MOVES), Effect.MONEY, inputs=_MOVE_INPUTS, outputs=_MOVED)


_MOVED = {"ref": Value("text", 9), "balance": MONEY, **_QUOTED}

_ACTIONS: tuple[Made, ...] = (
    _fast("account.balance", _balance, "ok none", outputs={"balance": MONEY}),
    _fast("catalog.services", _services, "ok", row=_ROW),
    _fast(
        "catalog.service",
        _service,
        "ok unknown",
        inputs=_CODE,
        outputs={
            "service_name": TEXT,
            "service_state": TEXT,
            "service_info": Value("text", 400),
            "service_price": MONEY,
        },
    ),
    _fast("catalog.activate", _activate, "ok already priced", Effect.WRITE, inputs=_CODE),
    _fast(
        "catalog.activate_paid",
        _activate_paid,
        "ok funds limit requote",
        Effect.MONEY,
        inputs=_CODE,
        outputs={"ref": Value("text", 9), "balance": MONEY, **_QUOTED},
    ),
    _fast("catalog.deactivate", _deactivate, "ok inactive", Effect.WRITE, inputs=_CODE),
    _fast(
        "orders.find",
        _order,
        "ok unknown",
        inputs={"order_ref": TEXT},
        outputs={"order_ref": TEXT, "order_status": Value("text", 40), "order_date": Value("date", 10)},
    ),
    _fast("surveys.open", _surveys, "none one many", outputs={"survey": TEXT}),
    _fast("surveys.rows", _survey_rows, "ok", row=_ROW),
    _fast("surveys.state", _survey_state, "ok again"),
    _fast("surveys.keep", _survey_keep, "ok", inputs={"question": TEXT, "answer": TEXT}),
    _fast("notices.state", _notices_state, "ok", outputs={"notices_state": TEXT}),
    _fast("notices.opt_in", _opt_in, "ok", Effect.WRITE),
    _fast("notices.opt_out", _opt_out, "ok", Effect.WRITE),
    _fast("notices.latest", _latest, "ok none", outputs={"notices_text": Value("text", 400)}),
    _fast("pin.strength", _strength, "ok invalid weak same", takes_secret=True, optional="same"),
    _slow(
        "pin.verify",
        _verify,
        "ok wrong locked none",
        Effect.READ,
        proves_secret=True,
        outputs={"left": Value("int", 1), "minutes": Value("int", 4)},
    ),
    _slow("pin.change", _change, "ok", Effect.WRITE),
    _slow("wallet.register", _register, "ok exists", Effect.WRITE, inputs={"name": Value("text", 40)}),
    _fast("wallet.payee", _payee, "ok self unknown closed", inputs={"to": PHONE}, outputs=_PAYEE),
    _fast("wallet.merchant", _merchant, "ok self unknown", inputs=_CODE, outputs=_PAYEE),
    _fast("wallet.airtime_target", _airtime, "ok", inputs={"to": PHONE}, outputs=_PAYEE),
    _fast("wallet.billers", _billers, "ok", row=_ROW),
    _fast(
        "wallet.bill",
        _bill,
        "ok due invalid unknown down",
        inputs={"biller": TEXT, "bill_ref": TEXT},
        outputs={**_PAYEE, "amount": MONEY},
    ),
    _fast("wallet.providers", _providers, "ok", row=_ROW),
    _fast("wallet.quote", _quote, "ok min max", inputs={"type": TEXT, "amount": MONEY}, outputs=_QUOTED),
    _fast(
        "wallet.recent_same",
        _recent,
        "none found",
        inputs={"type": TEXT, "to": PHONE, "amount": MONEY, "bill_ref": Value("text", 16, is_optional=True)},
        outputs={"ago": Value("text", 7), "again": Value("int", 1)},
    ),
    _money("wallet.transfer", "transfer"),
    _money("wallet.cash_out", "cash_out"),
    _money("wallet.sell", "sell"),
    _money("wallet.pay_merchant", "payment"),
    _money("wallet.pay_bill", "bill"),
    _money("wallet.buy_airtime", "airtime"),
    _money("wallet.recharge", "recharge"),
    _fast("wallet.statement", _statement, "ok none", outputs={"statement": Value("text", 400)}),
    _fast("caller.set_language", _language, "ok", Effect.WRITE, inputs={"language": Value("text", 2)}),
)


def registry(world: World) -> dict[str, Action]:
    """Return every action of `docs/ussd.md` 5.2 that the documented menus use, played by `world`."""
    return by_name(*(make(world) for make in _ACTIONS))
