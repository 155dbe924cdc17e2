"""Real databases for tests: one server a run, one migrated template, a fresh copy for each test."""

import contextlib
import fcntl
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from commands.migrate import upgrade
from core import database
from core.database import Database
from core.embedded_postgres import EmbeddedPostgres

# Nobody's money is in here: what a power cut would lose is worth the seconds.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "4GB"}
TEMPLATE = "template_palabre"


@contextlib.contextmanager
def running_server(run: str) -> Iterator[str]:
    """Yield the address of the server that all workers of the test run `run` share; the last one removes it."""
    folder = Path(tempfile.gettempdir()) / f"palabre-{run}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # as root, the server runs as another account
    embedded = EmbeddedPostgres(folder, settings=FAST)
    url = embedded.start()
    try:
        make_template(url, folder / "template.lock")
        yield url
    finally:
        home = embedded.home
        if embedded.stop():
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)


def make_template(url: str, lock: Path) -> None:
    """Migrate the template once, whichever worker comes first."""
    with lock.open("w") as file, psycopg.connect(url, autocommit=True) as connection:
        fcntl.flock(file, fcntl.LOCK_EX)
        name = sql.Identifier(TEMPLATE)
        if connection.execute("select 1 from pg_database where datname = %s", [TEMPLATE]).fetchone():
            return
        half = sql.Identifier(f"{TEMPLATE}_half")
        connection.execute(sql.SQL("drop database if exists {}").format(half))
        connection.execute(sql.SQL("create database {}").format(half))
        upgrade(address(url, f"{TEMPLATE}_half"))
        connection.execute(sql.SQL("alter database {} rename to {}").format(half, name))


@contextlib.contextmanager
def copied(server: str, template: str = TEMPLATE) -> Iterator[str]:
    """Yield the address of a fresh copy of `template`, dropped afterwards; `template1` is an empty one."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        make = sql.SQL("create database {} template {}")
        connection.execute(make.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield address(server, name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


APPEND_ONLY = ("ledger_entry", "ledger_transaction", "ledger_seal", "audit_entry")


def empty(url: str) -> None:
    """Empty every table of the database at `url`: what `copied` gives, without making a database again."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select table_name from information_schema.tables"
            " where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'alembic_version'"
        ).fetchall()
        asked = " union all ".join(f"select '{name}' where exists (select from {name})" for (name,) in tables)
        used = [name for (name,) in connection.execute(asked.encode()).fetchall()]
        if not used:
            return
        guarded = [name for name in APPEND_ONLY if name in used or name.startswith("ledger")]
        for name in guarded:  # they refuse to forget, except between two tests
            connection.execute(f"alter table {name} disable trigger user".encode())
        connection.execute(f"truncate {', '.join(used)} restart identity cascade".encode())
        for name in guarded:
            connection.execute(f"alter table {name} enable trigger user".encode())


@contextlib.contextmanager
def current(url: str) -> Iterator[Database]:
    """Make the database at `url` this process's own while the block lasts."""
    chosen = database.use_database(url, pool_size=20)
    try:
        yield chosen
    finally:
        chosen.dispose()
        database._current = None


def address(url: str, name: str) -> str:
    """Return `url` with another database's name."""
    return url.replace(f"/{conninfo_to_dict(url)['dbname']}?", f"/{name}?", 1)
