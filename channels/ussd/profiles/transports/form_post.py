"""A form in the body."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from channels.ussd.profiles.wire import Unreadable, WireRequest

METHODS = ("POST",)
MEDIA_TYPES: tuple[str, ...] = ("application/x-www-form-urlencoded",)


def read(request: WireRequest) -> dict[str, Any]:
    """Read the fields of a form."""
    try:
        text = request.body.decode("utf-8-sig")
        return dict(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict"))
    except ValueError as error:
        raise Unreadable from error


def write(fields: Mapping[str, Any]) -> WireRequest:
    """Write the fields as a form."""
    return WireRequest("POST", headers={"content-type": MEDIA_TYPES[0]}, body=urlencode(fields).encode())
