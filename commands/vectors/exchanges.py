"""Fixtures of gateways, checked with the profiles that serve them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.fixtures import check as check_fixture


def check(vectors: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Give each fixture with its differences."""
    now = datetime.fromisoformat(vectors["now"])
    for fixture in vectors["fixtures"]:
        contract = BUILT_IN.get(fixture["gateway"].removesuffix("_events"))
        yield fixture["id"], check_fixture(contract, fixture, now) if contract else [f"gateway: {fixture['gateway']}"]
