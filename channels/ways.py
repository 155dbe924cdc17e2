"""A menu as ways: what every way to a goal crosses, the screens as a tree, and where money is asked for."""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from channels.flow import VISIBLE, Act, Confirm, End, Flow, Input
from channels.lint.graph import Edges, edges, reached, turned

# What the actions that move money are called among operations.
TYPES = {
    "wallet.transfer": "transfer",
    "wallet.cash_out": "cash_out",
    "wallet.sell": "sell",
    "wallet.pay_merchant": "payment",
    "wallet.pay_bill": "bill",
    "wallet.buy_airtime": "airtime",
    "wallet.recharge": "recharge",
    "catalog.activate_paid": "subscription",
}


@dataclass(frozen=True, slots=True)
class Branch:
    """A visible screen where it is first reached in the tree, `depth` answers from the entry."""

    screen: str
    depth: int


@dataclass(frozen=True, slots=True)
class MoneyWay:
    """Where money of one type is confirmed and proved; `wrong` are the screens a PIN that is not right leads to."""

    type: str
    confirm: str
    pin: str
    wrong: frozenset[str]


def ends_of(flow: Flow, goal: str) -> list[str]:
    """Return the screens that reach a goal."""
    return [name for name, screen in flow.screens.items() if isinstance(screen, End) and screen.goal == goal]


def common_way(flow: Flow, goal: str) -> list[str]:
    """Return the visible screens that every way from the entry to the goal crosses, in order: the longest they share.

    The goal's own screen closes it, where there is one only.
    """
    above = _crossed(flow, edges(flow))
    crossings = [above[end] for end in ends_of(flow, goal) if end in above]
    if not crossings:
        return []
    shared = set.intersection(*crossings)
    return [name for name in sorted(shared, key=lambda name: len(above[name])) if _is_visible(flow, name)]


def outline(flow: Flow, seen: Container[str]) -> list[Branch]:
    """Return the screens that were seen as a tree, each once, where the fewest answers lead to it."""
    forward, below, found = edges(flow), dict[str, list[str]](), {flow.entry}
    queue = deque([flow.entry])
    while queue:
        name = queue.popleft()
        below[name] = [
            target
            for target in dict.fromkeys(forward[name])
            if target not in found and (target in seen or not _is_visible(flow, target))
        ]
        found.update(below[name])
        for target in reversed(below[name]):  # what nobody sees is no answer: it is gone through at once
            queue.append(target) if _is_visible(flow, target) else queue.appendleft(target)
    return list(_branches(flow, below, flow.entry, 0))


def money_ways(flow: Flow) -> list[MoneyWay]:
    """Return where each type of money is confirmed and proved: the nearest such screens every way to it crosses."""
    above = _crossed(flow, edges(flow))
    ways = []
    for name, screen in flow.screens.items():
        if not (isinstance(screen, Act) and screen.money and name in above):
            continue
        crossed = sorted(above[name], key=lambda each: -len(above[each]))
        confirm = next((each for each in crossed if isinstance(flow.screens[each], Confirm)), "")
        pin = next((each for each in crossed if _is_secret(flow, each)), "")
        if confirm and pin:
            ways.append(MoneyWay(TYPES.get(screen.run, screen.run), confirm, pin, _wrong(flow, pin)))
    return ways


def walked(path: Iterable[str], way: Sequence[str]) -> set[str]:
    """Return the screens of a way that somebody's path saw in the way's order; what comes back counts once."""
    places = {screen: place for place, screen in enumerate(way)}
    seen, last = set[str](), -1
    for screen in path:
        place = places.get(screen, -1)
        if place > last:
            seen.add(screen)
            last = place
    return seen


def _branches(flow: Flow, below: Mapping[str, Sequence[str]], name: str, depth: int) -> Iterator[Branch]:
    if _is_visible(flow, name):
        yield Branch(name, depth)
        depth += 1
    for target in below[name]:
        yield from _branches(flow, below, target, depth)


def _crossed(flow: Flow, forward: Edges) -> dict[str, set[str]]:
    """Return for each screen that can be reached what every way to it crosses, itself included."""
    alive = reached([flow.entry], forward)
    before = turned(forward)
    above = {name: set(alive) for name in alive}
    above[flow.entry] = {flow.entry}
    is_settled = False
    while not is_settled:
        is_settled = True
        for name in alive - {flow.entry}:
            ways = [above[each] for each in before[name] if each in alive]
            now = set.intersection(*ways) | {name}
            if now != above[name]:
                above[name], is_settled = now, False
    return above


def _is_visible(flow: Flow, name: str) -> bool:
    return isinstance(flow.screens[name], VISIBLE)


def _is_secret(flow: Flow, name: str) -> bool:
    screen = flow.screens[name]
    return isinstance(screen, Input) and screen.is_secret


def _wrong(flow: Flow, pin: str) -> frozenset[str]:
    screen = flow.screens[pin]
    return frozenset(screen.outcomes.values()) if isinstance(screen, Input) else frozenset()
