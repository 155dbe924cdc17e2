"""Fixtures of gateways, checked with the profiles that serve them."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.decoding import Place
from channels.ussd.profiles.fixtures import check as check_fixture
from channels.ussd.profiles.fixtures import request_of
from commands.vectors import form


def check(vectors: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Give each fixture with its differences."""
    now = datetime.fromisoformat(vectors["now"])
    for fixture in vectors["fixtures"]:
        contract = BUILT_IN.get(fixture["gateway"].removesuffix("_events"))
        found = _differences(contract, fixture, now) if contract else [f"gateway: {fixture['gateway']}"]
        yield fixture["id"], form.unknown_of_fixture(fixture) + found


def _differences(contract: Contract, fixture: dict[str, Any], now: datetime) -> list[str]:
    found = check_fixture(contract, fixture, now)
    return found or [*_kept(contract, fixture, now)]


def _kept(contract: Contract, fixture: dict[str, Any], now: datetime) -> Iterator[str]:
    """Look for what must not be stored in all that is left of the request once it is decoded."""
    account = fixture["account"]
    place = Place(account["country"], tuple(account["service_codes"]))
    turn = contract.decode(contract.read(request_of(fixture)), place, now)
    told = {str(value) for value in _values(asdict(turn))}
    yield from (f"not_stored: {value!r}" for value in fixture.get("not_stored", ()) if value and value in told)


def _values(part: Any) -> Iterator[Any]:
    if isinstance(part, dict):
        for value in part.values():
            yield from _values(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _values(value)
    else:
        yield part
