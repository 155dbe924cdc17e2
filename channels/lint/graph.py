"""Where screens lead: targets, reach, dead ends, exits, spins, repeats, goals, depth (L02 to L06, L16, L17, L20)."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from channels.actions import Effect
from channels.flow import VISIBLE, Act, Call, Confirm, End, Flow, Info, Input, Menu, Route, Rows, Screen
from channels.lint.findings import Facts, Finding
from channels.walk import MOST_INVISIBLE
from core.i18n import t

MOST_TURNS = 8
MOST_OPTIONS = 9

Edges = Mapping[str, tuple[str, ...]]


def ways(flow: Flow, screen: Screen) -> Iterator[str]:
    """Yield every screen that may come after this one."""
    match screen:
        case Menu() | Info():
            yield from (option.to for option in screen.options)
        case Rows():
            yield from filter(None, (screen.to, screen.empty))
        case Input():
            yield from filter(None, (screen.to, screen.differs, *screen.outcomes.values()))
        case Confirm():
            yield from (screen.to, screen.cancel)
        case Act() | Call():
            yield from screen.outcomes.values()
        case Route():
            yield from (*(rule.to for rule in screen.rules), screen.otherwise)
    yield from filter(None, (getattr(screen, "back", None), flow.entry if getattr(screen, "home", False) else None))


def edges(flow: Flow) -> Edges:
    """Return the screens after each screen."""
    return {name: tuple(ways(flow, screen)) for name, screen in flow.screens.items()}


def turned(forward: Edges) -> Edges:
    """Return the screens before each screen."""
    before: dict[str, list[str]] = {name: [] for name in forward}
    for name, after in forward.items():
        for target in after:
            before[target].append(name)
    return {name: tuple(names) for name, names in before.items()}


def reached(starts: Iterable[str], steps: Edges) -> set[str]:
    """Return everything that can be reached from `starts`, themselves included."""
    seen = set(starts)
    queue = deque(seen)
    while queue:
        for target in steps[queue.popleft()]:
            if target not in seen:
                seen.add(target)
                queue.append(target)
    return seen


def targets(flow: Flow) -> list[Finding]:
    """L02: everything named as a target is a screen."""
    lost = [Finding("L02", name, t("écran inconnu : {to}").format(to=to)) for name, to in _all_targets(flow)]
    if flow.entry not in flow.screens:
        lost.append(Finding("L02", "", t("l'entrée n'est pas un écran : {to}").format(to=flow.entry)))
    return lost


def _all_targets(flow: Flow) -> Iterator[tuple[str, str]]:
    for name, screen in flow.screens.items():
        for to in ways(flow, screen):
            if to not in flow.screens and to != flow.entry:
                yield name, to


def reach(flow: Flow, _facts: Facts) -> Iterator[Finding]:
    """L03 (warning): a screen nobody ever sees."""
    for name in flow.screens.keys() - reached([flow.entry], edges(flow)):
        yield Finding("L03", name, t("écran jamais atteint"))


def dead_ends(flow: Flow, _facts: Facts) -> Iterator[Finding]:
    """L04: a visible screen with no way on."""
    for name, after in edges(flow).items():
        screen = flow.screens[name]
        if not after and isinstance(screen, VISIBLE) and not isinstance(screen, End):
            yield Finding("L04", name, t("aucune suite depuis cet écran"))


def exits(flow: Flow, _facts: Facts) -> Iterator[Finding]:
    """L05: a screen from which no end can be reached."""
    ends = [name for name, screen in flow.screens.items() if isinstance(screen, End)]
    for name in flow.screens.keys() - reached(ends, turned(edges(flow))):
        yield Finding("L05", name, t("aucune fin n'est atteignable depuis cet écran"))


def spins(flow: Flow, _facts: Facts) -> Iterator[Finding]:
    """L06: a cycle of invisible screens, or too many in a row."""
    forward = edges(flow)
    depth: dict[str, int] = {}

    def length(name: str, trail: tuple[str, ...]) -> int:
        """Return how many invisible screens begin here; endless within a cycle."""
        if isinstance(flow.screens[name], VISIBLE):
            return 0
        if name in trail:
            return MOST_INVISIBLE + 1
        if name not in depth:
            depth[name] = 1 + max((length(target, (*trail, name)) for target in forward[name]), default=0)
        return depth[name]

    for name, screen in flow.screens.items():
        if not isinstance(screen, VISIBLE) and length(name, ()) > MOST_INVISIBLE:
            yield Finding(
                "L06", name, t("boucle ou plus de {most} écrans invisibles de suite").format(most=MOST_INVISIBLE)
            )


def repeats(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L16 (warning): `back` leads before something that was written or paid."""
    forward = edges(flow)
    for name, screen in flow.screens.items():
        if not isinstance(screen, Act) or not _changes(screen, facts):
            continue
        before = reached([name], turned(forward))
        for later in reached(screen.outcomes.values(), forward):
            if getattr(flow.screens[later], "back", None) in before:
                yield Finding("L16", later, t("retour possible avant {name}").format(name=name))


def _changes(screen: Act, facts: Facts) -> bool:
    action = facts.registry.get(screen.run)
    return action is not None and action.effect is not Effect.READ


def goals(flow: Flow, _facts: Facts) -> Iterator[Finding]:
    """L17: a goal no end declares, an end with a goal the flow does not list, or no goal at all."""
    declared = {screen.goal: name for name, screen in flow.screens.items() if isinstance(screen, End) and screen.goal}
    if not flow.goals:
        yield Finding("L17", "", t("aucun but n'est déclaré"))
    for goal in set(flow.goals) - declared.keys():
        yield Finding("L17", "", t("aucune fin n'atteint le but {goal}").format(goal=goal))
    for goal in declared.keys() - set(flow.goals):
        yield Finding("L17", declared[goal], t("but inconnu du parcours : {goal}").format(goal=goal))


def depth(flow: Flow, _facts: Facts) -> Iterator[Finding]:
    """L20 (warning): a goal too many turns away, a menu too long to read."""
    for name, turns in _turns(flow).items():
        screen = flow.screens[name]
        if isinstance(screen, End) and screen.goal and turns > MOST_TURNS:
            yield Finding("L20", name, t("{turns} tours jusqu'à ce but").format(turns=turns))
    for name, screen in flow.screens.items():
        if isinstance(screen, Menu) and len(screen.options) > MOST_OPTIONS:
            yield Finding("L20", name, t("plus de {most} options").format(most=MOST_OPTIONS))


def _turns(flow: Flow) -> dict[str, int]:
    """Return how many answers the shortest way from the entry to each screen takes."""
    forward = edges(flow)
    known = {flow.entry: 0}
    queue = deque([flow.entry])
    while queue:
        name = queue.popleft()
        cost = 1 if isinstance(flow.screens[name], VISIBLE) else 0
        for target in forward[name]:
            turns = known[name] + cost
            if turns < known.get(target, turns + 1):
                known[target] = turns
                (queue.append if cost else queue.appendleft)(target)
    return known
