"""What screens name: variables and filters, actions, secrets, errors (L12, L13, L15, L18)."""

from collections.abc import Iterator, Mapping
from typing import Any

from channels.actions import Action
from channels.flow import Act, Call, Condition, End, Flow, Info, Input, Menu, Option, Route, Rows, Screen
from channels.lint.findings import Facts, Finding
from channels.lint.graph import ways
from channels.lint.words import texts_of
from channels.values import FILTERS, placeholders
from core.i18n import t

CALLER = frozenset({"phone", "name", "status", "role", "language", "country", "must_prove"})
FILTER_TYPES = {
    "money": frozenset({"money"}),
    "phone": frozenset({"phone"}),
    "masked": frozenset({"phone"}),
    "date": frozenset({"date"}),
    "time": frozenset({"date"}),
}
REFUSING = frozenset({"name", "digits", "int", "amount", "phone", "date"})


def action_of(screen: Screen, facts: Facts) -> Action | None:
    """Return the action a screen runs, if it runs one that is known; an open one as its connector makes it."""
    name = action_name(screen)
    action = facts.registry.get(name) if name else None
    return facts.connectors.get(_connector(screen)) if action is not None and action.is_open else action


def _connector(screen: Screen) -> str:
    inputs: Mapping[str, Any] = getattr(screen, "inputs", {})
    return str(inputs.get("connector", ""))


def action_name(screen: Screen) -> str | None:
    """Return the name of the action a screen runs: an action, a check, the rows of a list."""
    match screen:
        case Act():
            return screen.run
        case Input():
            return screen.check
        case Rows():
            return screen.rows
    return None


# L12


def variables(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L12: a variable nobody knows, one that some path leaves unset, a filter of another type."""
    given = _given(flow, facts)
    for name, screen in flow.screens.items():
        present = given.get(name)
        if present is None:
            continue  # never reached: L03 says so
        for place, variable, filter_name in _read(screen):
            yield from _judge(flow, facts, name, screen, place, variable, filter_name, present)


def _read(screen: Screen) -> Iterator[tuple[str, str, str]]:
    """Yield (place, variable, filter) of everything a screen looks at."""
    for place, text in texts_of(screen):
        for source in text.values():
            yield from ((place, found.name, found.filter) for found in placeholders(source))
    if isinstance(screen, Call):
        yield from (("flow", found.name, found.filter) for found in placeholders(screen.flow))
    for condition in _conditions(screen):
        yield from (("if", variable, "") for variable in condition.names())
    for place, values in _assignments(screen):
        yield from ((place, value[1:], "") for value in values.values() if isinstance(value, str) and value[:1] == "$")


def _conditions(screen: Screen) -> Iterator[Condition]:
    options: tuple[Option, ...] = screen.options if isinstance(screen, Menu | Info) else ()
    yield from (option.condition for option in options if option.condition is not None)
    if isinstance(screen, Route):
        yield from (rule.condition for rule in screen.rules)


def _assignments(screen: Screen) -> Iterator[tuple[str, Mapping[str, Any]]]:
    match screen:
        case Menu() | Info():
            yield from (("set", option.set) for option in screen.options)
        case Rows():
            yield from (("with", screen.inputs), ("set", screen.set))
        case Act() | Input():
            yield "with", screen.inputs


def _judge(
    flow: Flow,
    facts: Facts,
    name: str,
    screen: Screen,
    place: str,
    variable: str,
    filter_name: str,
    present: frozenset[str],
) -> Iterator[Finding]:
    kind = _type_of(flow, facts, screen, variable)
    if kind is None:
        yield Finding("L12", name, t("{place} : variable inconnue {variable}").format(place=place, variable=variable))
        return
    action = action_of(screen, facts)
    here = {*(action.outputs if action else ()), *({screen.var} if isinstance(screen, Input) else ())}
    is_local = "." in variable or variable in facts.givens
    is_late = variable in here and place != "text"  # an error line and a `with` may use what was just typed
    if not (is_local or is_late or place == "if" or variable in present):
        yield Finding("L12", name, t("{place} : {variable} peut manquer").format(place=place, variable=variable))
    if filter_name and filter_name not in FILTERS:
        yield Finding("L12", name, t("{place} : filtre inconnu {name}").format(place=place, name=filter_name))
    elif filter_name in FILTER_TYPES and kind not in FILTER_TYPES[filter_name]:
        message = t("{place} : le filtre {name} ne convient pas à {variable}")
        yield Finding("L12", name, message.format(place=place, name=filter_name, variable=variable))


def _type_of(flow: Flow, facts: Facts, screen: Screen, variable: str) -> str | None:
    """Return the type of a variable where a screen uses it; None when there is no such thing."""
    declared = flow.variables.get(variable)
    if declared is not None:
        return declared.type
    place, dot, member = variable.partition(".")
    if dot:
        if place == "caller":
            return {"phone": "phone"}.get(member, "text") if member in CALLER else None
        if place == "row" and isinstance(screen, Rows):
            action = facts.registry.get(screen.rows)
            return action.row[member].type if action is not None and member in action.row else None
        return "text" if place == "setting" else None
    return "text" if variable in facts.givens else None


def _given(flow: Flow, facts: Facts) -> dict[str, frozenset[str]]:
    """Return, by reachable screen, the variables that are set on every path that leads to it."""
    given: dict[str, frozenset[str]] = {flow.entry: frozenset()}
    queue = [flow.entry]
    while queue:
        name = queue.pop()
        screen = flow.screens[name]
        for target, gained in _gains(flow, facts, screen):
            after = given[name] | gained
            known = given.get(target)
            merged = after if known is None else known & after
            if merged != known:
                given[target] = merged
                queue.append(target)
    return given


def _gains(flow: Flow, facts: Facts, screen: Screen) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield (next screen, variables set on the way)."""
    action = action_of(screen, facts)
    gained = frozenset(action.outputs) if action is not None else frozenset[str]()
    match screen:
        case Menu() | Info():
            for option in screen.options:
                yield option.to, frozenset(option.set)
            gained = frozenset()
        case Rows():
            yield screen.to, gained | frozenset(screen.set)
        case Input() if screen.var is not None:
            gained |= {screen.var}
    own = {option.to for option in screen.options} if isinstance(screen, Menu | Info) else set[str]()
    own |= {screen.to} if isinstance(screen, Rows) else set()
    for target in ways(flow, screen):
        if target not in own:
            yield target, gained if target != getattr(screen, "back", None) else frozenset()


# L13


def actions(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L13: actions, inputs and outcomes that do not exist, and outcomes that lead nowhere."""
    given = _given(flow, facts)
    for name, screen in flow.screens.items():
        asked = action_name(screen)
        action = action_of(screen, facts)
        if asked and asked not in facts.registry:
            yield Finding("L13", name, t("action inconnue : {name}").format(name=asked))
        elif asked and action is None:
            yield Finding("L13", name, t("connecteur inconnu : {name}").format(name=_connector(screen)))
        if action is not None:
            yield from _judge_action(name, screen, action, given.get(name))
        if isinstance(screen, Call):
            yield from _judge_call(name, screen, facts)


def _judge_action(name: str, screen: Screen, action: Action, present: frozenset[str] | None) -> Iterator[Finding]:
    written: Mapping[str, Any] = getattr(screen, "inputs", {})
    for unknown in written.keys() - action.inputs.keys():
        yield Finding("L13", name, t("entrée inconnue de {action} : {name}").format(action=action.name, name=unknown))
    if present is not None:
        typed = {screen.var} if isinstance(screen, Input) else set()
        needed = {key for key, value in action.inputs.items() if not value.is_optional}
        for missing in sorted(needed - written.keys() - present - typed):
            yield Finding(
                "L13", name, t("entrée absente de {action} : {name}").format(action=action.name, name=missing)
            )
    if isinstance(screen, Rows) and not action.row:
        yield Finding("L13", name, t("{action} ne donne pas de lignes").format(action=action.name))
    if isinstance(screen, Act):
        for outcome in action.outcomes - action.optional - screen.outcomes.keys():
            yield Finding("L13", name, t("issue sans suite : {outcome}").format(outcome=outcome))
    for outcome in _named_outcomes(screen) - action.outcomes:
        yield Finding("L13", name, t("issue inexistante : {outcome}").format(outcome=outcome))


def _named_outcomes(screen: Screen) -> set[str]:
    match screen:
        case Act():
            return set(screen.outcomes)
        case Input():
            return {*screen.outcomes, *(screen.errors.keys() - {"invalid", "differs"})}
    return set()


def _judge_call(name: str, screen: Call, facts: Facts) -> Iterator[Finding]:
    """Judge a call by the ends of its flow; with a placeholder, by those of every flow it may be."""
    prefix = screen.flow.partition("{")[0]
    called = [
        flow
        for key, flow in facts.flows.items()
        if key == screen.flow or (prefix != screen.flow and key.startswith(prefix))
    ]
    if prefix == screen.flow and not called:
        yield Finding("L13", name, t("parcours inconnu : {name}").format(name=screen.flow))
    for flow in called:
        ends = {end for end, part in flow.screens.items() if isinstance(part, End)}
        for outcome in ends - screen.outcomes.keys():
            yield Finding("L13", name, t("issue sans suite : {outcome}").format(outcome=outcome))
        for outcome in screen.outcomes.keys() - ends:
            yield Finding("L13", name, t("issue inexistante : {outcome}").format(outcome=outcome))


# L15


def secrets(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L15: a secret anywhere but in its check, its slot or its comparison; a secret screen with movements."""
    hidden = {name for name, variable in flow.variables.items() if variable.type == "secret"}
    slots = {screen.slot for screen in flow.screens.values() if isinstance(screen, Input) and screen.slot}
    for name, screen in flow.screens.items():
        for place, variable, _ in _read(screen):
            if variable in hidden or variable in slots:
                yield Finding("L15", name, t("{place} : secret {variable}").format(place=place, variable=variable))
        if not isinstance(screen, Input):
            continue
        action = action_of(screen, facts)
        if screen.is_secret and (screen.back or screen.home):
            yield Finding("L15", name, t("un écran secret n'a pas de navigation"))
        if screen.same_as and screen.same_as not in slots:
            yield Finding("L15", name, t("aucun écran ne remplit {slot}").format(slot=screen.same_as))
        if action is not None and action.takes_secret is not screen.is_secret:
            yield Finding(
                "L15", name, t("{action} et le type de la question ne vont pas ensemble").format(action=action.name)
            )


# L18


def errors(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L18: a question that may refuse and has no words for it."""
    for name, screen in flow.screens.items():
        if not isinstance(screen, Input):
            continue
        may_refuse = screen.type in REFUSING or (
            screen.type in {"ref", "text"} and bool(screen.pattern or screen.min or screen.max)
        )
        if may_refuse and "invalid" not in screen.errors:
            yield Finding("L18", name, t("texte « invalid » absent"))
        if screen.differs is not None:
            first = flow.screens[screen.differs]
            if not isinstance(first, Input) or "differs" not in first.errors:
                yield Finding("L18", screen.differs, t("texte « differs » absent"))
        action = action_of(screen, facts)
        if action is not None:
            unsaid = action.outcomes - action.optional - screen.errors.keys() - screen.outcomes.keys() - {"ok"}
            for outcome in unsaid:
                yield Finding(
                    "L18",
                    name,
                    t("issue de {action} sans texte ni suite : {outcome}").format(action=action.name, outcome=outcome),
                )
