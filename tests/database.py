"""Real databases for tests: one server, one migrated template, copies for whoever asks."""

import contextlib
import copy
import fcntl
import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from commands.migrate import upgrade
from core import database
from core.database import Database
from core.embedded_postgres import EmbeddedPostgres
from core.embedded_postgres.server import NAME, SUPERUSER

# Nobody's money is in here: what a power cut would lose is worth the seconds.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "4GB"}
ROOT = Path(__file__).parents[1]
LARGE_OCTETS = 4_000_000

_TABLES = (
    "select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
)
_OWN_TABLES = f"{_TABLES} and not relispartition and relname <> 'alembic_version'"


@contextlib.contextmanager
def running_server() -> Iterator[str]:
    """Yield the address of the server that all test processes of this checkout share; the last one stops it.

    Its folder stays, so that the next run finds the template ready and takes over what a killed run left.
    """
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"palabre-tests-{os.getuid()}-{checkout}"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # as root, the server runs as another account
    embedded = EmbeddedPostgres(folder, settings=FAST)
    with embedded as url:
        with (folder / "template.lock").open("w") as lock, psycopg.connect(url, autocommit=True) as connection:
            fcntl.flock(lock, fcntl.LOCK_EX)
            drop_leftovers(connection)
            make_template(url, connection)
        yield url


def template_name() -> str:
    """Return the name of the template of these very migrations."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "alembic").rglob("*.*")):
        if path.suffix in {".py", ".sql"}:
            digest.update(path.read_bytes())
    return f"template_{digest.hexdigest()[:12]}"


def make_template(url: str, connection: psycopg.Connection[Any]) -> None:
    """Migrate a template database, unless it is there."""
    name = template_name()
    if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
        return
    half = f"half_{name}"
    connection.execute(sql.SQL("create database {}").format(sql.Identifier(half)))
    upgrade(address(url, half))
    connection.execute(sql.SQL("alter database {} rename to {}").format(sql.Identifier(half), sql.Identifier(name)))


def drop_leftovers(connection: psycopg.Connection[Any]) -> None:
    """Drop the databases of dead test processes and the templates of other migrations."""
    names = [name for (name,) in connection.execute("select datname from pg_database")]
    for name in names:
        kind, _, rest = name.partition("_")
        is_dead = kind == "test" and not is_alive(int(rest.partition("_")[0]))
        if is_dead or kind == "half" or (kind == "template" and name != template_name()):
            with contextlib.suppress(psycopg.errors.ObjectInUse):
                connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))


def is_alive(pid: int) -> bool:
    """Say whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def copied(server: str, template: str | None = None) -> Iterator[str]:
    """Yield the address of a fresh copy of the migrated template, or of the empty `template1`; it is dropped after."""
    name = f"test_{os.getpid()}_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        make = sql.SQL("create database {} template {}")
        connection.execute(make.format(sql.Identifier(name), sql.Identifier(template or template_name())))
        try:
            yield address(server, name)
        finally:
            # While autovacuum works in it, it stays: the next run drops what a dead process left.
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def broom(url: str) -> psycopg.Connection[Any]:
    """Return a connection that may `empty` the database at `url`."""
    return psycopg.connect(url.replace(f"//{NAME}:", f"//{SUPERUSER}:", 1), autocommit=True)


def empty(connection: psycopg.Connection[Any]) -> None:
    """Empty every table but the list of migrations: rows are deleted, for making files anew takes longer.

    The role of a replica stands above guards and references; a large table is truncated all the same, with those that
    refer to it.
    """
    names = [name for (name,) in connection.execute(_OWN_TABLES)]
    asked = " union all ".join(
        f"select '{name}', pg_relation_size('{name}') > {LARGE_OCTETS} where exists (select from {name})"
        for name in names
    )
    used = connection.execute(asked.encode()).fetchall()
    large = [name for name, is_large in used if is_large]
    statements = [f"truncate {', '.join(large)} cascade"] if large else []
    statements += [f"delete from {name}" for name, is_large in used if not is_large]
    statements += ["select setval(seqrelid::regclass, seqstart, false) from pg_sequence"]
    if used:
        with connection.transaction():
            connection.execute("set local session_replication_role = replica")
            connection.execute("; ".join(statements).encode())


@contextlib.contextmanager
def lent(kept: Database) -> Iterator[Database]:
    """Make a database that is kept from test to test this process's own; connections that never came back go."""
    chosen = copy.copy(kept)
    chosen.engine = kept.engine.execution_options()  # the same connections; what is remembered is remembered by engine
    database._current = chosen
    try:
        yield chosen
    finally:
        database._current = None
        if kept.engine.pool.checkedout():  # type: ignore[attr-defined]  # a queue's
            kept.dispose()


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
