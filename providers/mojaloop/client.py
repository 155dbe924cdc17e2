"""One call to the adapter: made once, never repeated, never redirected; every one is kept, answered or not."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core import clock
from providers import http
from providers.http import AsyncCaller, NoAnswer, Outcome
from providers.mojaloop.attempts import kept, masked
from providers.mojaloop.contract import RailAccount
from providers.mojaloop.reading import read
from providers.wire import Exchange

_MOVED = frozenset({"COMMITTED", "SETTLED"})
_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
_READING = {"Accept": "application/json"}


@dataclass
class Conversation:
    """The calls of one operation, in their order. `identifiers` are what stands for a person in them."""

    caller: AsyncCaller
    account: RailAccount
    identifiers: tuple[str, ...] = ()
    exchanges: list[Exchange] = field(default_factory=list)

    async def call(
        self, operation: str, method: str, path: str, document: Mapping[str, Any] | None = None
    ) -> Outcome | NoAnswer:
        """Make one call; a GET waits less than what may move money."""
        account = self.account
        url = account.base_url.rstrip("/") + account.path + path
        content = None if document is None else json.dumps(document, ensure_ascii=False).encode()
        sent_at = clock.now()
        outcome = await self.caller.exchange(
            method,
            url,
            headers=_READING if content is None else _JSON,
            content=content,
            total_timeout_s=account.read_timeout_s if method == "GET" else account.write_timeout_s,
        )
        is_answered = isinstance(outcome, Outcome)
        self.exchanges.append(
            Exchange(
                operation=operation,
                method=method,
                url=masked(url, self.identifiers),
                request=kept(content or b"", self.identifiers),
                response=self._kept(outcome) if isinstance(outcome, Outcome) else "",
                http_status=outcome.status if isinstance(outcome, Outcome) else None,
                sent_at=sent_at,
                answered_at=clock.now() if is_answered else None,
                error_kind="" if isinstance(outcome, Outcome) else outcome.kind,
            )
        )
        return outcome

    @property
    def attempts(self) -> tuple[Exchange, ...]:
        """Return what is to be stored of it."""
        return tuple(self.exchanges)

    def _kept(self, outcome: Outcome) -> str:
        said = read(outcome.status, outcome.body)
        return kept(outcome.body, self.identifiers, is_paid=said.is_success and said.fulfil_state in _MOVED)


class Callers:
    """One pool of connections per adapter, so that one that hangs holds nobody else's."""

    def __init__(self) -> None:
        self._callers: dict[str, AsyncCaller] = {}

    def of(self, account: RailAccount) -> AsyncCaller:
        """Return the pool of an account's adapter; called on the loop only."""
        known = self._callers.get(account.base_url)
        if known is None:
            known = self._callers[account.base_url] = http.AsyncCaller()
        return known
