"""The catalogue on the phone: what there is, whether one has it, getting it and leaving it."""

from uuid import UUID

from channels import texts
from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Value, by_name
from channels.ussd.actions.shared import (
    BALANCE,
    MONEY,
    NAME,
    QUOTED,
    REF,
    TEXT,
    acting_caller,
    caller_id,
    confirmed_price,
    own_phone,
    refusing,
)
from core.money import Money
from models.wallets import OperationType
from services import catalogue, subscriptions
from services.subscriptions import Subscribe, SubscribePaid, Unsubscribe

STATES = {
    True: {"fr": "actif", "en": "active", "ln": "efungwami"},
    False: {"fr": "inactif", "en": "off", "ln": "ekangami"},
}


def _services(context: ActionContext, _inputs: Inputs) -> Outcome:
    return Outcome("ok", rows=tuple(catalogue.list_offered(context.session, context.service_currency)))


@refusing
def _service(context: ActionContext, inputs: Inputs) -> Outcome:
    language = context.dialogue.language
    found = subscriptions.get_offered(context.session, inputs["code"], own_phone(context), language)
    return Outcome(
        "ok",
        {
            "service_name": found.name,
            "service_state": texts.sentence(STATES[found.is_subscribed], language),
            "service_info": found.info,
            "service_price": found.price.minor,
        },
    )


@refusing
def _activate(context: ActionContext, inputs: Inputs) -> Outcome:
    """Give a free service at once; what a priced one costs is what the confirm screen shows next."""
    order = Subscribe(code=inputs["code"], phone=own_phone(context), user_id=context.caller.user_id)
    try:
        subscriptions.subscribe(context.session, order)
    except subscriptions.ServicePriced as refusal:
        return Outcome("priced", {"service_price": refusal.data["price"].minor})
    return Outcome("ok")


@refusing
def _activate_paid(context: ActionContext, inputs: Inputs) -> Outcome:
    shown, currency = confirmed_price(context), context.service_currency
    done = subscriptions.subscribe_paid(
        context.session,
        acting_caller(context),
        SubscribePaid(
            key=context.key,
            code=inputs["code"],
            phone=own_phone(context),
            payer_id=caller_id(context),
            amount=Money(shown.amount, currency),
            fee=Money(shown.fee, currency),
            tariff_id=UUID(shown.tariff_id),
            session_id=context.dialogue.session_id,
            timezone=context.timezone,
        ),
    )
    values = {"ref": done.reference, "balance": done.balance.minor if done.balance else 0}
    return Outcome("ok", values, operation_id=done.operation_id)


@refusing
def _deactivate(context: ActionContext, inputs: Inputs) -> Outcome:
    subscriptions.unsubscribe(context.session, Unsubscribe(code=inputs["code"], phone=own_phone(context)))
    return Outcome("ok")


_CODE = {"code": TEXT}

ACTIONS = by_name(
    Action("catalog.services", frozenset({"ok"}), Effect.READ, row={"code": TEXT, "name": NAME}, run=_services),
    Action(
        "catalog.service",
        frozenset({"ok", "unknown"}),
        Effect.READ,
        inputs=_CODE,
        outputs={
            "service_name": NAME,
            "service_state": Value("text", 9),
            "service_info": Value("text", 400),
            "service_price": MONEY,
        },
        run=_service,
    ),
    Action(
        "catalog.activate",
        frozenset({"ok", "already", "priced", "unknown"}),
        Effect.WRITE,
        inputs=_CODE,
        outputs={"service_price": MONEY},
        optional=frozenset({"unknown"}),
        run=_activate,
    ),
    Action(
        "catalog.activate_paid",
        frozenset({"ok", "funds", "limit", "requote", "already", "unknown"}),
        Effect.MONEY,
        money_type=OperationType.SUBSCRIPTION,
        inputs=_CODE,
        outputs={**QUOTED, "ref": REF, "balance": BALANCE},
        optional=frozenset({"already", "unknown"}),
        run=_activate_paid,
    ),
    Action(
        "catalog.deactivate",
        frozenset({"ok", "inactive", "unknown"}),
        Effect.WRITE,
        inputs=_CODE,
        optional=frozenset({"unknown"}),
        run=_deactivate,
    ),
)
