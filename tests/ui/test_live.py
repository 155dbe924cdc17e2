"""News reaches the pages that care, gathered, and no page that is gone."""

import asyncio
from typing import Any

from nicegui import ui

from tests.ui.conftest import ADMIN, Door
from ui import live


async def test_news_is_gathered_and_only_for_its_topic(open_console: Any, screens: Any, door: Door) -> None:
    door.people["jeton"] = ADMIN
    hub = live.Hub()
    heard: list[list[dict[str, Any]]] = []

    rung = asyncio.Event()

    def hear(news: list[dict[str, Any]]) -> None:
        heard.append(news)
        rung.set()

    def page() -> None:
        ui.label("Accueil")
        hub.subscribe(["ussd"], hear)

    screens("/essai", title="Essai")(page)
    async with open_console("jeton") as user:
        client = await user.open("/essai")
        assert hub.subscriber_count == 1
        for number in range(50):
            hub.deliver({"topic": "ussd", "number": number})
        hub.deliver({"topic": "ledger"})
        await asyncio.wait_for(rung.wait(), 2)
        rung.clear()
        hub.deliver({"topic": "ussd", "number": 50})
        assert [len(news) for news in heard] == [50]
        await asyncio.wait_for(rung.wait(), 2)
        assert heard[1] == [{"topic": "ussd", "number": 50}]
        client.delete()
        await asyncio.sleep(0)
        assert hub.subscriber_count == 0


async def test_the_feed_counts_what_comes_while_it_is_paused(open_console: Any, screens: Any, door: Door) -> None:
    from core.clock import now
    from ui.components.feed import Feed
    from ui.components.history import Happening

    door.people["jeton"] = ADMIN
    feeds: list[Feed] = []
    screens("/essai", title="Essai")(lambda: feeds.append(Feed()))
    async with open_console("jeton") as user:
        await user.open("/essai")
        await user.should_see("Les événements paraîtront ici")
        user.find("Suspendre").click()
        with user:
            feeds[0].push([Happening(now(), "Pot versé", key="1"), Happening(now(), "Pot versé", key="1")])
        await user.should_see("Reprendre (2)")
        await user.should_not_see("Pot versé")
        user.find("Reprendre (2)").click()
        await user.should_see("Pot versé")
