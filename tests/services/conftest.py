"""A bank with an account or two, and a ledger with a history."""

from collections.abc import Iterator

import pytest

from core.database import Database
from tests.builders.bank import Bank
from tests.builders.story import Story, tell
from tests.builders.transfers import House, running


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
