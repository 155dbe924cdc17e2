"""State chips: icon, word and soft colour together, never colour alone."""

from ui.labels import Sign, State, Tone, t
from ui.markup import Markup, icon, join, tag


def chip(state: State | Sign, word: str = "") -> Markup:
    """Return the chip of a state; `word` replaces its own («Payée» for a pension)."""
    sign = state.value if isinstance(state, State) else state
    return tag("span", icon(sign.icon), word or t(sign.word), class_=f"chip chip-{sign.tone}")


def plain(word: str, *, icon_name: str = "", tone: Tone = Tone.NEUTRAL) -> Markup:
    """Return a chip that is no state: a kind, a mark («Simulation»)."""
    return tag("span", icon(icon_name) if icon_name else None, word, class_=f"chip chip-{tone}")


def cell(state: State | Sign, word: str = "") -> dict[str, str]:
    """Return the same chip as a table's data, for a column of kind `chip`."""
    sign = state.value if isinstance(state, State) else state
    return {"icon": sign.icon, "word": word or t(sign.word), "tone": sign.tone.value}


def live_dot(*, is_on: bool = True) -> Markup:
    """Return the dot beside what changes by itself."""
    return tag("span", class_="live-dot" if is_on else "live-dot live-dot-off", aria_hidden="true")


def avatar(initials: str, *, is_done: bool = False) -> Markup:
    """Return the round with a person's initials."""
    return tag("span", initials, class_="avatar avatar-accent" if is_done else "avatar", aria_hidden="true")


def tile_icon(name: str, tone: Tone = Tone.NEUTRAL) -> Markup:
    """Return the soft square with an icon that begins a row."""
    return join(tag("span", icon(name), class_=f"icon-tile icon-tile-{tone}"))
