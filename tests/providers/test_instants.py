"""Instants of the outside: what is one, and what would poison the row it stood in."""

import pytest

from providers.instants import parse_instant


@pytest.mark.parametrize("raw", ["2026-11-21T08:00:00Z", "2026-11-21T08:00:00.123456+01:00", "20261121T080000Z"])
def test_an_instant_says_its_offset(raw: str) -> None:
    at = parse_instant(raw)
    assert at is not None
    assert at.year == 2026
    assert at.tzinfo is not None


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "x",
        "2026-11-21",
        "2026-11-21T08:00:00",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        None,
        3,
        [],
    ],
)
def test_anything_else_is_none(raw: object) -> None:
    assert parse_instant(raw) is None
