"""The stage of the dialogue vectors in a test process: the product's doors, the fakes, a world that is copied."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from commands.vectors import door, outside
from commands.vectors.door import Door
from commands.vectors.houses import Houses
from commands.vectors.outside import Outside
from main import create_doors
from tests import database as databases
from tests.builders.world import VECTORS


@pytest.fixture(scope="module")
def around() -> Iterator[Outside]:
    """Give the fakes, running."""
    with outside.running() as running:
        yield running


@pytest.fixture(scope="module")
def doors() -> Iterator[Door]:
    """Give every door of the product, on whatever database is current."""
    with door.opened(create_doors()) as opened:
        yield opened


@pytest.fixture(scope="module")
def houses(database_server: str, around: Outside) -> Iterator[Houses]:
    """Give the world of the vectors, as often as it is asked for."""
    with _left_as_found():
        made = Houses(database_server, databases.template_name(), VECTORS, around.url)
        yield made
        made.close()


@contextmanager
def _left_as_found() -> Iterator[None]:
    """Leave no database current that is gone."""
    from core import database

    yield
    database._current = None
