"""The wallet's actions: each calls one verb of `services/` and turns its refusals into outcomes.

A refusal the flow has no outcome for ends the dialogue with the refusal's own sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from channels import texts
from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Shown, Value, by_name
from channels.dialogue import FlowDefectError
from core.errors import Refusal
from core.money import Money
from core.permissions import Actor
from core.phone import mask_phone, normalise
from core.security import PinHash, hash_pin
from models.transfers import Direction
from models.wallets import OperationType
from services import pins, routes, users, wallets
from services.pins import NoPin, PinChecked, PinLocked, PinTicket
from services.users import UpdateProfile
from services.wallets import RechargeWallet, RegisterSubscriber, TransferMoney

DEFAULT_PIN_LENGTH = 5
OUTCOMES: dict[type[Refusal], str] = {**wallets.OUTCOMES, NoPin: "none", PinLocked: "locked"}

TEXT, NAME, REF = Value("text", 16), Value("text", 20), Value("text", 9)
MONEY, FEE, BALANCE = Value("money", 15), Value("money", 13), Value("money", 18)
PHONE, ID = Value("phone", 13), Value("text", 36)

P = ParamSpec("P")
Result = TypeVar("Result")


def _outcome_of(refusal: Refusal) -> Outcome:
    """Say how a refusal ends an action: by its name where flows have one, always with its sentence."""
    final = texts.VERDICTS["limit"] if isinstance(refusal, wallets.TooManyRequests) else texts.of_refusal(refusal)
    name = OUTCOMES.get(type(refusal), refusal.code)
    match refusal:
        case wallets.BelowMinimum():
            return Outcome(name, {"min": refusal.data["min"].minor}, final=final)
        case wallets.AboveMaximum():
            return Outcome(name, {"max": refusal.data["max"].minor}, final=final)
        case wallets.QuoteChanged():
            return Outcome(name, _quoted(refusal.data["quote"]), final=final)
        case PinLocked():
            return Outcome(name, {"minutes": refusal.data["minutes"]}, final=final)
        case wallets.SentAlready():
            return Outcome(name, {"ago": refusal.data["ago"], "again": False}, final=final)
    return Outcome(name, final=final)


def _refusing(
    step: Callable[Concatenate[ActionContext, P], Result],
) -> Callable[Concatenate[ActionContext, P], Result | Outcome]:
    """Turn refusals into outcomes; they come before anything is written, so the turn goes on and commits."""

    def run(context: ActionContext, /, *args: P.args, **kwargs: P.kwargs) -> Result | Outcome:
        try:
            return step(context, *args, **kwargs)
        except Refusal as refusal:
            return _outcome_of(refusal)

    return run


def _user_id(context: ActionContext) -> UUID:
    """Return the caller's id; who has none has no wallet either."""
    if context.caller.user_id is None:
        raise wallets.NoWallet
    return context.caller.user_id


def _actor(context: ActionContext) -> Actor:
    """Return the caller as the author of what he does to his own things."""
    caller = context.caller
    return Actor(caller.user_id, caller.name or mask_phone(caller.phone or ""), language=context.dialogue.language)


def _phone(context: ActionContext) -> str:
    if context.caller.phone is None:
        raise FlowDefectError("an action for a caller without number")
    return context.caller.phone


# Balance, statement, language


@_refusing
def _balance(context: ActionContext, _inputs: Inputs) -> Outcome:
    balance = wallets.get_balance(context.session, _user_id(context), context.service_currency)
    return Outcome("ok", {"balance": balance.minor})


@_refusing
def _statement(context: ActionContext, _inputs: Inputs) -> Outcome:
    statement = wallets.get_statement(context.session, _user_id(context), context.service_currency, context.timezone)
    return Outcome("ok", {"statement": statement}) if statement else Outcome("none")


@_refusing
def _set_language(context: ActionContext, inputs: Inputs) -> Outcome:
    language = inputs["language"]
    if language not in texts.LANGUAGES:
        raise FlowDefectError(f"no language {language}")
    if context.caller.user_id is not None:
        order = UpdateProfile(user_id=context.caller.user_id, language=language)
        users.update_profile(context.session, _actor(context), order)
    context.dialogue.language = context.caller.language = language
    return Outcome("ok")


# PIN


def _pin_length(context: ActionContext) -> int:
    return int(context.settings.get("pin_length", DEFAULT_PIN_LENGTH))


def _strength(context: ActionContext, inputs: Inputs) -> Outcome:
    judged = pins.strength(inputs["secret"], _phone(context), _pin_length(context))
    if judged is pins.Strength.OK and context.is_same_secret:
        return Outcome("same", final=texts.SAME_PIN)
    return Outcome(judged.value)


@dataclass(frozen=True, slots=True)
class _Try:
    ticket: PinTicket
    pin: str = field(repr=False)


@_refusing
def _count_try(context: ActionContext, inputs: Inputs) -> _Try:
    if context.caller.user_id is None:
        raise NoPin
    return _Try(pins.count_try(context.session, context.caller.user_id), inputs["secret"])


def _check_try(attempt: _Try) -> PinChecked:
    return pins.check(attempt.ticket, attempt.pin)


def _settle_try(context: ActionContext, attempt: _Try, checked: PinChecked) -> Outcome:
    settled = pins.settle_try(context.session, attempt.ticket, checked)
    if settled.is_right:
        return Outcome("ok")
    if settled.is_locked:
        return Outcome("locked", {"minutes": settled.minutes})
    return Outcome("wrong", {"left": settled.left})


@dataclass(frozen=True, slots=True)
class _NewPin:
    user_id: UUID
    pin: str = field(repr=False)
    name: str = ""


def _new_pin(context: ActionContext, inputs: Inputs) -> _NewPin:
    return _NewPin(_user_id(context), inputs["secret"])


def _hash(new: _NewPin) -> PinHash:
    return hash_pin(new.user_id, new.pin)


def _change(context: ActionContext, new: _NewPin, hashed: PinHash) -> Outcome:
    pins.change(context.session, new.user_id, hashed)
    return Outcome("ok")


# Registration


@_refusing
def _prepare_registration(context: ActionContext, inputs: Inputs) -> _NewPin:
    user_id = wallets.prepare_registration(context.session, _phone(context), context.service_currency)
    return _NewPin(user_id, inputs["secret"], inputs["name"])


@_refusing
def _register(context: ActionContext, new: _NewPin, hashed: PinHash) -> Outcome:
    order = RegisterSubscriber(
        user_id=new.user_id,
        phone=_phone(context),
        name=new.name,
        pin=hashed,
        currency=context.service_currency,
        country=context.caller.country,
        language=context.dialogue.language,
        brand=context.brand,
    )
    subscriber = wallets.register(context.session, _actor(context), order)
    context.caller.user_id, context.caller.status = subscriber.user_id, "active"
    return Outcome("ok")


# Transfer


@_refusing
def _payee(context: ActionContext, inputs: Inputs) -> Outcome:
    payee = wallets.get_payee(
        context.session, _user_id(context), inputs["to"], context.caller.country, context.service_currency
    )
    return Outcome("ok", {"to": payee.phone, "to_name": payee.name})


def _quoted(quote: wallets.Quote) -> dict[str, Any]:
    return {
        "amount": quote.amount.minor,
        "fee": quote.fee.minor,
        "total": quote.total.minor,
        "tariff_id": str(quote.tariff_id),
    }


@_refusing
def _quote(context: ActionContext, inputs: Inputs) -> Outcome:
    amount = Money(inputs["amount"], context.service_currency)
    quote = wallets.quote(context.session, OperationType(inputs["type"]), amount, _user_id(context))
    return Outcome("ok", _quoted(quote))


@_refusing
def _recent_same(context: ActionContext, inputs: Inputs) -> Outcome:
    """Look for the same money a moment ago; an older «once more» counts no longer."""
    amount = Money(inputs["amount"], context.service_currency)
    found = wallets.get_recent_same(
        context.session, _user_id(context), inputs["to"], OperationType(inputs["type"]), amount
    )
    return Outcome("found", {"ago": found.ago, "again": False}) if found else Outcome("none", {"again": False})


@_refusing
def _transfer(context: ActionContext, inputs: Inputs) -> Outcome:
    shown, currency = _shown(context), context.service_currency
    done = wallets.transfer(
        context.session,
        _actor(context),
        TransferMoney(
            key=context.key,
            payer_id=_user_id(context),
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
    country = normalise(_phone(context), None).country
    offers = routes.list_offers(context.session, country, Direction.COLLECT, context.service_currency)
    rows = [
        {"code": offer.method, "name": offer.label.partition(" (")[0]}
        for offer in offers
        if offer.is_available and not offer.is_recorded_by_hand
    ]
    return Outcome("ok", rows=tuple(rows))


@_refusing
def _recharge(context: ActionContext, inputs: Inputs) -> Outcome:
    """Ask the caller's operator, and answer at once: whoever holds the phone never waits for a provider."""
    shown, currency = _shown(context), context.service_currency
    asked = wallets.recharge(
        context.session,
        _actor(context),
        RechargeWallet(
            key=context.key,
            user_id=_user_id(context),
            method=inputs["provider"],
            amount=Money(shown.amount, currency),
            fee=Money(shown.fee, currency),
            tariff_id=UUID(shown.tariff_id),
            session_id=context.dialogue.session_id,
        ),
    )
    return Outcome("pending", {"ref": asked.reference}, operation_id=asked.id)


def _shown(context: ActionContext) -> Shown:
    if context.shown is None or context.shown.tariff_id is None:
        raise FlowDefectError("money without a quote on the confirm screen")
    return context.shown


_QUOTED = {"amount": MONEY, "fee": FEE, "total": MONEY, "tariff_id": ID}

REGISTRY: dict[str, Action] = by_name(
    Action("account.balance", frozenset({"ok", "none"}), Effect.READ, outputs={"balance": BALANCE}, run=_balance),
    Action(
        "wallet.statement",
        frozenset({"ok", "none"}),
        Effect.READ,
        outputs={"statement": Value("text", 400)},
        run=_statement,
    ),
    Action(
        "caller.set_language",
        frozenset({"ok"}),
        Effect.WRITE,
        inputs={"language": Value("text", 2)},
        run=_set_language,
    ),
    Action(
        "pin.strength",
        frozenset({"ok", "invalid", "weak", "same"}),
        Effect.READ,
        takes_secret=True,
        optional=frozenset({"same"}),
        run=_strength,
    ),
    Action(
        "pin.verify",
        frozenset({"ok", "wrong", "locked", "none"}),
        Effect.READ,
        outputs={"left": Value("int", 1), "minutes": Value("int", 4)},
        takes_secret=True,
        proves_secret=True,
        prepare=_count_try,
        work=_check_try,
        settle=_settle_try,
    ),
    Action(
        "pin.change",
        frozenset({"ok"}),
        Effect.WRITE,
        takes_secret=True,
        prepare=_new_pin,
        work=_hash,
        settle=_change,
    ),
    Action(
        "wallet.register",
        frozenset({"ok", "exists"}),
        Effect.WRITE,
        inputs={"name": Value("text", 40)},
        takes_secret=True,
        prepare=_prepare_registration,
        work=_hash,
        settle=_register,
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
        outputs={**_QUOTED, "min": MONEY, "max": MONEY},
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
        inputs={"to": PHONE, "again": Value("int", 1, is_optional=True)},
        outputs={**_QUOTED, "ref": REF, "balance": BALANCE, "ago": Value("text", 7), "again": Value("int", 1)},
        optional=frozenset({"found", "pending", "failed"}),
        run=_transfer,
    ),
    Action("wallet.providers", frozenset({"ok"}), Effect.READ, row={"code": TEXT, "name": TEXT}, run=_providers),
    Action(
        "wallet.recharge",
        frozenset({"ok", "pending", "funds", "limit", "payee", "closed", "requote", "failed"}),
        Effect.MONEY,
        inputs={"provider": TEXT},
        outputs={**_QUOTED, "ref": REF},
        run=_recharge,
    ),
)
