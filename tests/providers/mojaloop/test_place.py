"""Where an adapter may stand: it asks nobody who he is."""

import pytest

from providers.mojaloop.place import is_allowed


@pytest.mark.parametrize(
    ("base_url", "is_right"),
    [
        ("http://127.0.0.1:4001", True),
        ("http://localhost:4001", True),
        ("http://10.1.2.3:4001", True),
        ("http://172.20.0.7:4001", True),
        ("http://192.168.1.4", True),
        ("https://adapter.example.org", True),
        ("http://8.8.8.8:4001", False),
        ("http://[2001:db8::1]:4001", False),
        ("http://169.254.169.254/", False),
        ("http://user:secret@127.0.0.1", False),
        ("http://127.0.0.1/?x=1", False),
        ("ftp://127.0.0.1", False),
        ("http://127.0.0.1:99999", False),
        ("http://", False),
        ("", False),
    ],
)
def test_an_address_is_ours_or_secret(base_url: str, *, is_right: bool) -> None:
    assert is_allowed(base_url) is is_right
