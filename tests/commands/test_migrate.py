"""Migrations build an empty PostgreSQL, old and new, go down to nothing and come up again."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest
from alembic.util import CommandError

from commands import migrate
from core.embedded_postgres import EmbeddedPostgres, find_binaries
from core.embedded_postgres.binaries import read_binaries
from tests.database import FAST

OLDEST = Path("/usr/lib/postgresql/15/bin")
LEFT = """
select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S', 'p')
union all select proname from pg_proc where pronamespace = 'public'::regnamespace
"""


@pytest.fixture(params=["newest", "oldest"])
def fresh_url(request: pytest.FixtureRequest, empty_database_url: str) -> Iterator[str]:
    if request.param == "newest":
        yield empty_database_url
        return
    oldest = read_binaries(OLDEST)
    if oldest is None:
        pytest.fail("PostgreSQL 15 est absent : installez le paquet postgresql-15 (.ci/run le fait).")
    folder = Path(tempfile.mkdtemp(prefix="palabre-15-"))
    folder.chmod(0o755)
    with EmbeddedPostgres(folder, settings=FAST, binaries=oldest) as url:
        yield url
    shutil.rmtree(folder)


def names_in(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(LEFT)}


def test_up_down_and_up_again(fresh_url: str) -> None:
    migrate.upgrade(fresh_url)
    made = names_in(fresh_url)
    assert {"users", "ledger_entry", "ussd_turn"} <= made
    migrate.downgrade(fresh_url)
    assert names_in(fresh_url) == {"alembic_version"}
    migrate.upgrade(fresh_url)
    assert names_in(fresh_url) == made


def test_the_tables_are_those_of_the_models(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    migrate.check(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("alter table users add column surplus int")
    with pytest.raises(CommandError, match="surplus"):
        migrate.check(empty_database_url)


def test_processes_that_start_together_migrate_once(empty_database_url: str) -> None:
    with ProcessPoolExecutor(3, get_context("spawn")) as pool:
        list(pool.map(migrate.upgrade, [empty_database_url] * 3))
    assert migrate.read_revision(empty_database_url) is not None


def test_the_newest_is_the_wheel() -> None:
    assert find_binaries().major == 18


def test_the_days_of_the_identifiers_keep_their_sums_on_the_way_down(empty_database_url: str) -> None:
    migrate.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        connection.execute(
            "insert into ciu_programme (id, created_at, code, name, contact, timezone, settings)"
            " values (gen_random_uuid(), now(), 'x', 'X', '', 'UTC', '{}')"
        )
        for name, slot, number in (("started", 8, 3), ("started", 9, 4), ("throttled", 0, 1), ("to_code", 61, 2)):
            connection.execute(
                "insert into ciu_day (id, created_at, programme_id, day, name, question, error, language, slot, number)"
                " select gen_random_uuid(), now(), id, '2026-11-20', %s, '', '', '', %s, %s from ciu_programme",
                (name, slot, number),
            )
    migrate.downgrade(empty_database_url, "0023_recipes")
    with psycopg.connect(empty_database_url) as connection:
        rows = connection.execute("select name, number from ciu_day order by name").fetchall()
    assert rows == [("started", 7), ("throttled", 1)]
