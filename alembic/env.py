"""Runs the migrations on the connection `commands.migrate` gives, or for `alembic` itself on that of the settings."""

import pkgutil
from importlib import import_module
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.types import TypeDecorator

import models
from core.database import sqlalchemy_url
from core.embedded_postgres import ensure_running
from core.settings import get_settings
from models.base import metadata

ONE_AT_A_TIME = 0x70616C61627265  # «palabre», the key of the advisory lock


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write a type of ours as the SQL type beneath it: a migration outlives the application's classes."""
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    beneath = item.impl_instance
    if type(beneath).__module__.startswith("sqlalchemy.dialects.postgresql"):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return f"postgresql.{beneath!r}"
    return f"sa.{beneath!r}"


def migrate(connection: Connection) -> None:
    """Take the lock, so that two processes starting at once migrate once, and run in one transaction."""
    partitions = set(connection.scalars(text("select relname from pg_class where relispartition")))
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_item=render_item,
        include_name=lambda name, kind, _parents: kind != "table" or name not in partitions,
    )
    context.run_migrations()


for module in pkgutil.iter_modules(models.__path__, "models."):
    import_module(module.name)

given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with create_engine(sqlalchemy_url(ensure_running(get_settings()))).begin() as connection:
        migrate(connection)
