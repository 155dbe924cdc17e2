"""Asking another system: `http.call`, whose row says what it takes, what it gives and how it may end."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Value, by_name
from core.database import Session
from services import connectors
from services.connectors import Asked, Call, ConnectorShape

NAME = "http.call"


@dataclass(frozen=True, slots=True)
class _Question:
    call: Call
    values: Mapping[str, Any] = field(repr=False)


def _prepare(context: ActionContext, inputs: Inputs) -> _Question | Outcome:
    call = connectors.prepare_call(context.session, inputs["connector"])
    if call is None:
        return Outcome("down")
    values = {each.name: inputs.get(each.name, context.dialogue.data.get(each.name)) for each in call.inputs}
    return _Question(call, values)


def _work(question: _Question) -> Asked:
    return connectors.ask(question.call, question.values)


def _settle(context: ActionContext, question: _Question, asked: Asked) -> Outcome:
    connectors.settle_call(context.session, question.call.name, asked)
    return Outcome(asked.outcome, asked.values)


def shaped(action: Action, shape: ConnectorShape) -> Action:
    """Return the action as one connector makes it: what lint judges a screen by."""
    return replace(
        action,
        outcomes=shape.outcomes,
        inputs={**action.inputs, **{each.name: Value(each.type, each.max) for each in shape.inputs}},
        outputs={each.name: Value(each.type, each.max) for each in shape.outputs},
        is_open=False,
    )


def list_shaped(session: Session) -> dict[str, Action]:
    """Return `http.call` of every connector that is switched on, by the connector's name."""
    return {shape.name: shaped(ACTIONS[NAME], shape) for shape in connectors.list_shapes(session)}


ACTIONS = by_name(
    Action(
        NAME,
        frozenset({"ok", "refused", "down"}),
        Effect.OUTSIDE,
        inputs={"connector": Value("text", 32)},
        is_open=True,
        commits=frozenset(),
        prepare=_prepare,
        work=_work,
        settle=_settle,
    ),
)
