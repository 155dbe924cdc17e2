"""For the doors where many knock: a route with nothing before its endpoint, and threads beside the loop."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar, TypeVarTuple, Unpack

from fastapi import Request, Response
from fastapi.routing import APIRoute

MOST_AT_ONCE = 40

T = TypeVar("T")
P = TypeVarTuple("P")


class BareRoute(APIRoute):
    """A route whose endpoint reads its request itself: nothing stands between the two."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint as it is."""
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


class Threads:
    """So much at once beside the loop; the others wait in order."""

    def __init__(self, name: str, most: int = MOST_AT_ONCE) -> None:
        self._pool = ThreadPoolExecutor(most, name)

    async def run(self, work: Callable[[Unpack[P]], T], *arguments: *P) -> T:
        """Work something out in this request's own context; what is no longer waited for goes on to its end."""
        call = partial(contextvars.copy_context().run, work, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)
