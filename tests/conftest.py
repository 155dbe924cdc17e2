"""What every test may ask for. Nothing here reads the developer's own settings or touches his data."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Before any of our modules reads the settings.
_folder = tempfile.TemporaryDirectory(prefix="palabre-settings-")
os.environ.update(ENVIRONMENT="test", DATA_DIR=_folder.name, LOG_LEVEL="WARNING")
os.environ.pop("DATABASE_URL", None)

from core import security  # noqa: E402
from core.database import Database, Session  # noqa: E402
from core.settings import Settings  # noqa: E402
from services import ledger  # noqa: E402
from tests import database as databases  # noqa: E402

Settings.model_config["env_file"] = None
security.get_keys()  # those of this folder, and not of a test that has its own for a while

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


# What waits longest begins first, so that nobody waits for it in the end.
FIRST = ("e2e", "faults", "commands", "core", "kannel", "messages", "ui", "api", "ciu")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders that wait; the order within stays what chance made it."""
    rank = {folder: place for place, folder in enumerate(FIRST)}
    items.sort(key=lambda item: rank.get(item.nodeid.split("/")[1], len(FIRST)))


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps a file in one process, and all that looks at the one console: what they share is made once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "tests/e2e" if file.startswith("tests/e2e/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Let processes take whole files, the largest wait first."""
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """Set aside what every test shares: the simulated browser collects garbage at each page it leaves."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """Give the address of the tests' PostgreSQL."""
    with databases.running_server() as url:
        yield url


@pytest.fixture(scope="session")
def _kept_database(database_server: str) -> Iterator[tuple[Database, psycopg.Connection[Any]]]:
    with databases.copied(database_server) as url, databases.broom(url) as broom:
        kept = Database(url, pool_size=20)
        yield kept, broom
        kept.dispose()


@pytest.fixture
def database(_kept_database: tuple[Database, psycopg.Connection[Any]]) -> Iterator[Database]:
    """Give a migrated, empty database, current for this process; who changes its tables asks for `own_database`."""
    kept, broom = _kept_database
    databases.empty(broom)
    ledger._house_accounts.clear()
    with databases.lent(kept) as chosen:
        yield chosen


@pytest.fixture
def own_database(database_server: str) -> Iterator[Database]:
    """Give a database of the test's own, current for this process, for tests that drop a guard or a table."""
    with databases.copied(database_server) as url, databases.current(url) as chosen:
        yield chosen


@pytest.fixture
def empty_database_url(database_server: str) -> Iterator[str]:
    """Give the address of a database in which no migration ever ran."""
    with databases.copied(database_server, "template1") as url:
        yield url


@pytest.fixture(scope="session")
def _shared_database(database_server: str) -> Iterator[Database]:
    with databases.copied(database_server) as url:
        shared = Database(url, pool_size=2)
        yield shared
        shared.dispose()


@pytest.fixture
def rolled_back(_shared_database: Database) -> Iterator[Session]:
    """Give a session whose every change is undone after the test: cheaper than `database`, for verbs that take one."""
    with _shared_database.engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        outer.rollback()


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Give the path of Chromium; a missing browser is a failure, never a skipped test."""
    for name in CHROMIUM_NAMES:
        path = shutil.which(name)
        if path is not None:
            return Path(path)
    return pytest.fail("Chromium est absent : installez le paquet chromium, ou lancez ./dev test sous root.")
