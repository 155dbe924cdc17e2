"""What every family of actions shares: refusals as outcomes, who asks, what was shown, the sizes of values.

A refusal the flow has no outcome for ends the dialogue with the refusal's own sentence.
"""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from channels import texts
from channels.actions import ActionContext, Outcome, Shown, Value
from channels.dialogue import FlowDefectError
from core.errors import Refusal
from core.permissions import Actor
from core.phone import mask_phone
from services import catalogue, orders, subscriptions, wallets
from services.pins import NoPin, PinLocked

OUTCOMES: dict[type[Refusal], str] = {
    **wallets.OUTCOMES,
    NoPin: "none",
    PinLocked: "locked",
    catalogue.ServiceNotFound: "unknown",
    subscriptions.AlreadySubscribed: "already",
    subscriptions.NotSubscribed: "inactive",
    subscriptions.ServicePriced: "priced",
    orders.OrderNotFound: "unknown",
}

TEXT, NAME, REF = Value("text", 16), Value("text", 20), Value("text", 9)
MONEY, FEE, BALANCE = Value("money", 15), Value("money", 13), Value("money", 18)
PHONE, ID = Value("phone", 13), Value("text", 36)

P = ParamSpec("P")
Result = TypeVar("Result")


def outcome_of(refusal: Refusal) -> Outcome:
    """Say how a refusal ends an action: by its name where flows have one, always with its sentence."""
    final = texts.VERDICTS["limit"] if isinstance(refusal, wallets.TooManyRequests) else texts.of_refusal(refusal)
    name = OUTCOMES.get(type(refusal), refusal.code)
    match refusal:
        case wallets.BelowMinimum():
            return Outcome(name, {"min": refusal.data["min"].minor}, final=final)
        case wallets.AboveMaximum():
            return Outcome(name, {"max": refusal.data["max"].minor}, final=final)
        case wallets.QuoteChanged():
            return Outcome(name, quoted(refusal.data["quote"]), final=final)
        case PinLocked():
            return Outcome(name, {"minutes": refusal.data["minutes"]}, final=final)
        case wallets.SentAlready():
            return Outcome(name, {"ago": refusal.data["ago"], "again": False}, final=final)
    return Outcome(name, final=final)


def refusing(
    step: Callable[Concatenate[ActionContext, P], Result],
) -> Callable[Concatenate[ActionContext, P], Result | Outcome]:
    """Turn refusals into outcomes; they come before anything is written, so the turn goes on and commits."""

    def run(context: ActionContext, /, *args: P.args, **kwargs: P.kwargs) -> Result | Outcome:
        try:
            return step(context, *args, **kwargs)
        except Refusal as refusal:
            return outcome_of(refusal)

    return run


def caller_id(context: ActionContext) -> UUID:
    """Return the caller's id; who has none has no wallet either."""
    if context.caller.user_id is None:
        raise wallets.NoWallet
    return context.caller.user_id


def acting_caller(context: ActionContext) -> Actor:
    """Return the caller as the author of what he does to his own things."""
    caller = context.caller
    return Actor(caller.user_id, caller.name or mask_phone(caller.phone or ""), language=context.dialogue.language)


def own_phone(context: ActionContext) -> str:
    """Return the caller's number (E.164)."""
    if context.caller.phone is None:
        raise FlowDefectError("an action for a caller without number")
    return context.caller.phone


def quoted(quote: wallets.Quote) -> dict[str, Any]:
    """Return a quote as the variables of a flow."""
    return {
        "amount": quote.amount.minor,
        "fee": quote.fee.minor,
        "total": quote.total.minor,
        "tariff_id": str(quote.tariff_id),
    }


def confirmed_price(context: ActionContext) -> Shown:
    """Return what the confirm screen showed: nothing else may be charged."""
    if context.shown is None or context.shown.tariff_id is None:
        raise FlowDefectError("money without a quote on the confirm screen")
    return context.shown


QUOTED = {"amount": MONEY, "fee": FEE, "total": MONEY, "tariff_id": ID}
