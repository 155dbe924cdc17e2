"""What the acts of `./dev ciu` share: the installation's database, and a rehearsal that keeps nothing."""

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from core.database import Database


class RehearsalOver(Exception):  # noqa: N818  # nothing is wrong
    """A rehearsal ends: what it wrote is undone."""


def undo() -> NoReturn:
    """End a rehearsal from within its transaction."""
    raise RehearsalOver


def open_database() -> "Database":
    """Return the installation's database, its server running."""
    from core.database import use_database
    from core.embedded_postgres import ensure_running
    from core.settings import get_settings

    settings = get_settings()
    return use_database(ensure_running(settings), settings.database_pool_size)
