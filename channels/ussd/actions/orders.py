"""Following an order: only from the number it belongs to, whatever is asked."""

from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Value, by_name
from channels.ussd.actions.shared import own_phone, refusing
from services import orders


@refusing
def _find(context: ActionContext, inputs: Inputs) -> Outcome:
    found = orders.find_own(
        context.session, own_phone(context), inputs["order_ref"], context.timezone, context.caller.user_id
    )
    values = {"order_ref": found.reference, "order_status": found.status, "order_date": found.day.isoformat()}
    return Outcome("ok", values)


ACTIONS = by_name(
    Action(
        "orders.find",
        frozenset({"ok", "unknown"}),
        Effect.READ,
        inputs={"order_ref": Value("text", 20)},
        outputs={"order_ref": Value("text", 20), "order_status": Value("text", 40), "order_date": Value("date", 10)},
        run=_find,
    ),
)
