"""A desk with two caisses; whatever the test does, its sums hold in the end."""

from collections.abc import Iterator

import pytest

from core.database import Database
from tests.builders import batches
from tests.builders.batches import Desk


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    """Give a desk; in the end counters, claims and reserves are what the rows say."""
    desk = batches.open_desk(database)
    yield desk
    desk.assert_sums_hold()
