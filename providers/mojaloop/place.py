"""Where an adapter may stand: it has no authentication, so anywhere over https, or inside our own networks."""

import socket
from urllib.parse import urlsplit

from core.addresses import is_inside
from core.settings import parse_networks

_OURS = parse_networks("127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,::1,fc00::/7")
_DEFAULT_PORT = 80


def is_allowed(base_url: str) -> bool:
    """Say whether an adapter's address may be kept: https, or a host whose every address is ours or loopback."""
    try:
        parts = urlsplit(base_url)
        port = parts.port or _DEFAULT_PORT
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        return False
    if parts.scheme != "http":
        return parts.scheme == "https"
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(is_inside(str(address[0]).partition("%")[0], _OURS) for *_, address in found)
