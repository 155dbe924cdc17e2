"""Money that leaves the wallet: for a person, at a merchant's counter, for a bill, for airtime.

Movements inside the house are done in the turn's own transaction. A bill and airtime are reserved there; then, with no
lock held, the turn waits a moment for the worker.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from channels import texts
from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Value, by_name
from channels.ussd.actions.shared import (
    BALANCE,
    MONEY,
    NAME,
    PHONE,
    QUOTED,
    REF,
    TEXT,
    acting_caller,
    caller_id,
    confirmed_price,
    refusing,
)
from core.database import Session
from core.money import Money
from core.permissions import Actor
from core.phone import normalise
from models.wallets import OperationState, OperationType
from providers.answers import Account, Unknown
from providers.connectors.biller import BadReference, Bill
from services import billers, wallets
from services.billers import BillerRow
from services.breaker import ProviderResting
from services.routes import NoRoute
from services.wallets import BuyAirtime, CashOut, Operation, PayBill, PayMerchant, Purchased, SellMoney, TransferMoney

PATIENCE_S = 2.0
AGAIN, AGO = Value("int", 1), Value("text", 7)
OPTIONAL_TEXT, OPTIONAL_PHONE = Value("text", 16, is_optional=True), Value("phone", 13, is_optional=True)


# Who is paid


@refusing
def _payee(context: ActionContext, inputs: Inputs) -> Outcome:
    payee = wallets.get_payee(
        context.session, caller_id(context), inputs["to"], context.caller.country, context.service_currency
    )
    return Outcome("ok", {"to": payee.phone, "to_name": payee.name})


@refusing
def _merchant(context: ActionContext, inputs: Inputs) -> Outcome:
    merchant = wallets.get_merchant(context.session, caller_id(context), inputs["code"])
    return Outcome("ok", {"to": merchant.phone, "to_name": merchant.name})


@refusing
def _airtime_target(context: ActionContext, inputs: Inputs) -> Outcome:
    target = wallets.get_airtime_target(context.session, caller_id(context), inputs["to"], context.caller.country)
    if not billers.is_airtime_open(context.session, target.country):
        return Outcome("closed", final=texts.NO_AIRTIME)
    name = target.name or texts.sentence(texts.NOT_REGISTERED, context.dialogue.language)
    return Outcome("ok", {"to": target.phone, "to_name": name})


def _billers(context: ActionContext, _inputs: Inputs) -> Outcome:
    rows = billers.list_active(context.session, context.caller.country, context.dialogue.language)
    return Outcome("ok", rows=tuple({"code": row.code, "name": row.name} for row in rows))


@dataclass(frozen=True, slots=True)
class _LookUp:
    """What is asked of a biller, with the account that asks."""

    account: Account = field(repr=False)
    biller: str
    reference: str


@refusing
def _prepare_bill(context: ActionContext, inputs: Inputs) -> _LookUp | Outcome:
    biller = _find_biller(context, inputs["biller"])
    reference = str(inputs["bill_ref"])
    if not re.fullmatch(biller.pattern, reference):
        return Outcome("invalid")
    wallets.guard_velocity(context.session, "lookups", str(caller_id(context)))
    try:
        account = wallets.get_bill_account(
            context.session, context.caller.country, context.service_currency, biller.connector
        )
    except (NoRoute, ProviderResting):
        return Outcome("down")
    return _LookUp(account, biller.code, reference)


def _look_up(asked: _LookUp) -> Bill | BadReference | Unknown:
    return wallets.look_up_bill(asked.account, asked.biller, asked.reference)


def _settle_bill(_context: ActionContext, _asked: _LookUp, found: Bill | BadReference | Unknown | None) -> Outcome:
    match found:
        case Bill():
            name = wallets.shown_name(found.name, "", found.reference)
            if found.kind == "fixed" and found.due is not None:
                return Outcome("due", {"to_name": name, "amount": found.due.minor})
            return Outcome("ok", {"to_name": name})
        case BadReference():
            return Outcome("invalid" if found.is_malformed else "unknown")
    return Outcome("down")


def _find_biller(context: ActionContext, code: str) -> BillerRow:
    rows = billers.list_active(context.session, context.caller.country, context.dialogue.language)
    biller = next((row for row in rows if row.code == code), None)
    if biller is None:  # stopped between the list and the answer
        raise NoRoute(moyen=code)
    return biller


@refusing
def _recent_same(context: ActionContext, inputs: Inputs) -> Outcome:
    """Look for the same money a moment ago; an older «once more» counts no longer."""
    kind, amount = OperationType(inputs["type"]), Money(inputs["amount"], context.service_currency)
    session, payer_id = context.session, caller_id(context)
    match kind:
        case OperationType.BILL:
            party = wallets.bill_party(inputs["biller"], inputs["bill_ref"])
            found = wallets.get_recent_purchase(session, payer_id, kind, party, amount)
        case OperationType.AIRTIME:
            found = wallets.get_recent_purchase(session, payer_id, kind, inputs["to"], amount)
        case _:
            found = wallets.get_recent_same(session, payer_id, inputs["to"], kind, amount)
    return Outcome("found", {"ago": found.ago, "again": False}) if found else Outcome("none", {"again": False})


# Inside the house


def _price(context: ActionContext, inputs: Inputs) -> dict[str, Any]:
    """Return what every order has: who pays, what the confirm screen showed, the key of this visit."""
    shown, currency = confirmed_price(context), context.service_currency
    return {
        "key": context.key,
        "payer_id": caller_id(context),
        "amount": Money(shown.amount, currency),
        "fee": Money(shown.fee, currency),
        "tariff_id": UUID(shown.tariff_id),
        "is_repeat_confirmed": bool(inputs["again"]),
        "session_id": context.dialogue.session_id,
        "timezone": context.timezone,
    }


def _moving(
    verb: Callable[[Session, Actor, Any], Operation], order: Callable[..., Any], **named: str
) -> Callable[[ActionContext, Inputs], Outcome]:
    """Return the action of a movement; `named` says which input is which member of its order."""

    @refusing
    def run(context: ActionContext, inputs: Inputs) -> Outcome:
        given = {member: inputs[name] for member, name in named.items()}
        done = verb(context.session, acting_caller(context), order(**_price(context, inputs), **given))
        return Outcome("ok", {"ref": done.reference, "balance": done.balance.minor}, operation_id=done.id)

    return run


# Outside: reserved, then waited for


@refusing
def _reserve_bill(context: ActionContext, inputs: Inputs) -> Purchased:
    biller = _find_biller(context, inputs["biller"])
    order = PayBill(
        **_price(context, inputs),
        country=context.caller.country,
        connector=biller.connector,
        biller=biller.code,
        biller_name=biller.name,
        reference=inputs["bill_ref"],
        customer_name=inputs["to_name"] or "",
    )
    return wallets.pay_bill(context.session, acting_caller(context), order)


@refusing
def _reserve_airtime(context: ActionContext, inputs: Inputs) -> Purchased:
    country = normalise(inputs["to"], None).country
    order = BuyAirtime(**_price(context, inputs), country=country, phone=inputs["to"])
    return wallets.buy_airtime(context.session, acting_caller(context), order)


def _wait(purchase: Purchased) -> None:
    wallets.wait_until_known(purchase.id, PATIENCE_S)


def _settle_purchase(context: ActionContext, purchase: Purchased, _waited: None) -> Outcome:
    """Say how it stands now: done, refused and given back, or still on its way; an SMS says the rest."""
    now = wallets.get_purchase(context.session, purchase.id)
    name = {OperationState.COMPLETED: "ok", OperationState.FAILED: "failed"}.get(now.state, "pending")
    return Outcome(name, {"ref": now.reference, "balance": now.balance.minor}, operation_id=now.id)


CODE = Value("text", 6)
ENDS = frozenset({"ok", "pending", "funds", "limit", "payee", "closed", "requote", "failed", "found"})
MOVED = {**QUOTED, "ref": REF, "balance": BALANCE, "ago": AGO, "again": AGAIN}


def _movement(
    name: str, kind: OperationType, run: Callable[[ActionContext, Inputs], Outcome], inputs: Mapping[str, Value]
) -> Action:
    """Declare a movement: known at once, so nothing pends and nothing fails later."""
    return Action(
        name,
        ENDS,
        Effect.MONEY,
        money_type=kind,
        inputs={**inputs, "again": Value("int", 1, is_optional=True)},
        outputs=MOVED,
        optional=frozenset({"found", "pending", "failed"}),
        run=run,
    )


def _purchase(
    name: str,
    kind: OperationType,
    prepare: Callable[[ActionContext, Inputs], Purchased | Outcome],
    inputs: Mapping[str, Value],
) -> Action:
    """Declare a purchase: reserved and committed, waited for, then answered as it stands."""
    return Action(
        name,
        ENDS,
        Effect.MONEY,
        money_type=kind,
        inputs={**inputs, "again": Value("int", 1, is_optional=True)},
        outputs=MOVED,
        optional=frozenset({"found", "payee", "closed"}),
        settles_unfinished=True,  # the money is set aside: an SMS says the rest
        prepare=prepare,
        work=_wait,
        settle=_settle_purchase,
    )


ACTIONS = by_name(
    Action(
        "wallet.payee",
        frozenset({"ok", "invalid", "self", "unknown", "closed"}),
        Effect.READ,
        inputs={"to": PHONE},
        outputs={"to": PHONE, "to_name": NAME},
        run=_payee,
    ),
    Action(
        "wallet.merchant",
        frozenset({"ok", "invalid", "self", "unknown", "closed"}),
        Effect.READ,
        inputs={"code": CODE},
        outputs={"to": PHONE, "to_name": NAME},
        optional=frozenset({"closed"}),
        run=_merchant,
    ),
    Action(
        "wallet.airtime_target",
        frozenset({"ok", "invalid", "closed"}),
        Effect.READ,
        inputs={"to": PHONE},
        outputs={"to": PHONE, "to_name": NAME},
        optional=frozenset({"invalid", "closed"}),
        run=_airtime_target,
    ),
    Action(
        "wallet.billers",
        frozenset({"ok"}),
        Effect.READ,
        row={"code": TEXT, "name": TEXT},
        run=_billers,
    ),
    Action(
        "wallet.bill",
        frozenset({"ok", "due", "invalid", "unknown", "down"}),
        Effect.OUTSIDE,
        inputs={"biller": TEXT, "bill_ref": TEXT},
        outputs={"to_name": NAME, "amount": MONEY},
        commits=frozenset(),  # it only reads
        settles_unfinished=True,
        prepare=_prepare_bill,
        work=_look_up,
        settle=_settle_bill,
    ),
    Action(
        "wallet.recent_same",
        frozenset({"none", "found"}),
        Effect.READ,
        inputs={
            "type": TEXT,
            "to": OPTIONAL_PHONE,
            "biller": OPTIONAL_TEXT,
            "bill_ref": OPTIONAL_TEXT,
            "amount": MONEY,
        },
        outputs={"ago": AGO, "again": AGAIN},
        run=_recent_same,
    ),
    _movement(
        "wallet.transfer",
        OperationType.TRANSFER,
        _moving(wallets.transfer, TransferMoney, payee_phone="to"),
        {"to": PHONE},
    ),
    _movement("wallet.sell", OperationType.SELL, _moving(wallets.sell, SellMoney, payee_phone="to"), {"to": PHONE}),
    _movement(
        "wallet.cash_out",
        OperationType.CASH_OUT,
        _moving(wallets.cash_out, CashOut, merchant_code="code"),
        {"code": CODE},
    ),
    _movement(
        "wallet.pay_merchant",
        OperationType.PAYMENT,
        _moving(wallets.pay_merchant, PayMerchant, merchant_code="code"),
        {"code": CODE},
    ),
    _purchase(
        "wallet.pay_bill", OperationType.BILL, _reserve_bill, {"biller": TEXT, "bill_ref": TEXT, "to_name": NAME}
    ),
    _purchase("wallet.buy_airtime", OperationType.AIRTIME, _reserve_airtime, {"to": PHONE}),
)
