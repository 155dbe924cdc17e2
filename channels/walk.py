"""From one screen to the next: the invisible ones, the actions they run, and the sub-flows they go down into."""

from collections.abc import Collection, Generator, Mapping
from typing import Any

from channels import texts
from channels.actions import Action, ActionContext, Effect, Outcome, Shown, SlowStep
from channels.dialogue import Dialogue, FlowDefectError
from channels.flow import Act, Call, Confirm, End, Flow, Input, Route, Rows, Screen
from channels.values import Caller, Values
from core.gsm7 import Pages
from services.switches import PLATFORM

MOST_INVISIBLE = 20
MOST_CALLS = 3

Steps = Generator[SlowStep, Outcome, None]


class Walk:
    """The dialogue of one turn, and how it moves. `final` is set when an END of the engine's own closes it."""

    def __init__(self, flow: Flow, dialogue: Dialogue, caller: Caller, context: ActionContext) -> None:
        self.root = self.flow = flow
        self.dialogue, self.caller, self.context = dialogue, caller, context
        settings = context.settings
        self.values = Values(
            flow,
            dialogue.data,
            caller,
            {"brand": context.brand, **settings},
            context.service_currency,
            context.timezone,
            is_folded=settings.get("fold", flow.settings.fold),
        )
        self.final: Mapping[str, str] | None = None
        self.goal = ""
        self.secret: str | None = None  # the clear value a pair of screens agreed on, for the actions of this turn
        self.proved: str | None = None  # the PIN that was right in this turn
        self.operation_id: Any = None
        self.pages: Pages | None = None
        self._follow_calls()

    def enter(self, target: str) -> Steps:
        """Walk from `target` through invisible screens to the next one a person sees."""
        for _ in range(MOST_INVISIBLE + 1):
            screen = self.flow.screens.get(target)
            if screen is None:
                raise FlowDefectError(f"{self.flow.flow}: no screen {target}")
            onward = yield from self._pass(target, screen)
            if onward is None:
                return
            target = onward
        raise FlowDefectError(f"{self.flow.flow}: more than {MOST_INVISIBLE} invisible screens before {target}")

    def _pass(self, name: str, screen: Screen) -> Generator[SlowStep, Outcome, str | None]:
        """Show a visible screen (None), or return where an invisible one leads."""
        match screen:
            case Route():
                holds = self.values.holds
                return next((rule.to for rule in screen.rules if holds(rule.condition)), screen.otherwise)
            case Act():
                outcome = yield from self.perform(screen.run, screen.inputs, screen.outcomes, self.secret)
                return self.target(screen.outcomes, outcome.name) if outcome is not None else None
            case Call():
                return self._call(name, screen)
            case End() if self.dialogue.scratch.get("calls"):
                return self._return(name)
            case Rows():
                return (yield from self._list(name, screen))
        self.show(name, screen)
        return None

    def _list(self, name: str, screen: Rows) -> Generator[SlowStep, Outcome, str | None]:
        """Show the rows there are now, or return where an empty list leads."""
        self.dialogue.scratch["rows"] = []
        if (yield from self.perform(screen.rows, screen.inputs, ("ok",))) is None:
            return None
        if screen.empty is not None and not self.dialogue.scratch["rows"]:
            return screen.empty
        self.show(name, screen)
        return None

    def show(self, name: str, screen: Screen) -> None:
        """Make a visible screen the present one: a new visit."""
        dialogue = self.dialogue
        dialogue.screen, dialogue.page, dialogue.refusals = name, 1, 0
        dialogue.visit += 1
        self.pages = None
        scratch = dialogue.scratch
        if not isinstance(screen, Rows):
            scratch.pop("rows", None)
        if not (isinstance(screen, Input) and screen.is_secret):
            scratch.pop("confirmed", None)  # between a confirmation and its money there is the PIN, and nothing else
        match screen:
            case Confirm():
                scratch["shown"] = self._quote()
            case Input() if not screen.is_secret and not dialogue.has_committed and self.caller.status != "anonymous":
                calls = scratch.get("calls", [])
                scratch["point"] = {
                    "screen": name,
                    "data": dict(dialogue.data),
                    "calls": [list(call) for call in calls],
                }
            case End():
                self.goal = dialogue.goal = screen.goal or dialogue.goal

    def _quote(self) -> dict[str, Any]:
        """Return what the confirm screen prints: what is charged later is this, or nothing is."""
        data = self.dialogue.data
        if not all(isinstance(data.get(name), int) for name in ("amount", "fee", "total")):
            raise FlowDefectError(f"{self.flow.flow}: a confirm screen without amount, fee and total")
        return {name: data.get(name) for name in ("amount", "fee", "total", "tariff_id")}

    def perform(
        self, name: str, inputs: Mapping[str, Any], ways: Collection[str], secret: str | None = None
    ) -> Generator[SlowStep, Outcome, Outcome | None]:
        """Run an action; None when the dialogue is over: no number to look up, or a `final` that has none of `ways`."""
        if self.caller.status == "anonymous":
            self.final = texts.NO_NUMBER
            return None
        action, context = self.action(name), self.context
        if action.effect is Effect.MONEY:
            self._guard_money(name)
        given = self._inputs(action, inputs, secret)
        if (stopped := self._switched(action, given)) is not None:
            self.final = texts.of_switch(stopped)
            return None
        outcome = action.run(context, given) if action.run is not None else (yield SlowStep(action, given))
        if outcome.final is not None and outcome.name not in ways:
            self.final = outcome.final
            return None
        if outcome.name not in action.outcomes and not action.is_open:
            raise FlowDefectError(f"{name} gave an outcome it does not declare: {outcome.name}")
        self._settle(action, outcome, secret)
        return outcome

    def _switched(self, action: Action, given: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what stops an action: its kind of money, or everything, were it since this turn began."""
        switched, kind = self.context.switched, action.money_type or given.get("type")
        everything = switched.get(PLATFORM) if action.effect is Effect.MONEY else None
        return everything or (switched.get(str(kind)) if kind else None)

    def _settle(self, action: Action, outcome: Outcome, secret: str | None) -> None:
        dialogue = self.dialogue
        dialogue.data.update(outcome.values)
        if outcome.rows:
            dialogue.scratch["rows"] = [dict(row) for row in outcome.rows]
        if action.proves_secret and outcome.name == "ok":
            self.proved = secret
        if outcome.operation_id is not None:
            self.operation_id = outcome.operation_id
        if action.effect is not Effect.READ and outcome.name in action.commits:
            dialogue.has_committed = True
            dialogue.scratch.pop("point", None)
            dialogue.scratch.pop("confirmed", None)

    def _inputs(self, action: Action, given: Mapping[str, Any], secret: str | None) -> dict[str, Any]:
        """Return the inputs of an action: those written in the flow, the others from the variables of the same name."""
        inputs = {name: self.values.resolve(value) for name, value in given.items()}
        for name in action.inputs:
            if name not in inputs:
                inputs[name] = self.dialogue.data.get(name)
        if action.takes_secret:
            inputs["secret"] = secret
        return inputs

    def _guard_money(self, name: str) -> None:
        """Let money move only behind a confirm screen and a PIN that was right in this very turn."""
        confirmed = self.dialogue.scratch.get("confirmed")
        if confirmed is None or self.proved is None:
            raise FlowDefectError(f"{self.flow.flow}: {name} without confirmation and PIN")
        self.context.shown = Shown(**confirmed)

    def target(self, outcomes: Mapping[str, str], name: str) -> str:
        """Return the screen of an outcome."""
        target = outcomes.get(name)
        if target is None:
            raise FlowDefectError(f"{self.flow.flow}: no way on from {self.dialogue.screen} for {name}")
        return target

    def action(self, name: str) -> Action:
        """Return a registered action."""
        action = self.context.registry.get(name)
        if action is None:
            raise FlowDefectError(f"{self.flow.flow}: unknown action {name}")
        return action

    # Sub-flows

    def _call(self, name: str, screen: Call) -> str:
        """Go down into a sub-flow and return its entry."""
        calls: list[list[str]] = self.dialogue.scratch.setdefault("calls", [])
        if len(calls) >= MOST_CALLS:
            raise FlowDefectError(f"{self.flow.flow}: more than {MOST_CALLS} flows inside each other")
        calls.append([self.values.key(screen.flow), name])
        self._follow_calls()
        return self.flow.entry

    def _return(self, end: str) -> str:
        """Come up from a sub-flow by one of its ends and return where its caller goes on."""
        _, name = self.dialogue.scratch["calls"].pop()
        self._follow_calls()
        screen = self.flow.screens[name]
        assert isinstance(screen, Call)  # noqa: S101  # only a call is ever on the stack
        return self.target(screen.outcomes, end)

    def leave_calls(self) -> None:
        """Come up to the flow the dialogue began with."""
        self.dialogue.scratch.pop("calls", None)
        self._follow_calls()

    def _follow_calls(self) -> None:
        """Stand in the flow on top of the stack."""
        calls = self.dialogue.scratch.get("calls")
        self.flow = self.values.flow = self.context.load_flow(calls[-1][0]) if calls else self.root
