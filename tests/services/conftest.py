"""A bank with an account or two, and a ledger with a history."""

from collections.abc import Iterator

import pytest

from core import clock
from core.database import Database
from core.permissions import Actor
from services.provider_accounts import AccountRow
from services.transfers import purposes
from tests.builders import payments
from tests.builders.bank import Bank
from tests.builders.reconciliation import MORNING_AFTER
from tests.builders.story import Story, tell
from tests.builders.transfers import House, running
from tests.services.unknown_world import Debt


@pytest.fixture
def bank(database: Database) -> Iterator[Bank]:
    """Give an empty ledger; whatever the test does, its books hold in the end."""
    bank = Bank(database)
    yield bank
    assert bank.broken() == set()


@pytest.fixture
def story(database: Database) -> Story:
    """Give a ledger with a history."""
    return tell(database)


@pytest.fixture
def own_story(own_database: Database) -> Story:
    """Give it in a database whose guards may be taken away."""
    return tell(own_database)


@pytest.fixture
def house(database: Database) -> Iterator[House]:
    """Give two wallets and a provider that answers what the test wrote; in the end the books hold."""
    with running(database) as made:
        yield made
        made.assert_books_hold()


@pytest.fixture
def account(database: Database) -> Iterator[AccountRow]:
    """Give an account of an operator that works, and a purpose for its transfers."""
    purposes.register(Debt())
    yield payments.account(database, "mtn")
    del purposes._registered[Debt.name]


@pytest.fixture
def one(database: Database) -> Actor:
    """Give a person who works with payments."""
    return payments.operator(database, "un@x.org")


@pytest.fixture
def two(database: Database) -> Actor:
    """Give another."""
    return payments.operator(database, "deux@x.org")


@pytest.fixture
def wave(database: Database) -> Iterator[AccountRow]:
    """Give an account of Wave in Senegal, on the morning after the day that is compared."""
    with clock.travel(MORNING_AFTER):
        yield payments.account(database, "wave", country="SN")
