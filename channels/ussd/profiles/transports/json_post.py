"""One JSON object in the body."""

import json
from collections.abc import Mapping
from typing import Any

from channels.ussd.profiles.wire import Unreadable, WireRequest

METHODS = ("POST",)
MEDIA_TYPES: tuple[str, ...] = ("application/json",)


def read(request: WireRequest) -> dict[str, Any]:
    """Read the members of an object."""
    try:
        fields = json.loads(request.body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    if not isinstance(fields, dict):
        raise Unreadable
    return fields


def write(fields: Mapping[str, Any]) -> WireRequest:
    """Write the fields as an object."""
    return WireRequest("POST", headers={"content-type": MEDIA_TYPES[0]}, body=json.dumps(fields).encode())
