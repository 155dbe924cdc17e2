"""The live feed: events as they come, which a reader may pause."""

from collections import deque
from collections.abc import Iterable, Sequence

from nicegui import ui

from ui.components import buttons, cards
from ui.components.empty import sentence
from ui.components.history import Happening
from ui.labels import clock, t
from ui.markup import Markup, icon, show, tag

LONGEST = 200


class Feed:
    """A card of what happens; while paused, what comes is counted and shown when it goes on."""

    def __init__(self, happenings: Sequence[Happening] = (), *, shown: int = 8, href: str = "") -> None:
        self._kept: deque[Happening] = deque(happenings, maxlen=LONGEST)
        self._waiting: list[Happening] = []
        self._shown = shown
        self.is_paused = False
        with cards.card(is_flush=True).classes("feed") as self.element:
            with ui.element("div").classes("card-head"):
                self._head = show(Markup(), classes="abreast")
                self._button = buttons.quiet("", self._toggle)
            self._list = show(Markup()).props("role=log aria-live=polite")
            if href:
                cards.foot_link(t("Tout le journal"), href)
        self._draw()

    def push(self, happenings: Iterable[Happening]) -> None:
        """Add what just happened, oldest first; what is there already (same key) is not added twice."""
        known = {happening.key for happening in (*self._kept, *self._waiting) if happening.key}
        fresh = [happening for happening in happenings if happening.key not in known]
        if self.is_paused:
            self._waiting = (self._waiting + fresh)[-LONGEST:]
        else:
            self._kept.extendleft(fresh)
        self._draw()

    def _toggle(self) -> None:
        self.is_paused = not self.is_paused
        if not self.is_paused:
            self._kept.extendleft(self._waiting)
            self._waiting = []
        self._draw()

    def _draw(self) -> None:
        waiting = f" ({len(self._waiting)})" if self._waiting else ""
        self._button.text = t("Reprendre") + waiting if self.is_paused else t("Suspendre")
        self._button.icon = buttons.symbol("play_arrow" if self.is_paused else "pause")
        self._head.set_content(cards.head(t("En direct"), is_live=not self.is_paused))
        shown = list(self._kept)[: self._shown]
        self._list.set_content(feed_list(shown))


def feed_list(happenings: Sequence[Happening]) -> Markup:
    """Return the lines of the feed: time, sign, what, and the figure or place of it."""
    if not happenings:
        return sentence(t("Les événements paraîtront ici dès qu'ils arrivent."), "sensors")
    return tag("ol", *map(_line, happenings), class_="feed-list")


def _line(happening: Happening) -> Markup:
    title = tag("a", happening.title, href=happening.href) if happening.href else happening.title
    return tag(
        "li",
        tag("time", clock(happening.at), datetime=happening.at.isoformat(), class_="feed-time"),
        icon(happening.icon, class_=f"tone-{happening.tone}"),
        tag("span", title, class_="line-title"),
        tag("span", happening.detail, class_="line-detail"),
    )
