"""A caisse with money, its adapter on loopback, a clock that the test moves."""

from collections.abc import Iterator

import pytest

from core import clock
from core.database import Database, driver
from tests.builders import pensions
from tests.builders.switch import START, Switch
from tests.providers.conftest import Fakes, _fake_server, fakes

__all__ = ["_fake_server", "fakes"]

FUNDS_MINOR = 1_000_000_000


@pytest.fixture
def switch(database: Database, fakes: Fakes) -> Iterator[Switch]:
    """Give an adapter in one step that keeps our ids, and a caisse behind it with a thousand million francs."""
    with clock.travel(START) as traveller:
        fakes.forget()
        world = pensions.build(database, funds_minor=0)
        pensions.fund(database, world, world.own, FUNDS_MINOR)
        address = f"{fakes.url}/mojaloop"
        with database.transaction() as session:
            driver(session).execute("update provider_account set base_url = %s", (address,))
        made = Switch(database, world, fakes.kernel, traveller, address)
        made.run()
        yield made
