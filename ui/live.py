"""What changes by itself: what the process hears, and the pages that care.

A page subscribes to topics with a callback; news comes on the event loop, gathered, at most four times a second a page.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from nicegui import Client, background_tasks, context

from core import listening
from core.listening import News

SHORTEST_INTERVAL_S = 0.25
MOST_WAITING = 200

OnNews = Callable[[list[News]], Any]


@dataclass(eq=False, slots=True)
class _Subscription:
    client: Client
    on_news: OnNews
    every_s: float
    news: list[News] = field(default_factory=list)
    last: float = 0.0
    timer: asyncio.TimerHandle | None = None


class Hub:
    """The pages that subscribed, by topic."""

    def __init__(self) -> None:
        self._by_topic: dict[str, set[_Subscription]] = defaultdict(set)
        self._leave: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to listen; call it on the event loop."""
        self._leave = listening.join(self.deliver)

    def stop(self) -> None:
        """Stop listening."""
        self._leave()

    def subscribe(self, topics: Iterable[str], on_news: OnNews, *, every_s: float = SHORTEST_INTERVAL_S) -> None:
        """Call `on_news` on the present page with what was announced on `topics`, until the page is gone.

        At most once in `every_s`: figures that cost a report need not follow every turn.
        """
        client = context.client
        subscription = _Subscription(client, on_news, every_s)
        for topic in topics:
            self._by_topic[topic].add(subscription)
        client.on_delete(lambda: self._drop(subscription))

    def deliver(self, news: News) -> None:
        """Hand one announcement to the pages that care; call it on the event loop."""
        for subscription in self._by_topic.get(str(news.get("topic")), ()):
            subscription.news = [*subscription.news, news][-MOST_WAITING:]
            self._schedule(subscription)

    @property
    def subscriber_count(self) -> int:
        """How many pages listen."""
        return len(set().union(*self._by_topic.values()))

    def _schedule(self, subscription: _Subscription) -> None:
        if subscription.timer is not None:
            return
        loop = asyncio.get_running_loop()
        wait = max(0.0, subscription.last + subscription.every_s - loop.time())
        subscription.timer = loop.call_later(wait, self._flush, subscription)

    def _flush(self, subscription: _Subscription) -> None:
        subscription.timer = None
        subscription.last = asyncio.get_running_loop().time()
        news, subscription.news = subscription.news, []
        if not subscription.client.is_deleted:
            background_tasks.create(_tell(subscription, news), name="live news")

    def _drop(self, subscription: _Subscription) -> None:
        if subscription.timer is not None:
            subscription.timer.cancel()
        for topic in list(self._by_topic):
            self._by_topic[topic].discard(subscription)
            if not self._by_topic[topic]:
                del self._by_topic[topic]


async def _tell(subscription: _Subscription, news: list[News]) -> None:
    with subscription.client:
        outcome = subscription.on_news(news)
        if asyncio.iscoroutine(outcome):
            await outcome


hub = Hub()
subscribe = hub.subscribe
