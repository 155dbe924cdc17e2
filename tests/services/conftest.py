import pytest

from core.database import Database
from tests.builders.story import Story, tell


@pytest.fixture
def story(database: Database) -> Story:
    return tell(database)


@pytest.fixture
def own_story(own_database: Database) -> Story:
    """Tell it in a database whose guards may be taken away."""
    return tell(own_database)
