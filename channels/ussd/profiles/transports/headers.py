"""Everything in headers, and the chosen link in the query."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from channels.ussd.profiles.transports import query_get
from channels.ussd.profiles.wire import WireRequest

METHODS = ("GET", "POST")
MEDIA_TYPES: tuple[str, ...] = ()
IN_QUERY = frozenset({"response"})


def read(request: WireRequest) -> dict[str, Any]:
    """Read the headers, whatever the case of their names, and the query over them."""
    return {**request.headers, **query_get.read(request)}


def write(fields: Mapping[str, Any]) -> WireRequest:
    """Write the fields as headers, what was chosen as a query."""
    asked = {name: value for name, value in fields.items() if name in IN_QUERY}
    told = {name: str(value) for name, value in fields.items() if name not in IN_QUERY}
    return WireRequest("POST", headers=told, query=urlencode(asked))
