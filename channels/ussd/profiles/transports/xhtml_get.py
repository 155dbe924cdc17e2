"""A page that is asked for: who asks stands in the headers, what was chosen in the query."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from channels.ussd.profiles.transports import headers
from channels.ussd.profiles.wire import WireRequest

METHODS = ("GET",)
MEDIA_TYPES: tuple[str, ...] = ()
read = headers.read


def write(fields: Mapping[str, Any]) -> WireRequest:
    """Write the request for a page."""
    return replace(headers.write(fields), method="GET")
