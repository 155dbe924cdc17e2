"""Everything in the query."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from channels.ussd.profiles.wire import Unreadable, WireRequest

METHODS = ("GET",)
MEDIA_TYPES: tuple[str, ...] = ()


def read(request: WireRequest) -> dict[str, Any]:
    """Read the fields of the query."""
    try:
        return dict(parse_qsl(request.query, keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise Unreadable from error


def write(fields: Mapping[str, Any]) -> WireRequest:
    """Write the fields as a query."""
    return WireRequest("GET", query=urlencode(fields))
