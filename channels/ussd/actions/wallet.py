"""The wallet's actions: each calls one verb of `services/` and turns its refusals into outcomes."""

from uuid import UUID

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
    own_phone,
    quoted,
    refusing,
)
from core.money import Money
from core.phone import normalise
from models.transfers import Direction
from models.wallets import OperationType
from services import routes, wallets
from services.wallets import RechargeWallet, TransferMoney

# Balance, statement, language


@refusing
def _balance(context: ActionContext, _inputs: Inputs) -> Outcome:
    balance = wallets.get_balance(context.session, caller_id(context), context.service_currency)
    return Outcome("ok", {"balance": balance.minor})


@refusing
def _statement(context: ActionContext, _inputs: Inputs) -> Outcome:
    statement = wallets.get_statement(context.session, caller_id(context), context.service_currency, context.timezone)
    return Outcome("ok", {"statement": statement}) if statement else Outcome("none")


# Transfer


@refusing
def _payee(context: ActionContext, inputs: Inputs) -> Outcome:
    payee = wallets.get_payee(
        context.session, caller_id(context), inputs["to"], context.caller.country, context.service_currency
    )
    return Outcome("ok", {"to": payee.phone, "to_name": payee.name})


@refusing
def _quote(context: ActionContext, inputs: Inputs) -> Outcome:
    amount = Money(inputs["amount"], context.service_currency)
    quote = wallets.quote(context.session, OperationType(inputs["type"]), amount, caller_id(context))
    return Outcome("ok", quoted(quote))


@refusing
def _recent_same(context: ActionContext, inputs: Inputs) -> Outcome:
    """Look for the same money a moment ago; an older «once more» counts no longer."""
    amount = Money(inputs["amount"], context.service_currency)
    found = wallets.get_recent_same(
        context.session, caller_id(context), inputs["to"], OperationType(inputs["type"]), amount
    )
    return Outcome("found", {"ago": found.ago, "again": False}) if found else Outcome("none", {"again": False})


@refusing
def _transfer(context: ActionContext, inputs: Inputs) -> Outcome:
    shown, currency = confirmed_price(context), context.service_currency
    done = wallets.transfer(
        context.session,
        acting_caller(context),
        TransferMoney(
            key=context.key,
            payer_id=caller_id(context),
            payee_phone=inputs["to"],
            amount=Money(shown.amount, currency),
            fee=Money(shown.fee, currency),
            tariff_id=UUID(shown.tariff_id),
            is_repeat_confirmed=bool(inputs["again"]),
            session_id=context.dialogue.session_id,
            timezone=context.timezone,
        ),
    )
    return Outcome("ok", {"ref": done.reference, "balance": done.balance.minor}, operation_id=done.id)


# Top-up


def _providers(context: ActionContext, _inputs: Inputs) -> Outcome:
    """List who may be asked for money in the country of the caller's own number, those that answer now."""
    country = normalise(own_phone(context), None).country
    offers = routes.list_offers(context.session, country, Direction.COLLECT, context.service_currency)
    rows = [
        {"code": offer.method, "name": offer.label.partition(" (")[0]}
        for offer in offers
        if offer.is_available and not offer.is_recorded_by_hand
    ]
    return Outcome("ok", rows=tuple(rows))


@refusing
def _recharge(context: ActionContext, inputs: Inputs) -> Outcome:
    """Ask the caller's operator, and answer at once: whoever holds the phone never waits for a provider."""
    shown, currency = confirmed_price(context), context.service_currency
    asked = wallets.recharge(
        context.session,
        acting_caller(context),
        RechargeWallet(
            key=context.key,
            user_id=caller_id(context),
            method=inputs["provider"],
            amount=Money(shown.amount, currency),
            fee=Money(shown.fee, currency),
            tariff_id=UUID(shown.tariff_id),
            session_id=context.dialogue.session_id,
        ),
    )
    return Outcome("pending", {"ref": asked.reference}, operation_id=asked.id)


ACTIONS = by_name(
    Action("account.balance", frozenset({"ok", "none"}), Effect.READ, outputs={"balance": BALANCE}, run=_balance),
    Action(
        "wallet.statement",
        frozenset({"ok", "none"}),
        Effect.READ,
        outputs={"statement": Value("text", 400)},
        run=_statement,
    ),
    Action(
        "wallet.payee",
        frozenset({"ok", "invalid", "self", "unknown", "closed"}),
        Effect.READ,
        inputs={"to": PHONE},
        outputs={"to": PHONE, "to_name": NAME},
        run=_payee,
    ),
    Action(
        "wallet.quote",
        frozenset({"ok", "min", "max"}),
        Effect.READ,
        inputs={"type": TEXT, "amount": MONEY},
        outputs={**QUOTED, "min": MONEY, "max": MONEY},
        run=_quote,
    ),
    Action(
        "wallet.recent_same",
        frozenset({"none", "found"}),
        Effect.READ,
        inputs={"type": TEXT, "to": PHONE, "amount": MONEY},
        outputs={"ago": Value("text", 7), "again": Value("int", 1)},
        run=_recent_same,
    ),
    Action(
        "wallet.transfer",
        frozenset({"ok", "pending", "funds", "limit", "payee", "closed", "requote", "failed", "found"}),
        Effect.MONEY,
        money_type=OperationType.TRANSFER,
        inputs={"to": PHONE, "again": Value("int", 1, is_optional=True)},
        outputs={**QUOTED, "ref": REF, "balance": BALANCE, "ago": Value("text", 7), "again": Value("int", 1)},
        optional=frozenset({"found", "pending", "failed"}),
        run=_transfer,
    ),
    Action("wallet.providers", frozenset({"ok"}), Effect.READ, row={"code": TEXT, "name": TEXT}, run=_providers),
    Action(
        "wallet.recharge",
        frozenset({"ok", "pending", "funds", "limit", "payee", "closed", "requote", "failed"}),
        Effect.MONEY,
        money_type=OperationType.RECHARGE,
        inputs={"provider": TEXT},
        outputs={**QUOTED, "ref": REF},
        run=_recharge,
    ),
)
