"""Kannel's query: UTF-8, but for the two TLVs, which are raw octets (`op`: one integer, `sess`: its_session_info)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes, urlencode

from channels.ussd.profiles.transports import query_get
from channels.ussd.profiles.wire import Unreadable, WireRequest

METHODS = ("GET",)
MEDIA_TYPES: tuple[str, ...] = ()
OP, SESSION = "op", "sess"
END_BIT = 1


def read(request: WireRequest) -> dict[str, Any]:
    """Read the query, and what its_session_info says: whose dialogue, which turn of it, and whether it is over."""
    raw = dict(parse_qsl(request.query, keep_blank_values=True, encoding="latin-1"))
    octets = {name: raw[name].encode("latin-1") for name in (OP, SESSION) if name in raw}
    kept = "&".join(part for part in request.query.split("&") if part.partition("=")[0] not in (OP, SESSION))
    query = query_get.read(WireRequest("GET", query=kept))
    # What is told by the two octets alone may not be given beside them: it would stand in our own headers.
    fields: dict[str, Any] = {name: value for name, value in query.items() if not name.startswith(f"{SESSION}.")}
    if "to" in fields:
        fields["to"] = fields["to"].lstrip("+ ")
    if octets.get(OP):
        fields[OP] = octets[OP][0]
    if SESSION in octets:
        fields |= _session_info(octets[SESSION])
    return fields


def _session_info(octets: bytes) -> dict[str, Any]:
    if len(octets) != 2:  # noqa: PLR2004  # one octet for the dialogue, one for turn and end
        raise Unreadable
    number, order = octets
    return {
        "sess.number": number,
        "sess.order": order >> 1,
        "sess.end": bool(order & END_BIT),
        "sess.goes_on": f"%{number:02X}%{order & ~END_BIT:02X}",
        "sess.closes": f"%{number:02X}%{order | END_BIT:02X}",
    }


def write(fields: Mapping[str, Any]) -> WireRequest:
    """Write a query as Kannel does."""
    plain = {name: value for name, value in fields.items() if name != OP and not name.startswith(SESSION)}
    query = urlencode(plain)
    if OP in fields:
        query += f"&{OP}={quote_from_bytes(bytes([int(fields[OP])]))}"
    if "sess.number" in fields:
        order = (int(fields.get("sess.order", 0)) << 1 & 0xFF) | int(bool(fields.get("sess.end")))
        query += f"&{SESSION}={quote_from_bytes(bytes([int(fields['sess.number']), order]))}"
    return WireRequest("GET", query=query)
