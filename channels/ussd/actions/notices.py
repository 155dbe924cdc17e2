"""The inbox of the service menu: unread notices, and SMS wanted or not."""

from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Value, by_name
from channels.ussd.actions.shared import own_phone
from services import notices

WANTED = {"fr": "activées", "en": "on", "ln": "efungwami"}
UNWANTED = {"fr": "désactivées", "en": "off", "ln": "ekangami"}
STAYS_STOPPED = {
    "fr": "Le service client a arrêté ces SMS. Appelez-le pour les recevoir.",
    "en": "Customer service stopped these SMS. Call them to get them again.",
    "ln": "Service client ekangaki ba SMS oyo. Benga bango mpo na kozwa yango.",
}


def _state(context: ActionContext, _inputs: Inputs) -> Outcome:
    words = WANTED if notices.wants_sms(context.session, own_phone(context)) else UNWANTED
    return Outcome("ok", {"notices_state": words.get(context.dialogue.language, words["fr"])})


def _opt_in(context: ActionContext, _inputs: Inputs) -> Outcome:
    is_on = notices.opt_in(context.session, own_phone(context))
    return Outcome("ok") if is_on else Outcome("stopped", final=STAYS_STOPPED)


def _opt_out(context: ActionContext, _inputs: Inputs) -> Outcome:
    notices.opt_out(context.session, own_phone(context))
    return Outcome("ok")


def _latest(context: ActionContext, _inputs: Inputs) -> Outcome:
    text = notices.read_latest(context.session, own_phone(context))
    return Outcome("ok", {"notices_text": text}) if text else Outcome("none")


ACTIONS = by_name(
    Action(
        "notices.state",
        frozenset({"ok"}),
        Effect.READ,
        outputs={"notices_state": Value("text", 11)},
        run=_state,
    ),
    Action(
        "notices.opt_in",
        frozenset({"ok", "stopped"}),
        Effect.WRITE,
        optional=frozenset({"stopped"}),
        run=_opt_in,
    ),
    Action("notices.opt_out", frozenset({"ok"}), Effect.WRITE, run=_opt_out),
    Action(
        "notices.latest",
        frozenset({"ok", "none"}),
        Effect.WRITE,
        outputs={"notices_text": Value("text", 400)},
        run=_latest,
    ),
)
