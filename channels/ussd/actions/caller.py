"""The caller himself: his PIN, his registration, his language."""

from dataclasses import dataclass, field
from uuid import UUID

from channels import texts
from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Value, by_name
from channels.dialogue import FlowDefectError
from channels.ussd.actions.shared import acting_caller, caller_id, own_phone, refusing
from core.security import PinHash, hash_pin
from services import pins, users, wallets
from services.pins import NoPin, PinChecked, PinTicket
from services.users import UpdateProfile
from services.wallets import RegisterSubscriber

DEFAULT_PIN_LENGTH = 5


# PIN


def _pin_length(context: ActionContext) -> int:
    return int(context.settings.get("pin_length", DEFAULT_PIN_LENGTH))


def _strength(context: ActionContext, inputs: Inputs) -> Outcome:
    judged = pins.strength(inputs["secret"], own_phone(context), _pin_length(context))
    if judged is pins.Strength.OK and context.is_same_secret:
        return Outcome("same", final=texts.SAME_PIN)
    return Outcome(judged.value)


@dataclass(frozen=True, slots=True)
class _Try:
    ticket: PinTicket
    pin: str = field(repr=False)


@refusing
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
    return _NewPin(caller_id(context), inputs["secret"])


def _hash(new: _NewPin) -> PinHash:
    return hash_pin(new.user_id, new.pin)


def _change(context: ActionContext, new: _NewPin, hashed: PinHash) -> Outcome:
    pins.change(context.session, new.user_id, hashed)
    return Outcome("ok")


# Registration


@refusing
def _prepare_registration(context: ActionContext, inputs: Inputs) -> _NewPin:
    user_id = wallets.prepare_registration(context.session, own_phone(context), context.service_currency)
    return _NewPin(user_id, inputs["secret"], inputs["name"])


@refusing
def _register(context: ActionContext, new: _NewPin, hashed: PinHash) -> Outcome:
    order = RegisterSubscriber(
        user_id=new.user_id,
        phone=own_phone(context),
        name=new.name,
        pin=hashed,
        currency=context.service_currency,
        country=context.caller.country,
        language=context.dialogue.language,
        brand=context.brand,
    )
    subscriber = wallets.register(context.session, acting_caller(context), order)
    context.caller.user_id, context.caller.status = subscriber.user_id, "active"
    return Outcome("ok")


@refusing
def _set_language(context: ActionContext, inputs: Inputs) -> Outcome:
    language = inputs["language"]
    if language not in texts.LANGUAGES:
        raise FlowDefectError(f"no language {language}")
    if context.caller.user_id is not None:
        order = UpdateProfile(user_id=context.caller.user_id, language=language)
        users.update_profile(context.session, acting_caller(context), order)
    context.dialogue.language = context.caller.language = language
    return Outcome("ok")


ACTIONS = by_name(
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
)
