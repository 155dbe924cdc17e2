"""Who is at the other end of a request: one rule for the client's address, behind declared proxies only."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from core.settings import Network, parse_networks

Address = IPv4Address | IPv6Address


def client_address(peer: str, forwarded_for: str, trusted_proxies: Sequence[Network]) -> str:
    """Return the address of the client: the socket's peer, unless the peer is a declared proxy.

    Behind one, it is the right-most entry of `X-Forwarded-For` (all its lines joined by commas) that is not itself a
    declared proxy; what stands left of it was written by the client and proves nothing.
    """
    if not is_trusted_proxy(peer, trusted_proxies):
        return _plain(peer)
    for entry in reversed(forwarded_for.split(",")):
        if parse_address(entry) is None:
            break  # a proxy that writes nonsense is believed no further
        if not is_trusted_proxy(entry, trusted_proxies):
            return _plain(entry)
    return _plain(peer)


def is_trusted_proxy(peer: str, trusted_proxies: Sequence[Network]) -> bool:
    """Say whether a socket's peer is a declared proxy."""
    return is_inside(peer, trusted_proxies)


def is_allowed(address: str, allowed: str) -> bool:
    """Say whether an address is in a comma list of addresses and CIDR ranges; `*` allows all."""
    networks = _read_list(allowed)
    return networks is None or is_inside(address, networks)


def is_inside(address: str, networks: Iterable[Network]) -> bool:
    """Say whether an address lies in one of the networks; what is no address lies in none."""
    parsed = parse_address(address)
    return parsed is not None and any(parsed in network for network in networks)


@lru_cache(4096)
def parse_address(text: str) -> Address | None:
    """Read an IP address, with or without a port or brackets; an IPv4 address written as IPv6 is the IPv4 one."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_network(text: str) -> bool:
    """Say whether `text` is an address or a CIDR range."""
    try:
        ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True


@lru_cache
def _read_list(allowed: str) -> tuple[Network, ...] | None:
    """Read a list once, not at every request; None when it allows all."""
    entries = [entry.strip() for entry in allowed.split(",")]
    return None if "*" in entries else tuple(parse_networks(",".join(entries)))


def _plain(address: str) -> str:
    return str(parse_address(address) or address)
