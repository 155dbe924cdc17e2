"""How money moves: confirmed, behind a PIN, as it was quoted, at a price that exists (L14, L19)."""

from collections.abc import Iterator

from channels.actions import Effect
from channels.flow import VISIBLE, Act, Confirm, Flow, Input, Menu, Rows, Screen
from channels.lint.findings import Facts, Finding
from channels.lint.graph import edges, turned
from channels.lint.names import action_of
from core.i18n import t

QUOTED = frozenset({"amount", "fee", "total", "tariff_id"})
GUARDED = QUOTED | {"to", "code", "biller", "bill_ref"}
QUOTE = "wallet.quote"


def money(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L14: money that is not confirmed, then proved by PIN, on every path and with nothing between."""
    for name, screen in flow.screens.items():
        action = action_of(screen, facts)
        if not isinstance(screen, Act):
            if action is not None and action.effect is Effect.MONEY:
                yield Finding("L14", name, t("seul un écran « action » peut déplacer de l'argent"))
            continue
        if action is not None and screen.money is not (action.effect is Effect.MONEY):
            yield Finding("L14", name, t("« money » ne dit pas ce que fait {action}").format(action=action.name))
        if action is not None and action.effect is Effect.MONEY:
            yield from _Back(flow, facts, name).judge()


class _Back:
    """One money action, looked at backwards."""

    def __init__(self, flow: Flow, facts: Facts, name: str) -> None:
        self.flow, self.facts, self.name = flow, facts, name
        self.before = turned(edges(flow))

    def judge(self) -> Iterator[Finding]:
        """Walk back to the PIN, from the PIN to the confirmation, from there to the quote."""
        for pin in self._visible_before(self.name):
            if not self._is_pin(pin):
                yield Finding(
                    "L14", self.name, t("un chemin y mène sans code PIN ({screen})").format(screen=pin or "–")
                )
                continue
            for confirm in self._visible_before(pin):
                if not isinstance(self.flow.screens.get(confirm), Confirm):
                    yield Finding(
                        "L14",
                        self.name,
                        t("un chemin y mène sans confirmation ({screen})").format(screen=confirm or "–"),
                    )
                else:
                    yield from self._judge_quote(confirm)
        for writer in sorted(self._writers_between()):
            yield Finding("L14", writer, t("change ce qui a été confirmé pour {name}").format(name=self.name))

    def _visible_before(self, name: str) -> set[str]:
        """Return the last visible screens before one; "" for a path that begins without any."""
        found, seen, queue = set(), {name}, [name]
        while queue:
            here = queue.pop()
            if here == self.flow.entry:
                found.add("")
            for earlier in self.before[here]:
                if isinstance(self.flow.screens[earlier], VISIBLE):
                    found.add(earlier)
                elif earlier not in seen:
                    seen.add(earlier)
                    queue.append(earlier)
        return found

    def _is_pin(self, name: str) -> bool:
        screen = self.flow.screens.get(name)
        action = action_of(screen, self.facts) if isinstance(screen, Input) and screen.is_secret else None
        return action is not None and action.proves_secret

    def _writers_between(self) -> set[str]:
        """Return the invisible screens between confirmation and money that write what was confirmed."""
        found: set[str] = set()
        for start in (self.name, *filter(self._is_pin, self._visible_before(self.name))):
            seen, queue = {start}, [start]
            while queue:
                for earlier in self.before[queue.pop()]:
                    if earlier in seen or isinstance(self.flow.screens[earlier], VISIBLE):
                        continue
                    seen.add(earlier)
                    queue.append(earlier)
            found |= {name for name in seen - {self.name} if self._writes(self.flow.screens[name])}
        return found

    def _judge_quote(self, confirm: str) -> Iterator[Finding]:
        """Between the quote and the confirmation nobody writes amount, fee, total or payee; every path has a quote."""
        seen, queue = {confirm}, [confirm]
        while queue:
            here = queue.pop()
            if here == self.flow.entry:
                yield Finding("L14", confirm, t("un chemin y mène sans prix calculé"))
            for earlier in self.before[here]:
                screen = self.flow.screens[earlier]
                if earlier in seen or self._quotes(screen):
                    continue
                seen.add(earlier)
                queue.append(earlier)
                if self._writes(screen):
                    yield Finding("L14", earlier, t("change ce qui a été confirmé pour {name}").format(name=self.name))

    def _quotes(self, screen: Screen) -> bool:
        action = action_of(screen, self.facts)
        return action is not None and action.outputs.keys() >= QUOTED

    def _writes(self, screen: Screen) -> bool:
        action = action_of(screen, self.facts)
        written = set(action.outputs) if action is not None else set()
        match screen:
            case Input() if screen.var is not None:
                written.add(screen.var)
            case Menu():
                written |= {name for option in screen.options for name in option.set}
            case Rows():
                written |= set(screen.set)
        return bool(written & GUARDED)


def tariffs(flow: Flow, facts: Facts) -> Iterator[Finding]:
    """L19: a type that is quoted without a price for every amount it allows."""
    if facts.priced is None:
        return
    for name, screen in flow.screens.items():
        asked = screen.inputs.get("type") if isinstance(screen, Act | Input) else None
        action = action_of(screen, facts)
        if action is not None and action.name == QUOTE and asked not in facts.priced:
            yield Finding("L19", name, t("aucun tarif ne couvre {type}").format(type=asked))
