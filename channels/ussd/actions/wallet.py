"""What a wallet shows, what an operation would cost, and filling it up from mobile money."""

from uuid import UUID

from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Value, by_name
from channels.ussd.actions.shared import (
    BALANCE,
    MONEY,
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
from services.wallets import RechargeWallet

# Balance, statement, language


@refusing
def _balance(context: ActionContext, _inputs: Inputs) -> Outcome:
    balance = wallets.get_balance(context.session, caller_id(context), context.service_currency)
    return Outcome("ok", {"balance": balance.minor})


@refusing
def _statement(context: ActionContext, _inputs: Inputs) -> Outcome:
    statement = wallets.get_statement(context.session, caller_id(context), context.service_currency, context.timezone)
    return Outcome("ok", {"statement": statement}) if statement else Outcome("none")


# Price


@refusing
def _quote(context: ActionContext, inputs: Inputs) -> Outcome:
    amount = Money(inputs["amount"], context.service_currency)
    quote = wallets.quote(context.session, OperationType(inputs["type"]), amount, caller_id(context))
    return Outcome("ok", quoted(quote))


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
        "wallet.quote",
        frozenset({"ok", "min", "max"}),
        Effect.READ,
        inputs={"type": TEXT, "amount": MONEY},
        outputs={**QUOTED, "min": MONEY, "max": MONEY},
        run=_quote,
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
