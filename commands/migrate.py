"""`./dev migrate`: bring the database to the present shape, or to another one."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.i18n import t

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

    from commands.parser import Subparsers

ROOT = Path(__file__).parents[1]


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("migrate", help=t("mettre la base à jour"))
    parser.add_argument("--to", metavar="REVISION", default="head", help=t("une autre version que la dernière"))
    parser.add_argument("--down", action="store_true", help=t("redescendre, avec --to (« base » vide tout)"))
    parser.add_argument("--new", metavar="NOM", help=t("écrire la migration de ce qui a changé dans models/"))
    parser.set_defaults(command=run)


def run(arguments: Namespace) -> None:
    """Migrate the database of the settings."""
    from core.embedded_postgres import ensure_running
    from core.settings import get_settings

    url = ensure_running(get_settings())
    if arguments.new:
        create(url, arguments.new)
    elif arguments.down:
        downgrade(url, arguments.to)
    else:
        upgrade(url, arguments.to)
    print(t("Version de la base : {revision}").format(revision=read_revision(url) or "base"))


def upgrade(url: str, to: str = "head") -> None:
    """Bring the database at `url` up to revision `to`; processes that start together wait for the first."""
    from alembic import command

    with _connected(url) as connection:
        command.upgrade(_config(connection), to)


def downgrade(url: str, to: str = "base") -> None:
    """Bring the database at `url` down to revision `to`; what those revisions made is lost."""
    from alembic import command

    with _connected(url) as connection:
        command.downgrade(_config(connection), to)


def check(url: str) -> None:
    """Raise `alembic.util.CommandError` when the tables at `url` are not those of `models`."""
    from alembic import command

    with _connected(url) as connection:
        command.check(_config(connection))


def create(url: str, name: str) -> None:
    """Write a numbered migration with the differences between `models` and the database at `url`."""
    from alembic import command

    with _connected(url) as connection:
        number = len(list((ROOT / "alembic" / "versions").glob("[0-9]*.py"))) + 1
        revision = f"{number:04}_{name.lower().replace(' ', '_')}"
        command.revision(_config(connection), message=name, autogenerate=True, rev_id=revision)


def read_revision(url: str) -> str | None:
    """Return the revision of the database at `url`, None when it is empty."""
    from alembic.migration import MigrationContext

    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _connected(url: str) -> Iterator["Connection"]:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    from core.database import sqlalchemy_url

    with create_engine(sqlalchemy_url(url), poolclass=NullPool).begin() as connection:
        yield connection


def _config(connection: "Connection") -> "Config":
    from alembic.config import Config

    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["connection"] = connection
    return config
