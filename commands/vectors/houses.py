"""A world for each dialogue: written once into a template, copied as often as one is asked for."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from commands.vectors import outside, world
from core import clock
from core.database import Database, use_database

CLEANER_STAYS_S = (0.1, 0.4, 1.6)


class Houses:
    """Databases that go away, on one server; `migrated` names the database there whose migrations ran."""

    def __init__(self, server: str, migrated: str, vectors: dict[str, Any], fakes_url: str) -> None:
        self._server = server
        self._migrated = migrated
        self._vectors = vectors
        self._fakes_url = fakes_url
        self._made = 0
        self._template = ""

    @contextmanager
    def __call__(self, own: dict[str, Any] | None) -> Iterator[Database]:
        """Give a database with the world in it, current for this process; a dialogue's `own` part makes it anew."""
        if own:
            with self._copied(self._migrated) as name:
                self._furnish(name, own)
                with self._current(name) as database:
                    yield database
            return
        if not self._template:
            self._template = self._copy(self._migrated)
            self._furnish(self._template, None)
        with self._copied(self._template) as name, self._current(name) as database:
            yield database

    def close(self) -> None:
        """Drop the template."""
        if self._template:
            self._drop(self._template)
            self._template = ""

    def _furnish(self, name: str, own: dict[str, Any] | None) -> None:
        now = datetime.fromisoformat(self._vectors["world"]["now"])
        with clock.travel(now), self._current(name) as database:
            world.build(database, self._vectors, own)
            outside.serve_world(database, self._fakes_url, world.merged(self._vectors, own))

    @contextmanager
    def _current(self, name: str) -> Iterator[Database]:
        before = conninfo_to_dict(self._server)["dbname"]
        database = use_database(self._server.replace(f"/{before}?", f"/{name}?", 1), pool_size=4)
        try:
            yield database
        finally:
            database.dispose()

    @contextmanager
    def _copied(self, template: str) -> Iterator[str]:
        name = self._copy(template)
        try:
            yield name
        finally:
            self._drop(name)

    def _copy(self, template: str) -> str:
        self._made += 1
        name = f"test_{os.getpid()}_house_{self._made}_{id(self)}"
        self._do("create database {} template {} strategy file_copy", name, template)
        return name

    def _drop(self, name: str) -> None:
        """Drop a copy nobody uses any more; a cleaner of the server's own that is in it just then soon leaves."""
        for wait_s in CLEANER_STAYS_S:
            try:
                self._do("drop database {} with (force)", name)
            except psycopg.errors.InsufficientPrivilege:
                time.sleep(wait_s)
            else:
                return
        self._do("drop database {}", name)

    def _do(self, statement: str, *names: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
