"""One flat XML element in the body. No document type and no entity is read."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from channels.ussd.profiles.wire import Unreadable, WireRequest

METHODS = ("POST",)
MEDIA_TYPES: tuple[str, ...] = ("text/xml", "application/xml")


def read(request: WireRequest) -> dict[str, Any]:
    """Read the children of the root."""
    if b"<!" in request.body or b"\0" in request.body:  # a NUL is how UTF-16 would carry a document type past us
        raise Unreadable
    try:
        root = ET.fromstring(request.body)  # noqa: S314  # neither document type nor entity came this far
    except (ET.ParseError, ValueError, LookupError) as error:
        raise Unreadable from error
    return {child.tag: child.text or "" for child in root}


def write(fields: Mapping[str, Any]) -> WireRequest:
    """Write the fields as children of `ussd`."""
    root = ET.Element("ussd")
    for name, value in fields.items():
        ET.SubElement(root, name).text = str(value)
    return WireRequest("POST", headers={"content-type": MEDIA_TYPES[0]}, body=ET.tostring(root, "utf-8"))
