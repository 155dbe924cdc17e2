"""The database: one engine and pool a process, and the only place that commits.

Doors open `transaction()` and call one verb. Verbs get its `Session`; hot paths take the psycopg connection beneath it
(`driver`), because a call through the ORM costs several times what PostgreSQL itself needs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Engine, create_engine, event
from sqlmodel import Session

from core.fair_pool import FairPool
from core.settings import get_settings

LOCK_TIMEOUT_MS = 2_000
STATEMENT_TIMEOUT_MS = 5_000

# The role the application works under once the migrations made it: it writes the ledger through its functions only.
_TAKE_ROLE = """
select set_config('role', 'palabre_app', false)
from pg_roles where rolname = 'palabre_app' and pg_has_role(oid, 'member')
"""

_HELD = "held"  # a transaction of a session, and the connection it has

__all__ = ["Database", "Session", "driver", "fetch_all", "fetch_one", "get_database", "keep", "use_database"]


class Database:
    """One PostgreSQL, its pool and its transactions."""

    def __init__(self, url: str, pool_size: int) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            sqlalchemy_url(url),
            poolclass=FairPool,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=3,
            pool_use_lifo=True,  # few at work keep few connections warm, with their statements prepared
            connect_args={
                "options": (
                    f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
                ),
                "application_name": "palabre",
            },
        )
        event.listen(self.engine, "connect", _take_role)

    @contextmanager
    def transaction(self, *, statement_timeout_ms: int | None = None) -> Iterator[Session]:
        """Open one transaction; commit when the block ends, roll back when it raises.

        A job, a file load or an export gives its own `statement_timeout_ms`.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            if statement_timeout_ms is not None:
                driver(session).execute(f"set local statement_timeout = {int(statement_timeout_ms)}")
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    def connect(self) -> psycopg.Connection[Any]:
        """Open a connection of one's own in autocommit, outside the pool: LISTEN, advisory leadership, COPY loads."""
        connection = psycopg.connect(self.url, autocommit=True, application_name="palabre")
        connection.execute(_TAKE_ROLE)
        return connection

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _take_role(connection: psycopg.Connection[Any], _record: object) -> None:
    connection.execute(_TAKE_ROLE)
    connection.commit()


def keep(session: Session) -> None:
    """Commit what is done so far and give the connection back; the next statement opens a new transaction.

    For the two cases where one request is not one transaction: slow work between two steps (hashing a password), and a
    refusal that must leave a trace (a wrong secret is counted).
    """
    session.commit()


def sqlalchemy_url(url: str) -> str:
    """Name the psycopg dialect in a plain `postgresql://` address."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1).replace("postgres://", "postgresql+psycopg://", 1)


def driver(session: Session) -> psycopg.Connection[Any]:
    """Return the psycopg connection of this session's own transaction.

    It is looked up once a transaction; inside a savepoint each time, because the look-up is what sets it.
    """
    transaction = session.get_transaction()
    known, connection = session.info.get(_HELD, (None, None))
    is_usable = transaction is not None and transaction.is_active and not session.in_nested_transaction()
    if known is not transaction or not is_usable:
        connection = session.connection().connection.driver_connection
        session.info[_HELD] = session.get_transaction(), connection
    assert isinstance(connection, psycopg.Connection)  # noqa: S101  # the engine is made above, with this driver
    return connection


def fetch_all(session: Session, query: str, parameters: Any = ()) -> list[dict[str, Any]]:
    """Run a query in the session's transaction and return its rows as dictionaries; ORM changes are flushed first."""
    session.flush()
    with driver(session).cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def fetch_one(session: Session, query: str, parameters: Any = ()) -> dict[str, Any] | None:
    """Run a query and return its first row, or None."""
    session.flush()
    with driver(session).cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchone()


_current: Database | None = None


def get_database() -> Database:
    """Return the database of this process."""
    if _current is None:
        settings = get_settings()
        return use_database(settings.database_url, settings.database_pool_size)
    return _current


def use_database(url: str, pool_size: int = 10) -> Database:
    """Point this process at the database at `url`; the previous pool is closed."""
    global _current  # noqa: PLW0603  # one process, one database
    if _current is not None:
        _current.dispose()
    _current = Database(url, pool_size)
    return _current
