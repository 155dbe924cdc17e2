"""Turning the pages of a list whose end is not counted: one line more than a page says that another follows."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from ui.components import buttons, cards
from ui.labels import t


class Pager:
    """The foot of a list, placed where the page stands; `page` counts from zero."""

    def __init__(self, on_turn: Callable[[], Awaitable[None]]) -> None:
        self.page = 0
        self._on_turn = on_turn
        self._foot = ui.element("div")

    def show(self, *, has_more: bool) -> None:
        """Draw the two ways there are from here; nothing under a list of one page."""
        self._foot.clear()
        if not has_more and not self.page:
            return
        with self._foot, cards.foot():
            previous = buttons.icon_only("chevron_left", t("Page précédente"), partial(self._turn, -1))
            previous.set_enabled(self.page > 0)
            following = buttons.icon_only("chevron_right", t("Page suivante"), partial(self._turn, 1))
            following.set_enabled(has_more)

    async def _turn(self, step: int) -> None:
        self.page = max(self.page + step, 0)
        await self._on_turn()
