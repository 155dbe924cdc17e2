"""The client's address: nobody chooses his own."""

import pytest

from core.addresses import client_address, is_allowed, is_inside, is_network, is_trusted_proxy
from core.settings import parse_networks

PROXIES = parse_networks("10.0.0.0/8,::1")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "127.0.0.1", "203.0.113.9"),  # an undeclared proxy is not believed
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),  # what the client wrote himself stands left
        ("10.0.0.1", "127.0.0.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, n'importe quoi", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("testclient", "127.0.0.1", "testclient"),
        ("", "127.0.0.1", ""),
    ],
)
def test_the_client_is_the_right_most_stranger(peer: str, forwarded_for: str, client: str) -> None:
    assert client_address(peer, forwarded_for, PROXIES) == client


def test_without_declared_proxies_the_header_is_worth_nothing() -> None:
    assert client_address("127.0.0.1", "8.8.8.8", []) == "127.0.0.1"


def test_a_list_of_addresses_and_ranges_allows() -> None:
    assert is_allowed("127.0.0.1", "127.0.0.1,::1")
    assert is_allowed("10.2.3.4", "192.0.2.1, 10.0.0.0/8")
    assert is_allowed("n'importe quoi", "*")
    assert not is_allowed("10.2.3.4", "127.0.0.1")
    assert not is_allowed("testclient", "127.0.0.1")
    assert not is_allowed("127.0.0.1", "")


def test_networks() -> None:
    assert is_trusted_proxy("10.9.9.9", PROXIES)
    assert not is_trusted_proxy("11.0.0.1", PROXIES)
    assert is_inside("::ffff:10.0.0.1", PROXIES)
    assert is_network("10.0.0.0/8")
    assert is_network(" 10.0.0.1 ")
    assert not is_network("10.0.0.0/33")
    assert not is_network("partout")
